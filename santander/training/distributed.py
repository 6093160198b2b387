"""Training on the workers of Spark: the rows stay where they are, the workers grow one booster together.

A barrier stage gives every worker its share of the buyers, and xgboost's own collective joins the workers: bins and histograms
are those of all rows. Why not ``xgboost.spark`` itself: docs/adr/0009-distributed-training.md.
"""

import logging
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from santander.config.machine import cores
from santander.engine.session import cores_of_a_slot
from santander.errors import SantanderError, telling_line
from santander.models.boosting import Boosting
from santander.models.month_weight import MonthWeight
from santander.models.progress import Progress, no_progress
from santander.models.training_set import (
    Everyone,
    TrainingData,
    TrainingSet,
    additions_counted,
    additions_of,
    buyers_by_month,
    everyone_of,
    in_months,
    shares_counted,
)
from santander.schema.counting import counted
from santander.schema.months import Month
from santander.schema.types import arrow_schema
from santander.training.barrier import Guard
from santander.training.drawn import drawn, with_numbers_stood_for
from santander.training.in_pieces import in_pieces

if TYPE_CHECKING:
    import xgboost
    from pyspark.sql import DataFrame

log = logging.getLogger(__name__)

TRACKER_TIMEOUT = 300
"""Seconds in which all workers must have met; they do so at once, after each has read its rows. No setting: slots that are
missing are waited for before, by spark.barrier_wait, and only a worker that hangs meets this limit."""

_REPLY = (
    ("worker", "int"),
    ("position", "int"),
    ("host", "string"),
    ("examples", "bigint"),
    ("seconds", "double"),
    ("booster", "binary"),
)
"""What a worker answers: its share and time, and the boosters, which are the same on all, from the first: one a row."""

_REPLY_COLUMNS = ", ".join(f"{name} {type_}" for name, type_ in _REPLY)
_Batches = Iterable[pa.RecordBatch]
_MeetingPoint = Mapping[str, str | int]


class TrainingFailed(SantanderError):
    """A worker could not go on; says why."""

    def __init__(self, message: str) -> None:
        super().__init__(f"training on the workers failed: {message}")


@dataclass(frozen=True)
class DistributedTrainingSet:
    """Training data whose buyers are a frame on the cluster; only counts and finished boosters come to the driver."""

    buyers: "DataFrame"
    """A row: one customer in one month with additions, as in ``TrainingSet``."""
    population: pa.Table
    weights: Mapping[Month, MonthWeight]
    guard: Guard
    others: "tuple[DataFrame, Mapping[Month, int]] | None" = None
    """Customers who added nothing, drawn by ``drawn.py``, and the rows of each month that they were drawn from."""

    @property
    def place(self) -> str:
        """Number of workers that train together."""
        return f"spark, {counted(self.guard.workers, 'worker')}"

    def of_months(self, weights: Mapping[Month, MonthWeight]) -> "DistributedTrainingSet":
        """The part that lies in the given months, with their weights."""
        from pyspark.sql import functions as F

        within = F.col("snapshot_date").isin([month.snapshot for month in weights])
        others = None if self.others is None else (self.others[0].where(within), self.others[1])
        population = in_months(self.population, weights)
        return DistributedTrainingSet(self.buyers.where(within), population, dict(weights), self.guard, others)

    def everyone(self) -> Everyone | None:
        """Return buyers and others in the driver, of many buyers a share: what is held there does not grow with the months."""
        if self.others is None:
            return None
        others, rows = self.others
        bought = buyers_by_month(self.population)
        buyers = with_numbers_stood_for(self.buyers.where(drawn(bought)).toArrow(), bought)
        return everyone_of(buyers, with_numbers_stood_for(others.toArrow(), rows), self.population, self.weights)

    def counts(self) -> npt.NDArray[np.int64]:
        """Number of additions of each product (24)."""
        return additions_counted(self.population)

    def shares(self) -> npt.NDArray[np.float64]:
        """For each product (24) the share of customer-months in which it was added."""
        return shares_counted(self.population)

    def example(self, rows: int) -> pa.Table:
        """Some buyers with their features."""
        return self.buyers.limit(rows).toArrow()

    def in_driver(self) -> TrainingSet:
        """The additions in the driver: some hundred thousand rows for years of a large bank."""
        return TrainingSet(self.buyers.toArrow(), self.population, self.weights)

    def apply(self, do: Callable[[pa.Table], pa.Table]) -> pa.Table:
        """Apply a function to the buyers on the workers; only what it makes comes to the driver."""
        return in_pieces(self.buyers, do)

    def boost(self, boosting: Boosting, validation: TrainingData | None, progress: Progress) -> list["xgboost.Booster"]:
        """Grow boosters on all workers; raises MissingSlots when they cannot all run.

        The customer's number decides on which worker a row is, so the same rows on as many workers give the same boosters.
        """
        if validation is not None and not isinstance(validation, DistributedTrainingSet):
            raise TypeError(f"validation rows lie in {validation.place}, training rows in {self.place}")
        rows = self.buyers if validation is None else self.buyers.unionByName(validation.buyers)
        share = _Share(boosting, self.weights, None if validation is None else validation.weights, arrow_schema(rows.dtypes))
        from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]
        from pyspark.errors import PySparkException

        threads = cores_of_a_slot(self.guard.session)
        log.info("training on %s, threads each: %d, additions: %s", self.place, threads, f"{self.counts().sum():,}")

        def together() -> list[Any]:
            parts = rows.repartition(self.guard.workers, "customer_id")
            with _tracker(self.guard) as meeting_point:
                replies = parts.mapInArrow(_worker(share, threads, meeting_point), _REPLY_COLUMNS, barrier=True)
                return replies.collect()

        try:
            replies = sorted(self.guard.run(together))
        except (Py4JJavaError, PySparkException) as error:
            raise TrainingFailed(telling_line(error)) from error
        for reply in (reply for reply in replies if reply.position == 0):
            log.info("worker %d on %s: %s additions, %.1f s", reply.worker, reply.host, f"{reply.examples:,}", reply.seconds)
        import xgboost

        boosters = [xgboost.Booster(model_file=bytearray(reply.booster)) for reply in replies if reply.worker == 0]
        for booster in boosters:
            booster.set_param({"nthread": cores()})
        progress(sum(booster.num_boosted_rounds() for booster in boosters), boosting.most_rounds, None)
        return boosters


@dataclass(frozen=True)
class _Share:
    """What a worker does with its part of the rows; it is sent to the worker."""

    boosting: Boosting
    weights: Mapping[Month, MonthWeight]
    watched: Mapping[Month, MonthWeight] | None
    schema: pa.Schema

    def rows(self, batches: _Batches) -> pa.Table:
        """The rows of this worker, of which there may be none."""
        return pa.Table.from_batches(
            [pa.RecordBatch.from_arrays(batch.columns, schema=self.schema) for batch in batches], self.schema
        )

    def grow(self, rows: pa.Table, threads: int) -> tuple[list["xgboost.Booster"], int]:
        """The boosters of all workers, and how many examples this one had."""
        training = additions_of(in_months(rows, self.weights), self.weights)
        validation = None if self.watched is None else additions_of(in_months(rows, self.watched), self.watched)
        return self.boosting.grow(training, validation, threads, no_progress), len(training.product)


def _worker(share: _Share, threads: int, meeting_point: _MeetingPoint) -> Callable[[_Batches], Iterator[pa.RecordBatch]]:
    def grow_with_the_others(batches: _Batches) -> Iterator[pa.RecordBatch]:
        from pyspark import BarrierTaskContext
        from xgboost.collective import CommunicatorContext

        task = BarrierTaskContext.get()
        number, rows = task.partitionId(), share.rows(batches)
        # the tracker's patience begins when the first worker calls it: nobody calls before all have read their rows
        task.barrier()
        started = time.monotonic()
        with CommunicatorContext(**meeting_point, dmlc_task_id=str(number)):
            boosters, examples = share.grow(rows, threads)
        saved = [bytes(booster.save_raw("ubj")) for booster in boosters] if number == 0 else [None]
        facts = {"worker": number, "host": socket.gethostname(), "examples": examples, "seconds": time.monotonic() - started}
        replies = [{**facts, "position": position, "booster": one} for position, one in enumerate(saved)]
        yield pa.RecordBatch.from_pylist(replies, schema=arrow_schema(_REPLY))

    return grow_with_the_others


@contextmanager
def _tracker(guard: Guard) -> Iterator[_MeetingPoint]:
    """Return where the workers of a fit meet: a port of the driver, at the address they know the driver by."""
    from xgboost.tracker import RabitTracker

    host = socket.gethostbyname(guard.session.conf.get("spark.driver.host") or "localhost")
    # numbered by task, so that the first worker of the stage is the first of the collective
    tracker = RabitTracker(n_workers=guard.workers, host_ip=host, sortby="task", timeout=TRACKER_TIMEOUT)
    tracker.start()
    try:
        yield tracker.worker_args()
    finally:
        tracker.free()
