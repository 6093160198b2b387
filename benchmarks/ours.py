"""Our own steps in one process, for figures that mean the step alone: ``python benchmarks/ours.py STEP --data-dir …``.

Each calls what the command line calls. Prints one JSON object.

months        the months that the default recipe is fitted on
training_set  the rows of those months through Feast and by a plain equi-join, in turns, on the same session; writes them
model         fits the booster that ours and the peers score with, and writes its files
score         the month's recommendations by that booster
fit           the default recipe's fit beside ``xgboost.train`` on the matrix in memory, and its scoring of the month beside the
              booster's predict on the matrix in memory, in turns
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from santander.config.settings import Settings
    from santander.lake.lake import Lake
    from santander.training.plan import MonthPlan
    from santander.training.recipe import Recipe

COMMON: dict[str, Any] = {
    "columns": ["profile", "season", "history_counts", "lag_1_bits", "months_held"],
    "rounds": 50,
    "max_depth": 6,
    "eta": 0.15,
    "min_additions": 20,
}
"""Settings of the booster that everyone scores with."""


def main() -> None:
    """Run the step that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=["months", "training_set", "model", "score", "fit"])
    parser.add_argument("--data-dir", required=True)
    parser.add_argument("--month", required=True)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--model", type=Path, help="folder of the booster")
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    from santander.config.settings import Settings
    from santander.engine.session import open_session
    from santander.lake.lake import Lake

    settings = Settings.load(data_dir=asked.data_dir)
    with open_session(settings) as session:
        lake = Lake(settings, session)
        steps: dict[str, Callable[[], dict[str, Any]]] = {
            "months": lambda: {"months": [str(month) for month in _plan(lake, asked.month)[1].months]},
            "training_set": lambda: _training_set(settings, lake, asked.month, asked.out, asked.repeats),
            "model": lambda: _common_model(settings, lake, asked.month, asked.out),
            "score": lambda: _score(settings, lake, asked.month, asked.model),
            "fit": lambda: _fit(settings, lake, asked.month, asked.repeats),
        }
        print(json.dumps(steps[asked.step]()))


def _plan(lake: "Lake", target: str) -> "tuple[Recipe, MonthPlan]":
    from santander.config.settings import Settings
    from santander.schema.months import Month
    from santander.training.labelled import labelled_months
    from santander.training.plan import plan_months
    from santander.training.recipe import Recipe

    recipe = Recipe.load(Settings.load().training.recipe)
    return recipe, plan_months(recipe, Month.parse(target), labelled_months(lake))


def _in_turns(repeats: int, **steps: Callable[[], Any]) -> tuple[dict[str, float], dict[str, Any]]:
    """Median seconds of each step, after one turn that does not count, and what each gave last."""
    taken: dict[str, list[float]] = {name: [] for name in steps}
    given: dict[str, Any] = {}
    for turn in range(repeats + 1):
        for name in list(steps) if turn % 2 else list(steps)[::-1]:
            started = time.monotonic()
            given[name] = steps[name]()
            if turn:
                taken[name].append(time.monotonic() - started)
    return {name: statistics.median(seconds) for name, seconds in taken.items()}, given


def _training_set(settings: "Settings", lake: "Lake", target: str, out: Path, repeats: int) -> dict[str, Any]:
    import pyarrow.parquet as pq
    from pyspark.sql import functions as F

    from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE
    from santander.schema.features import FEATURE_NAMES
    from santander.store.access import open_store
    from santander.training.collect import through
    from santander.training.labels import KEY, buyers, labels

    store = open_store(settings, lake)
    months = _plan(lake, target)[1].months
    retrieve = through(store)

    def through_feast() -> Any:
        rows = buyers(labels(lake.read_months(CUSTOMERS, months), lake.read_months(FEATURES_TABLE, months)))
        return retrieve(rows, months).toArrow()

    def equi_join() -> Any:
        features = lake.read_months(FEATURES_TABLE, months)
        asked = buyers(labels(lake.read_months(CUSTOMERS, months), features)).alias("asked")
        same_key = [F.col(f"asked.{name}") == F.col(f"features.{name}") for name in KEY]
        joined = asked.join(features.alias("features"), on=same_key, how="left")
        chosen = [F.col(f"asked.{name}") for name in (*KEY, "added")] + [F.col(f"features.{name}") for name in FEATURE_NAMES]
        return joined.select(*chosen).toArrow()

    seconds, given = _in_turns(repeats, through_feast=through_feast, equi_join=equi_join)
    rows = given["through_feast"].select(["customer_id", "snapshot_date", "added", *FEATURE_NAMES])
    pq.write_table(rows, out)
    return {**seconds, "rows": rows.num_rows}


def _common_model(settings: "Settings", lake: "Lake", target: str, out: Path) -> dict[str, Any]:
    """Fit the booster that everyone scores with: it starts by itself, so the peers need its file and names of columns alone."""
    from santander.models.boosted_trees import BoostedTrees, BoostedTreesSettings
    from santander.store.access import open_store
    from santander.training.collect import collect_training_set, through

    weights = _plan(lake, target)[1].fits[-1].weights
    training = collect_training_set(lake, through(open_store(settings, lake)), weights)
    out.mkdir(parents=True, exist_ok=True)
    BoostedTrees.fit(BoostedTreesSettings(**COMMON), training).save(out)
    return {"rows": training.buyers.num_rows}


def _score(settings: "Settings", lake: "Lake", target: str, folder: Path) -> dict[str, Any]:
    from santander.models.boosted_trees import BoostedTrees
    from santander.schema.months import Month
    from santander.scoring.batch import Scoring, score_month
    from santander.store.access import open_store

    started = time.monotonic()
    rows = score_month(lake, open_store(settings, lake), Scoring(BoostedTrees.load(folder), 1, Month.parse(target)))
    return {"seconds": time.monotonic() - started, "rows": sum(rows.values())}


def _fit(settings: "Settings", lake: "Lake", target: str, repeats: int) -> dict[str, Any]:
    """The default recipe: its fit beside ``xgboost.train``, then its scoring beside the booster's predict."""
    import pyarrow as pa
    import xgboost

    from santander.models.boosted_trees import BoostedTrees
    from santander.models.kinds import settings_of
    from santander.schema.catalogue import FEATURES_TABLE
    from santander.schema.features import FEATURE_NAMES
    from santander.schema.months import Month
    from santander.scoring.batch import Scoring, score_month
    from santander.store.access import open_store
    from santander.training.collect import collect_training_set, through

    store = open_store(settings, lake)
    recipe, plan = _plan(lake, target)
    chosen: Any = settings_of(recipe.model, recipe.settings)
    training = collect_training_set(lake, through(store), plan.fits[-1].weights)
    model = BoostedTrees.fit(chosen, training)
    additions = training.additions()
    classes = model.classes.labels(additions.product)
    row, label, weight = additions.row[classes >= 0], classes[classes >= 0], additions.weight[classes >= 0]
    matrix = model.plan.matrix(additions.buyers)[row]
    margins = None if model.start is None else model.start.margins(additions.buyers, model.classes)[row]
    parameters = {
        **chosen.parameters("multi:softprob", "mlogloss"), "num_class": len(model.classes), "nthread": os.cpu_count(),
    }  # fmt: skip

    def bare_train() -> Any:
        rows = xgboost.QuantileDMatrix(matrix, label=label, weight=weight, base_margin=margins, max_bin=parameters["max_bin"])
        return xgboost.train(parameters, rows, num_boost_round=model.rounds)

    fits, _ = _in_turns(repeats, fit=lambda: BoostedTrees.fit(chosen, training), bare_train=bare_train)
    month = Month.parse(target)
    features: pa.Table = lake.read_months(FEATURES_TABLE, [month]).select("customer_id", *FEATURE_NAMES).toArrow()
    columns = model.plan.matrix(features)
    begin = None if model.start is None else model.start.margins(features, model.classes)
    scores, _ = _in_turns(
        repeats,
        scoring=lambda: score_month(lake, store, Scoring(model, 1, month)),
        # a DMatrix keeps what was predicted of it, so only its first prediction costs anything, and more than this
        bare_predict=lambda: model.booster.inplace_predict(columns, base_margin=begin),
    )
    return {**fits, **scores, "rows": len(label)}


if __name__ == "__main__":
    main()
