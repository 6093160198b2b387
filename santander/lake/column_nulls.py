"""How many values of a column are null in each month of a table, without its rows being read.

The statistics of a commit say it for the columns they cover; of the others the footers of the parquet files do, as far as
whoever wrote them counted.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from santander.lake.lake import Lake
from santander.lake.month_files import below
from santander.schema.catalogue import PARTITION, Table
from santander.schema.months import Month
from santander.storage.places import Place, open_read

NullCounts = dict[str, int | None]
"""Nulls by column; None where a file does not say."""


@dataclass
class MonthNulls:
    """The rows of a month, and how many of them are null in each column asked for."""

    rows: int = 0
    nulls: NullCounts = field(default_factory=dict)


def nulls_by_month(
    lake: Lake, table: Table, columns: Sequence[str], months: Collection[Month] | None = None
) -> dict[Month, MonthNulls]:
    """For each month of a monthly table, or for those of ``months`` that it has; empty when there is no table."""
    if not lake.exists(table):
        return {}
    wanted = set(lake.months(table)) if months is None else set(months) & set(lake.months(table))
    found: dict[Month, MonthNulls] = {}
    for file in _committed(lake, table, columns):
        month = Month.of(file[f"partition.{PARTITION}"])
        if month not in wanted:
            continue
        counts = {column: file.get(f"null_count.{column}") for column in columns}
        if None in counts.values():
            counts = _from_footer(below(lake.place / table.name, str(file["path"])), counts)
        so_far = found.setdefault(month, MonthNulls(nulls=dict.fromkeys(columns, 0)))
        so_far.rows += file["num_records"]
        for column, more in counts.items():
            known = so_far.nulls[column]
            so_far.nulls[column] = None if known is None or more is None else known + more
    return dict(sorted(found.items()))


def _committed(lake: Lake, table: Table, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    actions = lake.delta(table).get_add_actions(flatten=True)
    of_columns = {f"null_count.{column}" for column in columns}
    names = actions.schema.names
    chosen = [name for name in names if name in of_columns or name in ("path", "num_records", f"partition.{PARTITION}")]
    values = [actions.column(names.index(name)).to_pylist() for name in chosen]
    for row in zip(*values, strict=True):
        yield dict(zip(chosen, row, strict=True))


def _from_footer(file: Place, counts: NullCounts) -> NullCounts:
    """The counts with those that are missing as the file's own statistics have them."""
    import pyarrow.parquet as pq

    with open_read(file) as source:
        footer = pq.read_metadata(source)
    at = {footer.schema.column(i).path: i for i in range(footer.num_columns)}
    groups = [footer.row_group(i) for i in range(footer.num_row_groups)]

    def nulls(column: str) -> int | None:
        if column not in at:
            return int(footer.num_rows)  # the column was added after the file was written
        found = [group.column(at[column]).statistics for group in groups]
        known = [each.null_count for each in found if each is not None and each.has_null_count]
        return sum(known) if len(known) == len(found) else None

    return {column: nulls(column) if n is None else n for column, n in counts.items()}
