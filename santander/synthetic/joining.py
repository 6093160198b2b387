"""When customers joined, and the ids that follow from it: younger customers carry higher numbers."""

import numpy as np

from santander.schema.months import Month
from santander.synthetic.sampling import Flags, Indices

JULY_BATCH = Month(2015, 7)
"""In this month about 198,000 customers, mostly low holders, appear at once (calibration/README.md)."""

_LOWEST_ID, _HIGHEST_ID = 15_889, 1_553_689
_FIRST_CONTRACT = int(np.datetime64("1995-01-16").astype(np.int64))
_JOINED_BY_YEAR = np.array(
    [1.0, 1.2, 1.4, 1.5, 2.0, 3.0, 3.4, 3.0, 2.8, 3.2, 3.4, 3.6, 3.6, 3.2, 3.0, 3.4, 6.0, 8.0, 9.0, 9.0, 1.5]
)
"""Relative number of customers by year of the first contract, 1995 to 2015; ours, the facts give no such table."""
_RECENT_IN_JULY_BATCH = 0.08
_SNAPSHOT_TO_LATEST, _SNAPSHOT_TO_EARLIEST = 3, 27
"""A new customer joined up to 27 days before the snapshot or, an anomaly of the data, up to 3 days after it."""


def newcomers(entry_month: Indices, after_first: Flags) -> Flags:
    """Customers who are new to the bank when they appear: those after the July batch."""
    return after_first & (entry_month > JULY_BATCH.index)


def joining_days(entry_month: Indices, after_first: Flags, random: np.random.Generator) -> Indices:
    """First contract, days since 1970-01-01; ``entry_month`` is the ``Month.index`` of each customer's first row."""
    snapshot = snapshot_days(entry_month)
    late = random.random(entry_month.size) < _RECENT_IN_JULY_BATCH
    fresh = after_first & ((entry_month != JULY_BATCH.index) | late)
    recent = snapshot - random.integers(-_SNAPSHOT_TO_LATEST, _SNAPSHOT_TO_EARLIEST + 1, entry_month.size)
    year = random.choice(_JOINED_BY_YEAR.size, size=entry_month.size, p=_JOINED_BY_YEAR / _JOINED_BY_YEAR.sum())
    late_in_year = random.random(entry_month.size) ** 0.6  # more contracts towards autumn, when the terms begin
    long_ago = _FIRST_CONTRACT + np.floor((year + late_in_year) * 365.25).astype(np.int64)
    latest = snapshot - random.integers(0, 300, entry_month.size)
    return np.where(fresh, recent, np.minimum(long_ago, latest))


def snapshot_days(month: Indices) -> Indices:
    """Days since 1970-01-01 of the snapshots (the 28th) of ``Month.index`` values."""
    since_1970 = (month - 1970 * 12).astype("datetime64[M]")
    days: Indices = since_1970.astype("datetime64[D]").astype(np.int64) + 27
    return days


def customer_ids(number: int, random: np.random.Generator) -> Indices:
    """Distinct ids in ascending order; both ends of the real range are taken, a longer bank goes beyond."""
    inner = np.arange(_LOWEST_ID + 1, _HIGHEST_ID)
    beyond = max(number - 2 - inner.size, 0)
    chosen = random.choice(inner, size=number - 2 - beyond, replace=False)
    ends = [_LOWEST_ID, *range(_HIGHEST_ID, _HIGHEST_ID + beyond + 1)]
    return np.sort(np.concatenate([chosen, np.array(ends)]))
