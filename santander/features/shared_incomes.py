"""The incomes to impute in months whose rows are shared by tasks of Spark: counted by the tasks, settled in the driver."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from santander.features.incomes import CELLS, INCOME_READ, Found, Middles, MonthIncomes, counted, joined, near
from santander.features.month_work import MonthPart
from santander.lake.month_file_writer import in_tasks
from santander.lake.stored_month import pieces
from santander.schema.months import Month

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_OF_PART = pa.schema([("month", pa.string()), ("cells", pa.binary()), ("values", pa.binary())])
"""A row for each part of a month: thousands of rows would each be turned over by Spark."""


def shared_incomes(session: "SparkSession", parts: Sequence[MonthPart]) -> dict[Month, MonthIncomes]:
    """Return the incomes to impute in each month, all of whose parts are given."""

    def count(rows: Iterable[pa.Table], _month: Month) -> Found:
        counts = counted(rows)
        cells = np.flatnonzero(counts)
        return cells, counts[cells].astype(np.float64)

    counts = {month: np.bincount(*found, minlength=CELLS) for month, found in _of_months(session, parts, count).items()}
    middles = {month: Middles.of(known.astype(np.int64)) for month, known in counts.items()}
    cells = {month: middle.cells() for month, middle in middles.items()}
    found = _of_months(session, parts, lambda rows, month: near(rows, cells[month]))
    return {month: middle.settled(*found[month]) for month, middle in middles.items()}


def _of_months(
    session: "SparkSession", parts: Sequence[MonthPart], of_rows: Callable[[Iterable[pa.Table], Month], Found]
) -> dict[Month, Found]:
    """Return cells and a value for each, as ``of_rows`` finds them in INCOME_READ of a part of a month, by month."""

    def of_task(work: Iterator[MonthPart]) -> Iterator[pa.RecordBatch]:
        for part in work:
            cells, values = of_rows(pieces(part.row_groups(), INCOME_READ), part.work.month)
            row = {"month": str(part.work.month), "cells": cells.tobytes(), "values": values.tobytes()}
            yield pa.RecordBatch.from_pylist([row], schema=_OF_PART)

    by_month: dict[Month, list[Found]] = {}
    for row in in_tasks(session, parts, len(parts), of_task, _OF_PART).toArrow().to_pylist():
        found = np.frombuffer(row["cells"], np.int64), np.frombuffer(row["values"], np.float64)
        by_month.setdefault(Month.parse(row["month"]), []).append(found)
    return {month: joined(found) for month, found in by_month.items()}
