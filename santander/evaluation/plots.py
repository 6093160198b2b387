"""Pictures of a judgement: what the model looks at, what it finds and loses, for whom, whether its chances hold."""

from typing import TYPE_CHECKING

import numpy as np

from santander.evaluation.by_product import ProductFigures
from santander.evaluation.chance_plots import chances_that_hold
from santander.evaluation.drawing import (
    BASELINE_COLOUR,
    BASELINE_RANK_COLOURS,
    GUIDE_COLOUR,
    MODEL_COLOUR,
    RANK_COLOURS,
    new_axes,
    readable,
)
from santander.evaluation.judgement import Evaluation, Judgement
from santander.models.family_columns import Families
from santander.models.recommender import Recommender
from santander.schema.column_groups import ColumnGroup

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS_SHOWN = 25


def draw(model: Recommender, judgement: Judgement, at_least: int) -> dict[str, "Figure"]:
    """The plots by name; importance only for a kind that knows it, chances for a model that gives any.

    ``at_least`` is how many additions a product must have to be drawn by itself among the chances.
    """
    evaluation = judgement.evaluation
    plots = {
        "recall_by_product": recall_by_product(evaluation),
        "lost_by_product": lost_by_product(evaluation),
        "slices": by_slice(evaluation),
        "calibration": calibration(judgement),
    }
    if judgement.chances is not None and evaluation.chances is not None:
        plots["chances"] = chances_that_hold(evaluation.month, judgement.chances, evaluation.chances, at_least)
    if importance := model.importance():
        plots["importance"] = importance_of_columns(importance, model.families)
    return plots


def importance_of_columns(importance: dict[str, float], families: Families) -> "Figure":
    """The columns that took away most of the loss, as shares of all."""
    largest = sorted(importance.items(), key=lambda item: item[1])[-COLUMNS_SHOWN:]
    figure, axes = new_axes(height=1.0 + 0.26 * len(largest))
    axes.barh([column_title(name, families) for name, _ in largest], [share for _, share in largest], color=MODEL_COLOUR)
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
    """Among additions: the share of the scores given to a product against how often it was the one added (not its chance)."""
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
    error_shown = "" if error is None else f", expected error {error:.4f}"
    axes.set_title(f"Calibration among additions, {judgement.evaluation.month}{error_shown}")
    axes.legend(loc="upper left", frameon=False)
    return figure


def column_title(column: str, families: Families) -> str:
    """``months_held.taxes`` as ``taxes: months held``, a feature of a user's family as ``activity: months active``."""
    if (family := next((name for name, facts in families.items() if column in facts.features), None)) is not None:
        return f"{readable(family)}: {readable(column)}"
    group, _, product = column.partition(".")
    words = "held the month before" if group == ColumnGroup.LAG_1_BITS else readable(group)
    return f"{readable(product)}: {words}" if product else words


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
