"""Pictures of single products: at which rank their additions were found, and what they cost of the ceiling."""

from typing import TYPE_CHECKING

import numpy as np

from santander.evaluation.by_product import ProductFigures
from santander.evaluation.drawing import BASELINE_COLOUR, BASELINE_RANK_COLOURS, MODEL_COLOUR, RANK_COLOURS, new_axes, readable
from santander.evaluation.judgement import Evaluation

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RANKS = ((0, 1, "rank 1"), (1, 2, "rank 2"), (2, 3, "rank 3"), (3, 7, "rank 4 to 7"))
"""Places in the list that are shown together: from, up to and without, name."""


def recall_by_product(evaluation: Evaluation) -> "Figure":
    """For each product added in the month, the share of its additions that stood in the list, parted by rank.

    The upper bar of each pair is the model's, the lower one that of the baseline.
    """
    added = sorted((p for p in evaluation.products if p.additions), key=lambda p: p.additions)
    figure, axes = new_axes(height=1.9 + 0.4 * max(len(added), 1))
    _found(axes, added, [p.found_at for p in added], +0.21, RANK_COLOURS, "model")
    _found(axes, added, [p.baseline_found_at for p in added], -0.21, BASELINE_RANK_COLOURS, "baseline")
    axes.set_yticks(np.arange(len(added)), [f"{readable(p.product)} ({p.additions:,})" for p in added])
    axes.set_xlim(0, 1)
    axes.set_xlabel("share of the additions of the product; what is white stood in no list of seven")
    axes.set_title(f"At which rank additions were found, {evaluation.month} (additions in brackets)")
    figure.legend(loc="outside lower center", ncols=len(RANKS), frameon=False, fontsize=8)
    return figure


def _found(
    axes: "Axes",
    added: list[ProductFigures],
    found: list[tuple[int, ...]],
    offset: float,
    colours: tuple[str, ...],
    whose: str,
) -> None:
    place = np.arange(len(added)) + offset
    left = np.zeros(len(added))
    for (first, end, name), colour in zip(RANKS, colours, strict=True):
        share = np.array([sum(at[first:end]) / p.additions for p, at in zip(added, found, strict=True)])
        axes.barh(place, share, left=left, height=0.38, color=colour, label=f"{whose}, {name}")
        left += share


def lost_by_product(evaluation: Evaluation) -> "Figure":
    """Draw the part of the distance to the ceiling that each product's additions account for."""
    lost = sorted((p for p in evaluation.products if p.additions), key=lambda p: p.lost)
    figure, axes = new_axes(height=1.4 + 0.34 * max(len(lost), 1))
    place = np.arange(len(lost))
    axes.barh(place + 0.2, [p.lost for p in lost], height=0.4, color=MODEL_COLOUR, label="model")
    axes.barh(place - 0.2, [p.baseline_lost for p in lost], height=0.4, color=BASELINE_COLOUR, label="baseline")
    axes.set_yticks(place, [readable(p.product) for p in lost])
    axes.set_xlabel("MAP@7 lost on additions of the product")
    distance = evaluation.ceiling - evaluation.map7
    axes.set_title(f"Where the {distance:.6f} between ceiling and MAP@7 lie, {evaluation.month}")
    axes.legend(loc="lower right", frameon=False)
    return figure
