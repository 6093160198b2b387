"""A picture of whether chances hold: the chance given against the share that happened, of all products and of the larger ones."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from santander.evaluation.chance_groups import ChanceGroup
from santander.evaluation.chance_slope import Z_95
from santander.evaluation.drawing import GUIDE_COLOUR, MODEL_COLOUR, new_axes, readable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from santander.evaluation.chance_figures import ChanceFigures
    from santander.evaluation.judged_chances import JudgedChances
    from santander.schema.months import Month

COLUMNS = 4
_Figures = npt.NDArray[np.float64]


def chances_that_hold(month: "Month", judged: "JudgedChances", figures: "ChanceFigures", at_least: int) -> "Figure":
    """Draw all products large, and each with at least so many additions small, on one scale."""
    groups, products = judged.groups(), judged.larger_products(at_least)
    least = min((each.expected / each.pairs for some in (groups, *products.values()) for each in some), default=0.1)
    rows = -(-len(products) // COLUMNS)
    figure, axes = new_axes(height=5.6 + 2.3 * rows)
    axes.remove()
    grid = figure.add_gridspec(1 + rows, COLUMNS, height_ratios=[5.6, *[2.3] * rows])
    everybody = figure.add_subplot(grid[0, :])
    _draw(everybody, groups, least, size=5)
    of_all = figures.calibration
    slope = "" if of_all.slope is None else f", slope {of_all.slope:.2f} ({of_all.slope_low:.2f} to {of_all.slope_high:.2f})"
    everybody.set_title(f"Chances at the level of {month}, all products{slope}")
    everybody.set_xlabel("chance given, mean of the group, scaled by product to the additions of the month")
    everybody.set_ylabel("share that was added, with its 95 % interval")
    everybody.legend(loc="upper left", frameon=False)
    additions = {part.name: part.calibration.additions for part in figures.products}
    for place, (product, its) in enumerate(products.items()):
        small = figure.add_subplot(grid[1 + place // COLUMNS, place % COLUMNS], sharex=everybody, sharey=everybody)
        _draw(small, its, least, size=2.5)
        small.set_title(f"{readable(product)} ({additions[product]:,})", fontsize=9)
        small.tick_params(labelsize=7)
    return figure


def _draw(axes: "Axes", groups: tuple[ChanceGroup, ...], least: float, size: float) -> None:
    """Dots with their intervals on logarithmic scales; what nobody added has no dot, only the upper part of its interval."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    pairs, expected, happened = np.array([[g.pairs, g.expected, g.happened] for g in groups]).reshape(-1, 3).T
    chance, share = expected / pairs, happened / pairs
    low, high = _wilson(share, pairs)
    ends = (float(10 ** np.floor(np.log10(least))), 1.0)
    axes.set_xscale("log")
    axes.set_yscale("log", nonpositive="clip")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.15g} %"))
        axis.set_minor_formatter(NullFormatter())
    axes.plot(ends, ends, color=GUIDE_COLOUR, linewidth=1, linestyle="--", label="as it should be")
    axes.vlines(chance, low, high, color=MODEL_COLOUR, linewidth=size / 4)
    axes.plot(chance, share, "o", color=MODEL_COLOUR, markersize=size, label="a twentieth of the additions expected")
    axes.set_xlim(ends)
    axes.set_ylim(ends)
    axes.spines[["top", "right"]].set_visible(False)


def _wilson(share: _Figures, n: _Figures) -> tuple[_Figures, _Figures]:
    """Return the ends of the 95 % interval of shares of ``n``. Source: E. Wilson, Probable inference (1927)."""
    z2 = Z_95**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z_95 / (1 + z2 / n) * np.sqrt(share * (1 - share) / n + z2 / (4 * n**2))
    return middle - half, middle + half
