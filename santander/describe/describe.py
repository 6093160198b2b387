"""Months of a table to the table ``month_profiles``: by threads of this process, or by tasks of Spark."""

import json
import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyarrow as pa

from santander.describe.columns import COLUMNS
from santander.describe.months import Description, MonthToDescribe
from santander.describe.profile_rows import profile_rows
from santander.engine.memory.budget import DESCRIBE
from santander.lake.lake import Lake
from santander.lake.month_file_writer import in_tasks
from santander.lake.stored_month import StoredMonth
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE, MONTH_PROFILES, Table
from santander.schema.counting import counted
from santander.schema.months import Month

log = logging.getLogger(__name__)

_ROW = pa.schema([("row", pa.string())])
_COLUMNS_OF_A_TASK = 8


def describe_months(lake: Lake, table: Table, months: Sequence[Month], threads: int) -> dict[Month, int]:
    """Replace what ``month_profiles`` says of these months of a table; return its rows by month.

    One column of a whole month is read at a time by each of ``threads`` threads, or on Spark a few columns by each task; so
    memory grows with the rows of one month. Raises OverBudget, before anything is done, for a month that does not fit.
    """
    if not months:
        return {}
    files, customers = lake.files_by_month(table), lake.files_by_month(CUSTOMERS)
    rows = lake.rows_by_month(CUSTOMERS)
    largest = max(months, key=lambda month: rows.get(month, 0))
    lake.budget.require(DESCRIBE, rows.get(largest, 0), str(largest))
    found: list[dict[str, Any]] = []
    for month in sorted(months):
        before = StoredMonth(table, tuple(files[month - 1])) if table != FEATURES_TABLE and files.get(month - 1) else None
        of_customers = StoredMonth(CUSTOMERS, tuple(customers.get(month, ())))
        work = MonthToDescribe(month, StoredMonth(table, tuple(files[month])), of_customers, before)
        found += _in_tasks(lake, work) if lake.has_workers else _in_threads(work, threads)
    lake.overwrite_rows(MONTH_PROFILES, found, sorted(months), also=f"\"table\" = '{table.name}'")
    log.info("describe %s: %s", table.name, counted(len(months), "month"))
    return {month: sum(row["snapshot_date"] == month.snapshot for row in found) for month in sorted(months)}


def _in_threads(work: MonthToDescribe, threads: int) -> Iterator[dict[str, Any]]:
    description = Description(work)
    with ThreadPoolExecutor(threads) as pool:
        for column, counts in zip(COLUMNS[work.table], pool.map(description.counts, COLUMNS[work.table]), strict=True):
            yield from profile_rows(work.month, work.table, column, counts)


def _in_tasks(lake: Lake, work: MonthToDescribe) -> Iterator[dict[str, Any]]:
    columns = list(COLUMNS[work.table])
    pieces = [columns[first : first + _COLUMNS_OF_A_TASK] for first in range(0, len(columns), _COLUMNS_OF_A_TASK)]

    def rows_of(given: Iterator[Sequence[str]]) -> Iterator[pa.RecordBatch]:
        description = Description(work)
        for names in given:
            for column in names:
                rows = profile_rows(work.month, work.table, column, description.counts(column))
                packed = [json.dumps(row | {"snapshot_date": None}) for row in rows]
                yield pa.RecordBatch.from_pydict({"row": packed}, schema=_ROW)

    for packed in in_tasks(lake.session, pieces, len(pieces), rows_of, _ROW).toArrow().column("row").to_pylist():
        yield json.loads(packed) | {"snapshot_date": work.month.snapshot}
