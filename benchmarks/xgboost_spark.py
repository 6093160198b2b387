"""What training on Spark's workers costs beside a fit in the driver, and beside ``xgboost.spark``: one run, same rows.

python benchmarks/xgboost_spark.py --data-dir data --copies 20 --rounds 10

The additions of the default recipe's months are multiplied by ``--copies`` (with some noise on income, so that rows differ),
written to a scratch file, and fitted in each way on ``local[2]``. Beside the seconds on the clock stand those of the
processor, of this process and all it started, which other work on the machine changes less.
"""

import argparse
import contextlib
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq

from santander.config.settings import Settings
from santander.engine.session import open_session
from santander.lake.lake import Lake
from santander.models.boosted_trees import BoostedTrees, BoostedTreesSettings
from santander.models.month_weight import MonthWeight
from santander.models.training_set import TrainingSet, additions_of
from santander.schema.months import Month
from santander.store.access import open_store
from santander.training.barrier import Guard
from santander.training.collect import collect_training_set, through
from santander.training.distributed import DistributedTrainingSet
from santander.training.labelled import labelled_months
from santander.training.plan import FitName, plan_months
from santander.training.recipe import Recipe

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

WORKERS = 2


def main() -> None:
    """Make the rows, fit in each way, print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", default="data")
    parser.add_argument("--copies", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=10)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        settings = Settings.load(data_dir=given.data_dir, state_dir=f"{scratch}/state", master=f"local[{WORKERS}]")
        with open_session(settings) as session:
            training = multiplied(collected(settings, session), given.copies)
            file = Path(scratch) / "buyers.parquet"
            pq.write_table(training.buyers, file, row_group_size=training.buyers.num_rows // (2 * WORKERS) + 1)
            print(f"{training.buyers.num_rows:,} buyers, {training.counts().sum():,} additions, {given.rounds} rounds")
            measure(session, training, file, Recipe.load("next_products").with_rounds(given.rounds))


def measure(session: "SparkSession", training: TrainingSet, file: Path, recipe: Recipe) -> None:
    """Every way to fit, after one round of each kind that starts workers and warms up the engine."""
    settings = recipe.model_settings
    assert isinstance(settings, BoostedTreesSettings)  # noqa: S101
    rows = session.read.parquet(file.as_uri())
    wide = rows.mapInArrow(expander(settings, training), "label float, weight float, features array<float>")
    short = settings.model_copy(update={"rounds": 1})

    def together(workers: int, frame: "DataFrame", chosen: BoostedTreesSettings) -> None:
        guard = Guard(session, workers, 60.0)
        BoostedTrees.fit(chosen, DistributedTrainingSet(frame, training.population, training.weights, guard))

    together(WORKERS, rows, short)
    estimator(short, 64).fit(wide)
    timed(f"driver, {os.cpu_count()} threads, 64 bins", lambda: BoostedTrees.fit(settings, training))
    timed("driver, 256 bins", lambda: BoostedTrees.fit(settings.model_copy(update={"max_bin": 256}), training))
    timed(f"barrier job, {WORKERS} workers, 64 bins", lambda: together(WORKERS, rows, settings))
    timed("barrier job, 1 worker with 1 thread, 64 bins", lambda: together(1, rows, settings))
    timed(f"xgboost.spark, {WORKERS} workers, 64 bins", lambda: estimator(settings, 64).fit(wide))
    timed(f"xgboost.spark, {WORKERS} workers, 256 bins", lambda: estimator(settings, 256).fit(wide))
    timed("  of it: expand and count labels", lambda: wide.select("label").distinct().count())
    timed("  of it: expand and shuffle", lambda: wide.repartition(WORKERS).write.format("noop").mode("overwrite").save())
    timed(f"xgboost.spark, 1 round, {WORKERS} workers, 64 bins", lambda: estimator(short, 64).fit(wide))
    timed(f"barrier job, 1 round, {WORKERS} workers, 64 bins", lambda: together(WORKERS, rows, short))


def collected(settings: Settings, session: "SparkSession") -> TrainingSet:
    """The rows that the judged fit of the default recipe learns from."""
    lake = Lake(settings, session)
    labelled = labelled_months(lake)
    plan = plan_months(Recipe.load("next_products"), labelled[-1] + 1, labelled)
    judged = next(fit for fit in plan.fits if fit.name is FitName.JUDGED)
    return collect_training_set(lake, through(open_store(settings, lake)), judged.weights)


def multiplied(training: TrainingSet, copies: int) -> TrainingSet:
    """Each customer ``copies`` times over, with another number and another income."""
    draw = np.random.default_rng(0)
    parts = []
    for copy in range(copies):
        part = training.buyers
        number = part.schema.get_field_index("customer_id")
        part = part.set_column(number, "customer_id", pa.array(part["customer_id"].to_numpy() + copy * 10_000_000))
        income = part["household_income"].to_numpy() * draw.normal(1, 0.05, part.num_rows)
        place = part.schema.get_field_index("household_income")
        parts.append(part.set_column(place, "household_income", pa.array(income, mask=np.isnan(income))))
    population = training.population
    counted = population.set_column(
        population.schema.get_field_index("customers"), "customers", pa.array(population["customers"].to_numpy() * copies)
    )
    return TrainingSet(pa.concat_tables(parts), counted, training.weights)


def expander(settings: BoostedTreesSettings, training: TrainingSet) -> Callable[..., Iterator[pa.RecordBatch]]:
    """Feature rows to what ``xgboost.spark`` takes: a row for each addition, with an array of all model columns."""
    plan, products = settings.plan, np.flatnonzero(training.counts() >= settings.min_additions)
    weights: dict[Month, MonthWeight] = dict(training.weights)

    def expand(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            examples = additions_of(pa.Table.from_batches([batch]), weights)
            taken = np.isin(examples.product, products)
            matrix = plan.matrix(examples.buyers)[examples.row[taken]]
            ends = pa.array(np.arange(len(matrix) + 1, dtype=np.int32) * len(plan.names))
            label = np.searchsorted(products, examples.product[taken]).astype(np.float32)
            features = pa.ListArray.from_arrays(ends, pa.array(matrix.ravel()))
            arrays = [pa.array(label), pa.array(examples.weight[taken]), features]
            yield pa.RecordBatch.from_arrays(arrays, names=["label", "weight", "features"])

    return expand


def estimator(settings: BoostedTreesSettings, bins: int) -> Any:
    """The estimator of ``xgboost.spark`` with the same settings."""
    from xgboost.spark import SparkXGBClassifier

    return SparkXGBClassifier(
        features_col="features", label_col="label", weight_col="weight", num_workers=WORKERS, tree_method="hist",
        n_estimators=settings.rounds, max_depth=settings.max_depth, learning_rate=settings.eta, max_bin=bins, verbose=False,
    )  # fmt: skip


def timed(name: str, fit: Callable[[], object]) -> None:
    """Run it and print seconds on the clock, of the processor, and the load of the machine."""
    clock = time.perf_counter()
    with Processor() as processor:
        fit()
    clock = time.perf_counter() - clock
    print(f"{name:50s} {clock:6.1f} s {processor.seconds:6.1f} s of the processor   load {os.getloadavg()[0]:.1f}", flush=True)


class Processor(threading.Thread):
    """Adds up the processor's seconds of this process and all it starts, while the block runs."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._before, self._now = self._look(), dict[int, float]()
        self._over = threading.Event()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()

    def run(self) -> None:
        """Look four times a second: a worker that ends takes its count with it."""
        while not self._over.wait(0.25):
            self._now |= self._look()
        self._now |= self._look()

    @property
    def seconds(self) -> float:
        """What was used since the block began."""
        return sum(used - self._before.get(pid, 0.0) for pid, used in self._now.items())

    @staticmethod
    def _look() -> dict[int, float]:
        found = {}
        own = psutil.Process()
        for process in [own, *own.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                found[process.pid] = sum(process.cpu_times()[:2])
        return found


if __name__ == "__main__":
    sys.exit(main())
