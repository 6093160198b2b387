"""Reads what a fit or a judgement needs: into the driver, but on Spark the buyers stay on the workers, who train."""

import logging
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Protocol

import pyarrow.compute as pc

from santander.engine.memory.budget import JUDGE, LEARNT_FROM
from santander.errors import TooLittleData
from santander.evaluation.month_to_judge import MonthToJudge
from santander.evaluation.slices import GROUP
from santander.lake.lake import Lake
from santander.models.month_weight import MonthWeight
from santander.models.training_set import TrainingData, TrainingSet
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE
from santander.schema.months import Month
from santander.training.drawn import drawn, with_numbers_stood_for
from santander.training.in_pieces import in_pieces
from santander.training.labels import buyers, labels, population

if TYPE_CHECKING:
    from feast import FeatureStore
    from pyspark.sql import DataFrame

    from santander.config.settings import Settings
    from santander.training.distributed import DistributedTrainingSet

log = logging.getLogger(__name__)


class Retrieve(Protocol):
    """Adds the declared features to rows of (customer_id, snapshot_date, ...), as they stood at that date."""

    def __call__(self, rows: "DataFrame", months: Collection[Month] | None = None, /) -> "DataFrame":
        """``months`` are all that the rows are of, where that is known: then nobody has to look."""

    def also(self, families: Collection[str], /) -> "Retrieve":
        """Return the same with the features of these families of a user as well."""


@dataclass(frozen=True)
class _Through:
    store: "FeatureStore"
    families: frozenset[str] = frozenset()

    def __call__(self, rows: "DataFrame", months: Collection[Month] | None = None, /) -> "DataFrame":
        from santander.store.access import retrieve

        return retrieve(self.store, rows, months=months, families=self.families)

    def also(self, families: Collection[str], /) -> "Retrieve":
        return replace(self, families=self.families.union(families))


def through(store: "FeatureStore") -> Retrieve:
    """Retrieval from a Feast store, as of the snapshot date of each row."""
    return _Through(store)


@contextmanager
def training_data(
    settings: "Settings", lake: Lake, retrieve: Retrieve, weights: Mapping[Month, MonthWeight], *, everyone: bool = False
) -> Iterator[TrainingData]:
    """The training data of these months, kept where the engine trains: in the driver, or on the workers until left.

    ``everyone``: whether some of those who added nothing are drawn as well (``drawn.py``).
    """
    if settings.is_embedded:
        yield collect_training_set(lake, retrieve, weights, everyone=everyone)
    else:
        with keep_training_set(settings, lake, retrieve, weights, everyone=everyone) as kept:
            yield kept


def collect_training_set(
    lake: Lake, retrieve: Retrieve, weights: Mapping[Month, MonthWeight], *, everyone: bool = False
) -> TrainingSet:
    """The additions of the given months with their features, and the population they happened in."""
    looked_at, counted, rows = _rows_to_learn_from(lake, retrieve, weights, everyone=everyone)
    found = looked_at.toArrow()
    bought = found.filter(pc.field("added") != 0)
    log.info("training set: %s customers who added something in %d months", f"{bought.num_rows:,}", len(weights))
    others = with_numbers_stood_for(found.filter(pc.field("added") == 0), rows) if everyone else None
    return TrainingSet(bought, counted.toArrow(), dict(weights), others=others)


@contextmanager
def keep_training_set(
    settings: "Settings", lake: Lake, retrieve: Retrieve, weights: Mapping[Month, MonthWeight], *, everyone: bool = False
) -> Iterator["DistributedTrainingSet"]:
    """Keep the rows on the workers of Spark for all fits, and drop them on leaving; raises MissingSlots."""
    from pyspark.sql import functions as F

    from santander.engine.session import slots_of
    from santander.training.barrier import Guard
    from santander.training.distributed import DistributedTrainingSet

    wanted, patience = settings.spark.workers, settings.spark.barrier_wait
    Guard(lake.session, wanted or 1, patience).wait()
    looked_at, population_, rows = _rows_to_learn_from(lake, retrieve, weights, everyone=everyone)
    counted = population_.toArrow()
    kept = looked_at.persist()
    try:
        # counted last: workers of a cluster report to the driver one by one while the first jobs run
        guard = Guard(lake.session, wanted or slots_of(lake.session), patience)
        others = (kept.where(F.col("added") == 0), rows) if everyone else None
        yield DistributedTrainingSet(buyers(kept), counted, dict(weights), guard, others)
    finally:
        kept.unpersist()


def _rows_to_learn_from(
    lake: Lake, retrieve: Retrieve, weights: Mapping[Month, MonthWeight], *, everyone: bool
) -> tuple["DataFrame", "DataFrame", dict[Month, int]]:
    """Return the buyers with their features, and ``everyone`` who is drawn; the population; and the rows of each month."""
    months = sorted(weights)
    customers, features = lake.read_months(CUSTOMERS, months), lake.read_months(FEATURES_TABLE, months)
    labelled, sizes = labels(customers, features), lake.rows_by_month(FEATURES_TABLE)
    rows = {month: sizes[month] for month in months}
    chosen = buyers(labelled, also=drawn(rows)) if everyone else buyers(labelled)
    return retrieve(chosen, months), population(customers, features), rows


def refuse_too_large(lake: Lake, months: Collection[Month]) -> None:
    """Raise OverBudget when the largest of the months to judge, one after the other, does not fit the memory budget."""
    rows = lake.rows_by_month(FEATURES_TABLE)
    if largest := max(months, key=lambda month: rows.get(month, 0), default=None):
        lake.budget.require(JUDGE, rows.get(largest, 0), str(largest))


def refuse_too_large_fit(lake: Lake, fitted: Collection[Month], judged: Month, step: str) -> None:
    """Raise OverBudget when a fit on these months, and the month to judge beside it, do not fit the memory budget."""
    rows = lake.rows_by_month(FEATURES_TABLE)
    holding = replace(JUDGE, step=step).beside(sum(rows.get(month, 0) for month in fitted), LEARNT_FROM)
    lake.budget.require(holding, rows.get(judged, 0), str(judged))


def collect_month(lake: Lake, retrieve: Retrieve, month: Month) -> MonthToJudge:
    """Return the customers of a month who count for MAP@7; on the embedded engine their features are read, once, here.

    Raises TooLittleData when there is none or nobody added anything, OverBudget before anything is read.
    """
    refuse_too_large(lake, [month])
    customers, features = lake.read_months(CUSTOMERS, [month]), lake.read_months(FEATURES_TABLE, [month])
    rows = retrieve(labels(customers, features), [month])
    if not lake.has_workers:
        judged = MonthToJudge.in_driver(month, rows.toArrow())
    else:
        grouped = labels(customers, features, also=GROUP)
        counted = grouped.groupBy(*GROUP).count().withColumnRenamed("count", "customers").toArrow()
        bought = buyers(grouped).select("customer_id", "added", *GROUP).toArrow()
        judged = MonthToJudge(month, bought.sort_by("customer_id"), counted, partial(in_pieces, rows))
    if not judged.customers:
        raise TooLittleData(
            f"month {month} has no customer with products in it and in {month - 1}: nothing can be judged",
            month=month,
            hint=f"ingest {month - 1} and {month}, or choose another with --month",
        )
    if not judged.buyers:
        raise TooLittleData(
            f"none of the {judged.customers:,} customers of {month} added anything: nothing can be judged on it",
            month=month,
            hint="choose another with --month, or more customers",
        )
    return judged
