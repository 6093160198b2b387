"""Pictures of a judgement: what the model looks at, what it finds and loses, for whom, whether its chances hold."""

from typing import TYPE_CHECKING

import numpy as np

from santander.evaluation.drawing import BASELINE_COLOUR, GUIDE_COLOUR, MODEL_COLOUR, new_axes, readable
from santander.evaluation.judgement import Evaluation, Judgement
from santander.evaluation.product_plots import lost_by_product, recall_by_product
from santander.features.expansion import ColumnGroup
from santander.models.recommender import Recommender

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS_SHOWN = 25


def draw(model: Recommender, judgement: Judgement) -> dict[str, "Figure"]:
    """The plots by name; importance only for a kind that knows it."""
    evaluation = judgement.evaluation
    plots = {
        "recall_by_product": recall_by_product(evaluation),
        "lost_by_product": lost_by_product(evaluation),
        "slices": by_slice(evaluation),
        "calibration": calibration(judgement),
    }
    if importance := model.importance():
        plots["importance"] = importance_of_columns(importance)
    return plots


def importance_of_columns(importance: dict[str, float]) -> "Figure":
    """The columns that took away most of the loss, as shares of all."""
    largest = sorted(importance.items(), key=lambda item: item[1])[-COLUMNS_SHOWN:]
    figure, axes = new_axes(height=1.0 + 0.26 * len(largest))
    axes.barh([column_title(name) for name, _ in largest], [share for _, share in largest], color=MODEL_COLOUR)
    axes.set_title(f"The {len(largest)} columns that matter most")
    axes.set_xlabel("share of the loss taken away by splits on the column")
    return figure


def by_slice(evaluation: Evaluation) -> "Figure":
    """MAP@7 of everybody, each segment and the new customers as a share of their own ceiling."""
    everybody = ("everybody", evaluation.customers, evaluation.buyers, evaluation.map7, evaluation.baseline, evaluation.ceiling)
    parts = [(s.segment, s.customers, s.buyers, s.map7, s.baseline, s.ceiling) for s in evaluation.slices if s.buyers]
    rows = [row for row in (everybody, *parts) if row[5]][::-1]
    figure, axes = new_axes(height=1.4 + 0.55 * max(len(rows), 1))
    place = np.arange(len(rows))
    for offset, column, colour, label in ((0.2, 3, MODEL_COLOUR, "model"), (-0.2, 4, BASELINE_COLOUR, "baseline")):
        shares = [float(row[column]) / row[5] for row in rows]
        bars = axes.barh(place + offset, shares, height=0.38, color=colour, label=label)
        axes.bar_label(bars, fmt="%.3f", padding=3, fontsize=8)
    axes.set_yticks(place, [f"{name}\n{customers:,} customers, {buyers:,} buyers" for name, customers, buyers, *_ in rows])
    axes.set_xlim(0, 1.08)
    axes.set_xlabel("MAP@7 as a share of the ceiling of the same customers")
    axes.set_title(f"For whom the model is good, {evaluation.month}")
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def calibration(judgement: Judgement) -> "Figure":
    """Among additions: the chance given to a product against how often it was the one added; large dots hold many pairs."""
    bins = judgement.calibration
    figure, axes = new_axes(height=5.0)
    axes.plot([0, 1], [0, 1], color=GUIDE_COLOUR, linewidth=1, linestyle="--", label="as it should be")
    chance, happened = [each.chance for each in bins], [each.happened for each in bins]
    axes.plot(chance, happened, color=MODEL_COLOUR, linewidth=1)
    axes.scatter(chance, happened, s=[20 + 8 * np.log1p(each.pairs) for each in bins], color=MODEL_COLOUR, label="model")
    for each in bins:
        axes.annotate(f"{each.pairs:,}", (each.chance, each.happened), (6, -10), textcoords="offset points", fontsize=8)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_xlabel("chance given to the product, mean of the bin (the figure at a dot counts its pairs)")
    axes.set_ylabel("share of additions that were of the product")
    error = judgement.calibration_error
    told = "" if error is None else f", expected error {error:.4f}"
    axes.set_title(f"Calibration among additions, {judgement.evaluation.month}{told}")
    axes.legend(loc="upper left", frameon=False)
    return figure


def column_title(column: str) -> str:
    """``months_held.taxes`` as ``taxes: months held``."""
    group, _, product = column.partition(".")
    words = "held the month before" if group == ColumnGroup.LAG_1_BITS else readable(group)
    return f"{readable(product)}: {words}" if product else words
