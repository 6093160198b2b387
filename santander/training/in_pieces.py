"""Small rows of a frame, made by the tasks that read it; the frame itself never comes to the driver."""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import pyarrow as pa

from santander.engine.pieces import together
from santander.evaluation.ranked import SMALL_ROWS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def in_pieces(rows: "DataFrame", do: Callable[[pa.Table], pa.Table], schema: pa.Schema = SMALL_ROWS) -> pa.Table:
    """Apply a function to all rows, many at a time, in tasks, and return what it makes, of this schema, in the driver."""
    from pyspark.sql.pandas.types import from_arrow_schema

    def of_task(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for piece in together(batches):
            yield from do(piece).combine_chunks().to_batches()

    return rows.mapInArrow(of_task, from_arrow_schema(schema)).toArrow()
