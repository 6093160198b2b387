"""Pictures of two versions side by side, drawn on axes that a notebook gives."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from santander.evaluation.by_product import ProductFigures
from santander.evaluation.calibration import CalibrationBin
from santander.evaluation.drawing import BASELINE_COLOUR, GUIDE_COLOUR, MODEL_COLOUR, readable
from santander.evaluation.resampling import PairedDifference, SliceDifference

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_differences(axes: "Axes", names: Sequence[str], differences: Sequence[PairedDifference | SliceDifference]) -> None:
    """For each name the relative difference with its 95 % interval; right of the line the contender is better."""
    place = np.arange(len(names))[::-1]
    middle = np.array([each.relative for each in differences])
    below = middle - [each.relative_lower for each in differences]
    above = np.array([each.relative_upper for each in differences]) - middle
    axes.axvline(0, color=GUIDE_COLOUR, linewidth=1, linestyle="--")
    axes.errorbar(middle, place, xerr=np.maximum([below, above], 0), fmt="o", color=MODEL_COLOUR, capsize=4)
    axes.set_yticks(place, names)
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.xaxis.set_major_formatter(lambda share, _: f"{100 * share:+.3g}%")
    axes.set_xlabel("Relative difference in MAP@7, contender less holder, with 95 % interval")


def draw_products(
    axes: "Axes", holder: Sequence[ProductFigures], contender: Sequence[ProductFigures], names: tuple[str, str]
) -> None:
    """For each product added, what both lost of the ceiling on its additions."""
    added = [pair for pair in zip(holder, contender, strict=True) if pair[0].additions]
    pairs = sorted(added, key=lambda pair: pair[1].lost)
    place = np.arange(len(pairs))
    axes.barh(place + 0.2, [other.lost for _, other in pairs], height=0.4, color=MODEL_COLOUR, label=names[1])
    axes.barh(place - 0.2, [one.lost for one, _ in pairs], height=0.4, color=BASELINE_COLOUR, label=names[0])
    axes.set_yticks(place, [f"{readable(one.product)} ({one.additions:,})" for one, _ in pairs])
    axes.set_xlabel("MAP@7 lost on additions of the product (additions in brackets)")
    axes.legend(loc="lower right", frameon=False)


def draw_calibration(
    axes: "Axes", holder: Sequence[CalibrationBin], contender: Sequence[CalibrationBin], names: tuple[str, str]
) -> None:
    """Chance given against share that happened, of both."""
    axes.plot([0, 1], [0, 1], color=GUIDE_COLOUR, linewidth=1, linestyle="--", label="as it should be")
    for bins, colour, line, name in ((holder, BASELINE_COLOUR, "s-.", names[0]), (contender, MODEL_COLOUR, "o-", names[1])):
        axes.plot([each.chance for each in bins], [each.happened for each in bins], line, color=colour, label=name)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_xlabel("Chance given to the product")
    axes.set_ylabel("Share of additions that were of the product")
    axes.legend(loc="upper left", frameon=False)
