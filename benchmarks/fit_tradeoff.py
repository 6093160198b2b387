"""What a fit of 24 classes may cost, and what MAP@7 it buys: a grid of ways to boost, judged on months ahead.

python benchmarks/fit_tradeoff.py --data-dir data --rows scratch/rows --seconds 150

``--rows`` keeps what was collected from the lake (a few ten megabytes), so that later calls need no engine. Finished fits lie
in ``fit_tradeoff.json`` below ``--results`` and are not made again: call it until nothing is left. A fit is begun only
within ``--seconds``. Months with products are judged by their buyers; the month delivered without them by the chances
of the synthetic bank, so the benchmark needs one. Costs are seconds of the processor: other work changes those less
than the clock's. One fit gives a point for every number of rounds on the way.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import psutil
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from santander.ablate.ablate import hidden_of
from santander.config.settings import Settings
from santander.engine.session import open_session
from santander.evaluation.buyers import BuyersOfMonth, buyers_of_month
from santander.evaluation.oracle import HiddenMonth
from santander.features.expansion import integers
from santander.lake.lake import Lake
from santander.models.additions import RowWeight, examples_of
from santander.models.boosted_trees import BoostedTreesSettings
from santander.models.classes import Classes, Rare
from santander.models.groups import GroupStart
from santander.models.month_weight import ALIKE
from santander.models.ranking import Ranks, top_products
from santander.models.training_set import TrainingSet, in_months
from santander.schema.months import Month
from santander.store.access import open_store
from santander.training.collect import collect_training_set, through
from santander.training.labelled import labelled_months
from santander.training.recipe import MonthsBefore

BEFORE = {
    "columns": ["profile", "season", "history_counts", "lag_1_bits", "months_held"],
    "rounds": 50, "max_depth": 6, "eta": 0.15, "max_bin": 64, "min_additions": 20,
}  # fmt: skip
"""The default recipe as it was when the grid was made: what all else is measured against."""
LATELY = ["profile", "season", "history_counts", "held_lately"]
MONTHS = (MonthsBefore(**{"from": 1, "to": 5}), MonthsBefore(**{"from": 12, "to": 12}))
HIDDEN, GATE, EARLIER = Month(2016, 6), Month(2016, 5), Month(2016, 4)
ROUNDS_SHOWN = (10, 15, 20, 25, 30, 40, 50)
MONTH_ROWS = 930_000
WITHOUT_GAIN = (
    "is_resident", "country", "left_during_month", "is_deceased", "is_foreign_born", "income_imputed", "months_known",
    "relation_type_last", "is_woman", "relation_type", "was_active", "employment_status", "relation_kind",
    *(f"{group}.{product}" for group in ("lag_1_bits", "months_held") for product in (
        "savings_account", "guarantees", "derivatives", "medium_term_deposit", "loan", "home_account", "mortgage",
        "pension_plan", "short_term_deposit", "junior_account")),
)  # fmt: skip
"""Columns of the default recipe that took away less than about 0.05 % of the loss each."""


@dataclass(frozen=True)
class Way:
    """A way to boost: settings laid over those before, xgboost's own parameters beyond them, whether groups are the start."""

    name: str
    settings: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    groups: bool = False
    dropped: tuple[str, ...] = ()
    known: bool = True
    """Whether what is unknown stays NaN; else it is -1, and xgboost takes its path for rows without gaps."""
    months: tuple[Month, ...] = (GATE, HIDDEN)

    @cached_property
    def trained(self) -> BoostedTreesSettings:
        """The settings."""
        return BoostedTreesSettings(**{**BEFORE, **self.settings})


ALL = (EARLIER, GATE, HIDDEN)
QUICK: dict[str, Any] = {"eta": 0.3, "rounds": 20}
MULTI = {"multi_strategy": "multi_output_tree"}
STEADY = {"max_delta_step": 1.0}
GRID = (
    Way("before: eta 0.15", months=ALL),
    Way("groups, held lately, steady, eta 0.5", {**QUICK, "columns": LATELY, "eta": 0.5}, STEADY, groups=True, months=ALL),
    Way("groups, held lately, steady", {**QUICK, "columns": LATELY}, STEADY, groups=True, months=ALL),
    Way("groups, held lately, steady, eta 0.4", {**QUICK, "columns": LATELY, "eta": 0.4}, STEADY, groups=True, months=ALL),
    Way("eta 0.3", QUICK, months=ALL),
    Way("eta 0.3, groups", QUICK, groups=True),
    Way("eta 0.3, held lately", {**QUICK, "columns": LATELY}),
    Way("groups, held lately", {**QUICK, "columns": LATELY}, groups=True, months=ALL),
    Way("groups, held lately, steady, depth 5", {**QUICK, "columns": LATELY, "max_depth": 5}, STEADY, groups=True),
    Way("groups, held lately, steady, depth 8", {**QUICK, "columns": LATELY, "max_depth": 8}, STEADY, groups=True),
    Way("groups, held lately, steady, no NaN", {**QUICK, "columns": LATELY}, STEADY, groups=True, known=False),
    Way("groups, held lately, multi-output trees", {**QUICK, "columns": LATELY}, MULTI, groups=True),
    Way("eta 0.3, depth 4", {**QUICK, "max_depth": 4}),
    Way("eta 0.3, multi-output trees", QUICK, MULTI),
    Way("eta 0.3, 256 bins", {**QUICK, "max_bin": 256}),
    Way("eta 0.3, 128 bins", {**QUICK, "max_bin": 128}),
    Way("eta 0.3, half the rows a round", {**QUICK, "subsample": 0.5}),
    Way("eta 0.3, half the columns a tree", {**QUICK, "colsample_bytree": 0.5}),
    Way("eta 0.3, 31 leaves, best first", {**QUICK, "max_depth": 8}, {"grow_policy": "lossguide", "max_leaves": 31}),
    Way("eta 0.3, columns without gain dropped", QUICK, dropped=WITHOUT_GAIN),
    Way("eta 0.3, rare pooled below 2,000", {**QUICK, "min_additions": 2000, "rare": Rare.POOLED}),
    Way("eta 0.3, leaves of 10", {**QUICK, "min_child_weight": 10.0}),
)


@dataclass(frozen=True)
class Point:
    """A way after some rounds: processor seconds to fit and to predict a month of 930,000, and MAP@7 of the month judged."""

    way: str
    month: str
    rounds: int
    fit: float
    predict: float
    trees: int
    leaves: int
    columns: int
    map7: float
    best: float
    """Oracle of the month where it is known, else its ceiling."""


def main() -> None:
    """Fit what is left of the grid, write the table and the plot."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", default="data")
    parser.add_argument("--rows", type=Path, required=True, help="folder for the rows that were collected")
    parser.add_argument("--results", type=Path, default=Path(__file__).parent / "results")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no fit after so many seconds")
    parser.add_argument("--ways", default="", help="only ways with this in their names")
    given = parser.parse_args()
    given.results.mkdir(exist_ok=True)
    file, end = given.results / "fit_tradeoff.json", time.monotonic() + given.seconds
    rows = Rows(given.rows, given.data_dir)
    wanted = [(way, month) for month in reversed(ALL) for way in GRID if month in way.months and given.ways in way.name]
    for way, month in wanted:
        if any((point.way, point.month) == (way.name, str(month)) for point in read(file)):
            continue
        if time.monotonic() > end:
            print("fits are left: call again")
            break
        found = list(measured(way, rows, month))
        # read again: another call may have added to it
        points = [*read(file), *found]
        file.write_text(json.dumps([asdict(point) for point in points], indent=0))
        last = points[-1]
        print(f"{way.name} on {month}: {last.map7:.6f} after {last.rounds} rounds, {last.fit:.1f} s", flush=True)
    points = read(file)
    (given.results / "fit_tradeoff.md").write_text(table(points))
    draw(points, given.results / "fit_tradeoff.svg")


def read(file: Path) -> list[Point]:
    """The points that are there."""
    return [Point(**point) for point in json.loads(file.read_text())] if file.exists() else []


class Rows:
    """What is learned from and judged by, from the folder or else from the lake."""

    def __init__(self, folder: Path, data_dir: str) -> None:
        self._folder = folder
        if not (folder / "chances.npy").exists():
            folder.mkdir(parents=True, exist_ok=True)
            self._collect(data_dir)
        self._buyers, self._population = (pq.read_table(folder / f"{name}.parquet") for name in ("buyers", "population"))
        self.months = sorted({Month.of(date) for date in pc.unique(self._buyers["snapshot_date"]).to_pylist()})

    def training(self, month: Month) -> TrainingSet:
        """What the recipe's fit for a month learns from."""
        weights = {month - back: ALIKE for part in MONTHS for back in range(part.first, part.last + 1)}
        weights = {each: weights[each] for each in sorted(weights) if each in self.months}
        return TrainingSet(in_months(self._buyers, weights), in_months(self._population, weights), weights)

    def judged(self, month: Month) -> BuyersOfMonth | HiddenMonth:
        """Whom a fit for a month is judged by."""
        if month == HIDDEN:
            return HiddenMonth(month, pq.read_table(self._folder / "hidden.parquet"), np.load(self._folder / "chances.npy"))
        return buyers_of_month(TrainingSet(self.buyers(month), self._population, {month: ALIKE}), month)

    def buyers(self, month: Month) -> pa.Table:
        """Who added something in a month, in order of customer."""
        return in_months(self._buyers, [month]).sort_by("customer_id")

    def _collect(self, data_dir: str) -> None:
        settings = Settings.load(data_dir=data_dir, state_dir=str(self._folder / "state"))
        with open_session(settings) as session:
            lake = Lake(settings, session)
            retrieve = through(open_store(settings, lake))
            wanted = {month - back for month in ALL for part in MONTHS for back in range(part.first, part.last + 1)} | {*ALL}
            months = [month for month in labelled_months(lake) if month in wanted]
            training = collect_training_set(lake, retrieve, dict.fromkeys(months, ALIKE))
            hidden = hidden_of(settings, lake, retrieve, HIDDEN)
        if hidden is None:
            raise SystemExit(f"{settings.data / 'raw'} has no chances of a synthetic bank for {HIDDEN}")
        for name, kept in (("buyers", training.buyers), ("population", training.population), ("hidden", hidden.rows)):
            pq.write_table(kept, self._folder / f"{name}.parquet")
        np.save(self._folder / "chances.npy", hidden.chances)


def measured(way: Way, rows: Rows, month: Month) -> Iterator[Point]:
    """Fit, and judge after every number of rounds shown."""
    import xgboost

    training, judged, settings = rows.training(month), rows.judged(month), way.trained
    classes = Classes.of(training.counts(), settings.min_additions, settings.rare)
    prior, plan = training.shares(), settings.plan
    start = GroupStart.of(training.population, training.weights) if way.groups else None
    kept = [position for position, name in enumerate(plan.names) if name not in way.dropped]
    train, seconds = processor_seconds(), Rounds()
    additions = training.additions()
    examples = examples_of(additions, plan, classes, RowWeight.ADDITION)
    row = additions.row[classes.labels(additions.product) >= 0]
    matrix = xgboost.QuantileDMatrix(
        columns(examples.matrix, kept, way),
        label=examples.label,
        weight=examples.weight,
        base_margin=None if start is None else start.margins(additions.buyers, classes)[row],
        max_bin=settings.max_bin,
        nthread=training.threads,
    )
    parameters = {**settings.parameters("multi:softprob", "mlogloss"), "num_class": len(classes), "nthread": training.threads}
    told = seconds.told(train)
    booster = xgboost.train({**parameters, **way.parameters}, matrix, num_boost_round=settings.rounds, callbacks=[told])
    whole = judged.rows if isinstance(judged, HiddenMonth) else rows.buyers(month)
    ahead = columns(plan.matrix(whole), kept, way)
    owned = integers(whole, "owned", unknown=0)
    margins = None if start is None else start.margins(whole, classes)
    predicted, before = 0.0, 0
    for rounds in (each for each in ROUNDS_SHOWN if each <= settings.rounds):
        begun = processor_seconds()
        # margins of some rounds are where the next rounds begin: no tree is walked twice
        margins = booster.inplace_predict(ahead, iteration_range=(before, rounds), predict_type="margin", base_margin=margins)
        margins = np.ascontiguousarray(margins)
        predicted, before = predicted + processor_seconds() - begun, rounds
        grown = booster[:rounds].get_dump()
        # a margin orders products as the chance does, but a pooled chance is shared out
        scores = classes.scores(softmax(margins), prior)
        yield Point(
            way=way.name,
            month=str(month),
            rounds=rounds,
            fit=seconds.until[rounds],
            predict=predicted * MONTH_ROWS / len(ahead),
            trees=len(grown),
            leaves=sum(tree.count("leaf=") for tree in grown),
            columns=len(kept),
            map7=map7(judged, top_products(scores, owned, prior)),
            best=judged.oracle if isinstance(judged, HiddenMonth) else judged.ceiling,
        )


def columns(matrix: npt.NDArray[np.float32], kept: list[int], way: Way) -> npt.NDArray[np.float32]:
    """The columns that a way sees."""
    seen = np.ascontiguousarray(matrix[:, kept]) if len(kept) < matrix.shape[1] else matrix
    return seen if way.known else np.nan_to_num(seen, nan=-1.0)


def softmax(margins: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Chances from margins."""
    chances = np.exp(margins - margins.max(axis=1, keepdims=True))
    return np.asarray(chances / chances.sum(axis=1, keepdims=True), dtype=np.float32)


def map7(judged: BuyersOfMonth | HiddenMonth, ranks: Ranks) -> float:
    """MAP@7 of lists, as the model behind them would have it."""
    return judged.map7(_Lists(ranks))  # type: ignore[arg-type]


@dataclass(frozen=True)
class _Lists:
    """Stands for a model whose lists are there."""

    ranks: Ranks

    def score(self, _rows: pa.Table) -> None:
        """Nothing: the lists are made."""

    def rank(self, _rows: pa.Table, _scores: None) -> Ranks:
        """The lists."""
        return self.ranks


class Rounds:
    """Processor seconds until each round was done."""

    def __init__(self) -> None:
        self.until: dict[int, float] = {}

    def told(self, begun: float) -> Any:
        """A callback for xgboost; ``begun`` is the reading at the beginning."""
        import xgboost

        until = self.until

        class Told(xgboost.callback.TrainingCallback):
            def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:  # noqa: ARG002  (xgboost's signature)
                until[epoch + 1] = processor_seconds() - begun
                return False

        return Told()


def processor_seconds() -> float:
    """Of this process, all threads."""
    times = psutil.Process().cpu_times()
    return float(times.user + times.system)


def table(points: list[Point]) -> str:
    """A row for each way: its last rounds, MAP@7 in each month against the recipe before."""
    lines = [
        "# What a fit costs and what it buys",
        "",
        "Processor seconds of a fit (columns, bins, boosting) and of predicting 930,000 customers, two threads. MAP@7 of months",
        "ahead as a share of the ceiling (2016-06: of the oracle, expected by the chances of the bank), and its change against",
        "the default recipe as it was, 50 rounds of the first row. By `python benchmarks/fit_tradeoff.py`; all points are in",
        "`fit_tradeoff.json`, drawn in `fit_tradeoff.svg`.",
        "",
        "| way | rounds | columns | trees | leaves | fit s | predict s | 2016-04 | 2016-05 | 2016-06 |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    by = {(p.way, p.rounds, p.month): p for p in points}
    before = {str(month): by.get((GRID[0].name, BEFORE["rounds"], str(month))) for month in ALL}
    for way in GRID:
        for rounds in sorted({p.rounds for p in points if p.way == way.name and p.rounds >= 15}):
            here = {str(month): by.get((way.name, rounds, str(month))) for month in ALL}
            shown = here[str(HIDDEN)] or here[str(GATE)]
            if shown is None:
                continue
            gains = " | ".join(gain(here[month], before[month]) for month in here)
            cost = f"{shown.columns} | {shown.trees:,} | {shown.leaves:,} | {shown.fit:.1f} | {shown.predict:.1f}"
            lines.append(f"| {way.name} | {rounds} | {cost} | {gains} |")
    return "\n".join(lines) + "\n"


def gain(point: Point | None, before: Point | None) -> str:
    """MAP@7 as a share of the best, and its change against before."""
    if point is None or before is None:
        return ""
    return f"{point.map7 / point.best:.4f} ({100 * (point.map7 / before.map7 - 1):+.2f} %)"


def draw(points: list[Point], file: Path) -> None:
    """Loss of MAP@7 over seconds to fit, and over seconds to predict, a line for each way along its rounds."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(2, 2, figsize=(13, 10), sharey="row", layout="constrained")
    axis: Callable[[Point], float]
    for line, month in enumerate((GATE, HIDDEN)):
        here = [p for p in points if p.month == str(month)]
        reference = next((p.map7 for p in here if p.way == GRID[0].name and p.rounds == BEFORE["rounds"]), None)
        if reference is None:
            continue
        for place, (cost, axis) in enumerate((("fit", lambda p: p.fit), ("predict 930,000", lambda p: p.predict))):
            shown = axes[line, place]
            for number, way in enumerate(GRID):
                own = [p for p in here if p.way == way.name]
                if not own:
                    continue
                style = {"color": plt.colormaps["tab20"](number % 20), "marker": "os^D"[number % 4], "markersize": 4}
                bold = number < 2  # the default recipe as it was, and as it is at 15 rounds
                values = [100 * (p.map7 / reference - 1) for p in own]
                shown.plot([axis(p) for p in own], values, label=way.name, linewidth=2.5 if bold else 1, **style)
            shown.axhline(0, color="grey", linewidth=0.8)
            shown.axhline(-0.1, color="grey", linewidth=0.8, linestyle=":")
            shown.set_ylim(-1.5, 0.3)
            shown.set_xlabel(f"processor seconds to {cost}")
            shown.set_title(f"{month}")
        axes[line, 0].set_ylabel("MAP@7 against the recipe before, %")
    named = {label: line for each in axes.flat for line, label in zip(*each.get_legend_handles_labels(), strict=True)}
    figure.legend(named.values(), named.keys(), loc="outside lower center", ncols=3, frameon=False, fontsize=8)
    figure.savefig(file)
    plt.close(figure)


if __name__ == "__main__":
    main()
