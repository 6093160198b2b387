"""Work given to tasks of the engine: each task is sent all of it and does its own stretch, one piece after the other."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pyarrow as pa

from santander.lake.month_file_writer import MONTH_FILE_SCHEMA, as_batch
from santander.lake.month_files import MonthFile

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

W = TypeVar("W")
"""A piece of work, which has to be picklable."""


def stretches(items: Sequence[W], sizes: Sequence[int], n: int) -> list[list[W]]:
    """Cut the items, in order, into at most ``n`` stretches of about the same size."""
    ends = np.cumsum(sizes)
    middles = ends - np.asarray(sizes) / 2
    of_item = np.minimum(middles * n // max(1, ends[-1]), n - 1)
    cut = [[item for item, k in zip(items, of_item, strict=True) if k == stretch] for stretch in range(n)]
    return [stretch for stretch in cut if stretch]


def in_tasks(
    session: "SparkSession",
    work: Sequence[W],
    tasks: int,
    do: Callable[[Iterator[W]], Iterator[pa.RecordBatch]],
    schema: pa.Schema,
) -> "DataFrame":
    """Run ``do`` over ``work`` in at most ``tasks`` parallel tasks; return the batches it yields as a DataFrame of ``schema``."""
    from pyspark.sql.pandas.types import from_arrow_schema

    def of_task(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return do(work[position] for batch in batches for position in batch.column(0).to_pylist())

    positions = session.range(0, len(work), 1, numPartitions=min(tasks, len(work)))
    return positions.mapInArrow(of_task, from_arrow_schema(schema))


def write_in_tasks(
    session: "SparkSession", work: Sequence[W], tasks: int, write: Callable[[Iterator[W]], Iterable[MonthFile]]
) -> list[MonthFile]:
    """Run ``write`` over ``work`` in tasks and return the files that they wrote, which no table names yet."""

    def of_task(pieces: Iterator[W]) -> Iterator[pa.RecordBatch]:
        yield as_batch(write(pieces))

    return [MonthFile(**row) for row in in_tasks(session, work, tasks, of_task, MONTH_FILE_SCHEMA).toArrow().to_pylist()]
