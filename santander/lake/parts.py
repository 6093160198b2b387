"""A text file in order of a key, written in parts by the tasks that have its rows; the driver joins the bytes."""

import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, BinaryIO

import pyarrow as pa

from santander.engine.pieces import together
from santander.errors import SantanderError
from santander.storage.places import Place, open_read, whole_file

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Write = Callable[[Iterable[pa.Table], BinaryIO], int]
"""Writes some rows in order and returns how many lines it wrote."""

_PART = pa.schema([("name", pa.string()), ("first", pa.int64()), ("last", pa.int64()), ("lines", pa.int64())])
_BLOCK = 1 << 20


def write_in_parts(path: Place, header: bytes, rows: "DataFrame", write: Write, folder: Place) -> int:
    """Write a file of rows that are sorted by their first column, a number that no two share; return its lines.

    Each task writes the lines of its rows to a part below ``folder``, which workers and driver share. Raises SantanderError for
    parts that are not in order.
    """
    from pyspark.sql.pandas.types import from_arrow_schema

    def of_task(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        name, ends = uuid.uuid4().hex, _Ends()
        with whole_file(folder / name) as out:
            lines = write(ends.of(together(batches)), out)
        if lines:
            yield pa.RecordBatch.from_pylist([{"name": name, "first": ends.first, "last": ends.last, "lines": lines}], _PART)

    parts = sorted(rows.mapInArrow(of_task, from_arrow_schema(_PART)).collect(), key=lambda part: part["first"])
    if any(part["last"] >= after["first"] for part, after in pairwise(parts)):
        raise SantanderError(
            f"{path}: the engine handed its rows out in another order than that of the file", hint="run it on another engine"
        )
    join_parts(path, header, [folder / part["name"] for part in parts])
    return sum(part["lines"] for part in parts)


def join_parts(path: Place, header: bytes, parts: Sequence[Place]) -> None:
    """Write a file of the bytes of others, in this order, below a header."""
    with whole_file(path) as out:
        out.write(header)
        for part in parts:
            with open_read(part) as written:
                shutil.copyfileobj(written, out, _BLOCK)


class _Ends:
    """The first and the last key of rows that go by."""

    first: int | None = None
    last: int | None = None

    def of(self, pieces: Iterable[pa.Table]) -> Iterator[pa.Table]:
        for piece in (each for each in pieces if each.num_rows):
            keys = piece.column(0)
            self.first = keys[0].as_py() if self.first is None else self.first
            self.last = keys[-1].as_py()
            yield piece
