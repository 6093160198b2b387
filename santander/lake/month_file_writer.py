"""Tasks of the engine, and how they write the files of a monthly table (santander/lake/month_files.py).

Each task is sent all of the work and does its own stretch, one piece after the other.
"""

import json
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from santander.lake.month_files import MonthFile, below, name_of_file
from santander.schema.catalogue import PARTITION, Table
from santander.schema.months import Month
from santander.schema.types import file_schema
from santander.storage.places import Place, size_of, whole_file

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

ROWS_OF_A_GROUP = 65_536
"""Rows of a month that are gathered before they are written; a batch of more is one row group as it is. No setting: what a step
holds, and so when it is refused for the memory budget, was measured with it (santander/engine/memory/budget.py)."""
MOST_WAITING = 1_000_000
"""Rows of all months that may wait, as in a file whose months are mixed; then the longest queue is written. No setting, for the
same reason."""

_REPEATING = frozenset({"string", "date", "int", "smallint"})
"""Types whose columns hold few distinct values. Keys and amounts do not: a dictionary of them costs more than it saves."""
_FAR_RIGHT = "holdings"
"""Readers of a commit's statistics stop at the 32nd column of a table: that of this one is looked up in the files."""


MONTH_FILE_SCHEMA = pa.schema(
    [
        ("part", pa.string()),
        ("month", pa.string()),
        ("rows", pa.int64()),
        ("size", pa.int64()),
        ("least_key", pa.int64()),
        ("greatest_key", pa.int64()),
        ("nulls", pa.string()),
    ]
)


def as_batch(files: Iterable[MonthFile]) -> pa.RecordBatch:
    """The files as rows of MONTH_FILE_SCHEMA, as a task returns them."""
    return pa.RecordBatch.from_pylist([asdict(file) for file in files], schema=MONTH_FILE_SCHEMA)


class MonthFileWriter:
    """Writes the rows of one task, a file for each month, below ``folder``; left by an error it leaves no file.

    Text columns may come as dictionaries, which go to the file as they are.
    """

    def __init__(self, table: Table, folder: Place) -> None:
        self.part = uuid.uuid4().hex
        self._folder = folder
        self._key = table.key[0]
        declared = [(name, type_) for name, type_ in table.columns if name != PARTITION]
        self._schema = file_schema(declared)
        self._dictionaries = [name for name, type_ in declared if type_ in _REPEATING]
        self._open = ExitStack()
        self._waiting: dict[Month, list[pa.RecordBatch]] = {}
        self._writers: dict[Month, pq.ParquetWriter] = {}
        self._keys: dict[Month, list[tuple[int, int]]] = {}
        self._rows: dict[Month, int] = {}
        self._nulls: dict[Month, Counter[str]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: "TracebackType | None") -> None:
        self._open.__exit__(kind, error, trace)

    def write(self, rows: pa.RecordBatch) -> None:
        """Take rows with the table's columns, of any months, in the order in which a file is to hold them."""
        for month, batch in _by_month(rows):
            self._waiting.setdefault(month, []).append(batch.select(self._schema.names))
            if self._n_waiting(month) >= ROWS_OF_A_GROUP:
                self._flush(month)
        if sum(map(self._n_waiting, self._waiting)) > MOST_WAITING:
            self._flush(max(self._waiting, key=self._n_waiting))

    def finish(self) -> list[MonthFile]:
        """Write what waits and give every file its name."""
        for month in list(self._waiting):
            self._flush(month)
        self._open.close()
        return [self._described(month) for month in sorted(self._writers)]

    def _n_waiting(self, month: Month) -> int:
        return sum(batch.num_rows for batch in self._waiting.get(month, ()))

    def _flush(self, month: Month) -> None:
        # a row group has one dictionary for each column
        rows = pa.Table.from_batches(self._waiting.pop(month)).unify_dictionaries().combine_chunks().cast(self._schema)
        if month not in self._writers:
            self._writers[month] = self._writer(month)
        self._writers[month].write_table(rows, row_group_size=max(1, rows.num_rows))
        extremes = pc.min_max(rows[self._key])
        self._keys.setdefault(month, []).append((extremes["min"].as_py(), extremes["max"].as_py()))
        self._rows[month] = self._rows.get(month, 0) + rows.num_rows
        self._nulls.setdefault(month, Counter()).update({name: rows[name].null_count for name in rows.column_names})

    def _writer(self, month: Month) -> pq.ParquetWriter:
        file = self._open.enter_context(whole_file(self._place(month)))
        settings: dict[str, Any] = {"use_dictionary": self._dictionaries, "store_schema": False}
        settings["write_statistics"] = [name for name in (self._key, _FAR_RIGHT) if name in self._schema.names]
        return self._open.enter_context(pq.ParquetWriter(file, self._schema, compression="snappy", **settings))

    def _described(self, month: Month) -> MonthFile:
        least, greatest = zip(*self._keys[month], strict=True)
        size, nulls = size_of(self._place(month)), json.dumps(self._nulls[month])
        return MonthFile(self.part, str(month), self._rows[month], size, min(least), max(greatest), nulls)

    def _place(self, month: Month) -> Place:
        return below(self._folder, name_of_file(self.part, month))


def _by_month(rows: pa.RecordBatch) -> Iterator[tuple[Month, pa.RecordBatch]]:
    dates = rows.column(rows.schema.get_field_index(PARTITION))
    found = pc.unique(dates)
    for date in found:
        mine = rows if len(found) == 1 else rows.filter(pc.equal(dates, date))
        yield Month.of(date.as_py()), mine


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
