"""The rows of one month of a table, read from its parquet files without an engine, a few columns at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from santander.lake.month_file_writer import stretches
from santander.schema.catalogue import Table
from santander.schema.types import file_schema
from santander.storage.places import Place, open_read

ROWS_OF_A_PIECE = 1 << 18
"""Rows that are worked on at a time. No setting: what a thread holds was measured with it (FEATURES_THREAD of the
footprints)."""


@dataclass(frozen=True, slots=True)
class RowGroup:
    """One row group of a file of a table: what is read at once."""

    table: Table
    file: Place
    number: int
    rows: int


@dataclass(frozen=True, slots=True)
class StoredMonth:
    """Where the rows of a month of a table lie. Texts are read as dictionaries: a column has few distinct ones."""

    table: Table
    files: tuple[Place, ...]

    def row_groups(self) -> list[RowGroup]:
        """All row groups in order."""
        found = []
        for place in self.files:
            with _opened(place, []) as file:
                found += [RowGroup(self.table, place, i, file.metadata.row_group(i).num_rows) for i in range(file.num_row_groups)]
        return found

    def stretches(self, n: int) -> list[list[RowGroup]]:
        """The row groups cut into at most ``n`` stretches of about as many rows each."""
        groups = self.row_groups()
        return stretches(groups, [group.rows for group in groups], n)

    def column(self, name: str) -> pa.Array:
        """Return one column of all rows."""
        found = list(_read(self.row_groups(), [name]))
        whole = _joined(found) if found else file_schema([(name, dict(self.table.columns)[name])]).empty_table()
        return whole[name].combine_chunks()


def pieces(groups: Sequence[RowGroup], columns: Sequence[str]) -> Iterator[pa.Table]:
    """These columns of the row groups, all of one table, in order, at most ROWS_OF_A_PIECE rows at a time."""
    waiting: list[pa.Table] = []
    for rows in _read(groups, columns):
        if waiting and sum(each.num_rows for each in waiting) + rows.num_rows > ROWS_OF_A_PIECE:
            yield from _cut(_joined(waiting))
            waiting = []
        waiting.append(rows)
    if waiting:
        yield from _cut(_joined(waiting))


def _read(groups: Sequence[RowGroup], columns: Sequence[str]) -> Iterator[pa.Table]:
    if not groups:
        return
    types = dict(groups[0].table.columns)
    schema = file_schema((name, types[name]) for name in columns)
    for place, of_file in groupby(groups, key=lambda group: group.file):
        with _opened(place, [name for name in columns if types[name] == "string"]) as file:
            for group in of_file:
                # each writer has Arrow types of its own for one and the same text
                yield file.read_row_group(group.number, columns=schema.names).select(schema.names).cast(schema)


def _opened(place: Place, texts: list[str]) -> pq.ParquetFile:
    source = str(place) if isinstance(place, Path) else open_read(place)
    try:
        return pq.ParquetFile(source, read_dictionary=texts)
    except FileNotFoundError:
        raise FileNotFoundError(f"{place}: no such file here; all workers need the data folder under one name") from None


def _cut(rows: pa.Table) -> Iterator[pa.Table]:
    """A row group of other writers can have many rows."""
    for start in range(0, rows.num_rows, ROWS_OF_A_PIECE):
        yield rows.slice(start, ROWS_OF_A_PIECE)


def _joined(tables: Sequence[pa.Table]) -> pa.Table:
    return pa.concat_tables(tables).unify_dictionaries().combine_chunks()
