"""Rows of ``features`` from rows of ``customers``: a month is built and a record that is asked about is scored by the same."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from santander.features.history import HISTORY, Bitmasks, Window
from santander.features.incomes import MonthIncomes
from santander.features.made import Made
from santander.features.month_before import LAST_MONTH
from santander.features.profile import PROFILE, MonthRows
from santander.features.season import SEASON, Calendar
from santander.schema.catalogue import FEATURES_TABLE, PARTITION
from santander.schema.months import Month
from santander.schema.types import arrow_schema

FAMILIES: tuple[Made[Any], ...] = (PROFILE, HISTORY, LAST_MONTH, SEASON)
READ = ("customer_id", *PROFILE.reads)
"""The columns of ``customers`` that ``feature_rows`` reads of the month itself."""
_SCHEMA = arrow_schema(FEATURES_TABLE.columns)


def feature_rows(
    rows: pa.Table, month: Month, incomes: MonthIncomes, lags: Sequence[Bitmasks], last: Mapping[str, pa.Array]
) -> pa.RecordBatch:
    """Return the features of the rows, in their order.

    ``rows`` are READ of ``customers`` in the month, texts as dictionaries; ``lags`` the products held one, two … five months
    before, UNKNOWN where that is not known; ``last`` the features of ``month_before.py``.
    """
    columns = {
        "customer_id": rows.column("customer_id").combine_chunks(),
        PARTITION: pa.repeat(pa.scalar(month.snapshot, pa.date32()), rows.num_rows),
        **PROFILE.arrays(MonthRows(rows, incomes)),
        **other_features(month, lags, last),
    }
    return pa.RecordBatch.from_arrays([columns[name] for name in _SCHEMA.names], schema=_SCHEMA)


def other_features(month: Month, lags: Sequence[Bitmasks], last: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
    """Return the features by name that are made from other sources than the rows of the month itself."""
    return {**HISTORY.arrays(Window(lags)), **last, **SEASON.arrays(Calendar(month, len(lags[0])))}
