"""Pictures of a judgement: what the model looks at, which products it finds, whether its probabilities hold."""

from typing import TYPE_CHECKING

import numpy as np

from santander.evaluation.judgement import Judgement
from santander.features.expansion import ColumnGroup, bits_of
from santander.models.recommender import Recommender

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MODEL_COLOUR, BASELINE_COLOUR, GUIDE_COLOUR = "#1f5a8a", "#c9a66b", "#888888"
COLUMNS_SHOWN = 25
BINS = 10


def draw(model: Recommender, judgement: Judgement) -> dict[str, "Figure"]:
    """The plots by name; importance only for a kind that knows it."""
    plots = {"recall_by_product": recall_by_product(judgement), "calibration": calibration(judgement)}
    if importance := model.importance():
        plots["importance"] = importance_of_columns(importance)
    return plots


def importance_of_columns(importance: dict[str, float]) -> "Figure":
    """The columns that took away most of the loss, as shares of all."""
    largest = sorted(importance.items(), key=lambda item: item[1])[-COLUMNS_SHOWN:]
    figure, axes = _axes(height=1.0 + 0.26 * len(largest))
    axes.barh([_readable(name) for name, _ in largest], [share for _, share in largest], color=MODEL_COLOUR)
    axes.set_title(f"The {len(largest)} columns that matter most")
    axes.set_xlabel("share of the loss taken away by splits on the column")
    return figure


def recall_by_product(judgement: Judgement) -> "Figure":
    """For each product added in the month, the share of its additions that stood in the list."""
    evaluation = judgement.evaluation
    added = sorted((p for p in evaluation.products if p.additions), key=lambda p: p.additions)
    figure, axes = _axes(height=1.2 + 0.34 * max(len(added), 1))
    place = np.arange(len(added))
    axes.barh(place + 0.2, [p.recall or 0 for p in added], height=0.4, color=MODEL_COLOUR, label="model")
    axes.barh(place - 0.2, [p.baseline_recall or 0 for p in added], height=0.4, color=BASELINE_COLOUR, label="baseline")
    axes.set_yticks(place, [f"{p.product.replace('_', ' ')} ({p.additions:,})" for p in added])
    axes.set_xlim(0, 1)
    axes.set_xlabel("share of the additions that stood in the list of seven")
    axes.set_title(f"Recall by product, {evaluation.month} (additions in brackets)")
    axes.legend(loc="lower right", frameon=False)
    return figure


def calibration(judgement: Judgement) -> "Figure":
    """Among additions: the probability given to a product against how often it was the one added.

    Scores are divided by their sum over the products, so a kind that scores among all customers is shown alike.
    """
    chance, happened = additions_by_chance(judgement)
    figure, axes = _axes(height=5.0)
    axes.plot([0, 1], [0, 1], color=GUIDE_COLOUR, linewidth=1, linestyle="--", label="as it should be")
    axes.plot(chance, happened, color=MODEL_COLOUR, marker="o", label="model")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_xlabel("probability given to the product, mean of the bin")
    axes.set_ylabel("share of additions that were of the product")
    axes.set_title(f"Calibration among additions, {judgement.evaluation.month}")
    axes.legend(loc="upper left", frameon=False)
    return figure


def additions_by_chance(judgement: Judgement) -> tuple[list[float], list[float]]:
    """Mean probability and observed share of each of ten equally wide bins of probability that is not empty."""
    row, product = np.nonzero(bits_of(judgement.judged.added))
    scores = np.nan_to_num(judgement.scores[row].astype(np.float64))
    total = scores.sum(axis=1, keepdims=True)
    chance = np.divide(scores, total, out=np.zeros_like(scores), where=total > 0)
    was_added = np.zeros(chance.shape, dtype=np.bool_)
    was_added[np.arange(len(product)), product] = True
    bin_of = np.minimum((chance * BINS).astype(np.int64), BINS - 1)
    filled = [b for b in range(BINS) if (bin_of == b).any()]
    return [float(chance[bin_of == b].mean()) for b in filled], [float(was_added[bin_of == b].mean()) for b in filled]


def _axes(height: float) -> tuple["Figure", "Axes"]:
    """A figure that belongs to no window system."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, height), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _readable(column: str) -> str:
    """``months_held.taxes`` as ``taxes: months held``."""
    group, _, product = column.partition(".")
    words = "held the month before" if group == ColumnGroup.LAG_1_BITS else group.replace("_", " ")
    return f"{product.replace('_', ' ')}: {words}" if product else words
