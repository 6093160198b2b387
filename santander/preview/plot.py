"""The picture of a preview: for each feature how its values lie, and the lift of the products that it tells most of."""

from typing import TYPE_CHECKING

from santander.preview.preview import FeaturePreview, Preview
from santander.preview.relation import NULL

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_HEIGHT, _WIDTH = 2.9, 10.5
"""Inches of a feature, and of the picture."""


def draw(preview: Preview, products: int, features: int) -> "Figure":
    """Return a figure with a row of axes for each of the first ``features`` features and ``products`` lines at most in each."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    shown = preview.features[:features]
    figure = Figure(figsize=(_WIDTH, _HEIGHT * len(shown) + 0.4), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(f"Family {preview.family}, {preview.month}: {preview.rows:,} rows, a row for each {preview.entity}")
    for (left, right), feature in zip(figure.subplots(len(shown), 2, squeeze=False), shown, strict=True):
        for axes in (left, right):
            axes.spines[["top", "right"]].set_visible(False)
            axes.set_xlabel(feature.name.replace("_", " "))
        _draw_customers(left, feature)
        _draw_lifts(right, feature, products)
    return figure


def _draw_customers(axes: "Axes", feature: FeaturePreview) -> None:
    if not feature.bins:
        return _say(axes, "no additions are known in this month")
    axes.bar(range(len(feature.bins)), feature.customers, color="#1f5a8a")
    axes.set_ylabel("customers")
    axes.yaxis.set_major_formatter("{x:,.0f}")
    return _name_bins(axes, feature)


def _draw_lifts(axes: "Axes", feature: FeaturePreview, products: int) -> None:
    if not feature.products:
        return _say(axes, "no product has enough additions")
    known = len(feature.bins) - (feature.bins[-1] == NULL)
    axes.axhline(1, color="#888888", linewidth=1, linestyle="--")
    for relation in feature.products[:products]:
        lifts = [float("nan") if lift is None else lift for lift in relation.lifts]
        label = f"{relation.product.replace('_', ' ')} ({relation.additions:,})"
        (line,) = axes.plot(range(known), lifts[:known], marker="o", label=label)
        axes.plot(range(known, len(lifts)), lifts[known:], marker="o", color=line.get_color())  # null is next to no value
    axes.set_ylabel("lift (1 = as all)")
    axes.set_ylim(bottom=0)
    axes.legend(title="product (additions)", fontsize=7, title_fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5))
    return _name_bins(axes, feature)


def _name_bins(axes: "Axes", feature: FeaturePreview) -> None:
    axes.set_xticks(range(len(feature.bins)), [each.replace(" to ", " to\n") for each in feature.bins], fontsize=7)
    axes.set_xlim(-0.6, len(feature.bins) - 0.4)


def _say(axes: "Axes", text: str) -> None:
    axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes)
    axes.set_xticks([])
    axes.set_yticks([])
