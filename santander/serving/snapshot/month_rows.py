"""Rows of a month of a table, from its parquet files without an engine, some at a time."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from santander.schema.catalogue import Table
from santander.schema.months import Month
from santander.schema.types import arrow_type
from santander.storage.places import open_read

if TYPE_CHECKING:
    from santander.lake.lake import Lake

ROWS_AT_A_TIME = 1 << 17
"""Rows that are read together. No setting: what is read is the same with any."""


def rows_of_month(lake: "Lake", table: Table, month: Month, columns: Sequence[str]) -> Iterator[pa.Table]:
    """Return these columns of a month, with their declared types but texts as dictionaries; null where a file lacks one."""
    types = {name: arrow_type(type_) for name, type_ in table.columns}
    texts = [f"{name}.list.element" if pa.types.is_list(types[name]) else name for name in columns]
    for place in lake.files_by_month(table).get(month, []):
        with open_read(place) as source:
            file = pq.ParquetFile(source, read_dictionary=texts)
            there = [name for name in columns if name in file.schema_arrow.names]
            for batch in file.iter_batches(ROWS_AT_A_TIME, columns=there):
                yield pa.table({name: _typed(batch, name, types[name]) for name in columns})


def _typed(batch: pa.RecordBatch, name: str, type_: pa.DataType) -> pa.Array:
    if name not in batch.schema.names:
        return pa.nulls(batch.num_rows, type_)
    column = batch.column(name)
    return column if type_ == pa.string() or pa.types.is_list(type_) else column.cast(type_)
