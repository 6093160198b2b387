"""Who has a row in which month, scaled from the printed monthly rows, and when customers joined.

Younger customers carry higher numbers.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from santander.schema.months import Month, month_range
from santander.synthetic.facts import FIRST_MONTH, FULL_CUSTOMERS, LAST_LABELLED, MONTHLY_ROWS, TEST_ROWS
from santander.synthetic.sampling import Flags, Indices, stream, whole

_CONSECUTIVE_ROWS = {
    Month(2015, 6): 628_603, Month(2015, 12): 904_294, Month(2016, 1): 908_930, Month(2016, 2): 914_329,
    Month(2016, 3): 919_070, Month(2016, 4): 923_414, Month(2016, 5): 926_663,
}  # fmt: skip
"""Customers with a row in the month and in the one before, where ``monthly_buyers.csv`` prints them."""

_LEAVERS_ELSEWHERE = 1_988
"""Leavers of the other months: what makes newcomers and returns add up to 956,645 customers."""
_LEAVERS_AFTER = MONTHLY_ROWS[LAST_LABELLED] - TEST_ROWS
_RETURNS = 8_007 / 16
"""Customers who come back after a gap, a month: about 8,000 in all."""
_GROWTH_BEFORE, _NEWCOMERS_AFTER = 1_900, 4_700
"""Beyond the tables: rows that 2014 grew by in a month, newcomers of a month from 2016-06 on."""


@dataclass(frozen=True, slots=True)
class PanelPlan:
    """Rows to come and go, one element per month: newcomers (at first all rows), leavers, returns after a gap."""

    months: list[Month]
    newcomers: NDArray[np.int64]
    leavers: NDArray[np.int64]
    returns: NDArray[np.int64]


def plan_panel(customers: int, first: Month, last: Month) -> PanelPlan:
    """Scale the printed monthly rows to a bank of ``customers`` (956,645 = full).

    Nobody appears in the last month: every customer of the test file has a row in the month before.
    """
    months = month_range(first, last)
    scale = customers / FULL_CUSTOMERS
    growth = np.diff([_full_rows(month) for month in months], prepend=0.0)
    leavers = np.array([0, *(_full_leavers(month) for month in months[1:])], np.float64)
    returns = np.array([0, *(_RETURNS if month <= LAST_LABELLED else 0 for month in months[1:])], np.float64)
    growth[-1] = -leavers[-1]
    returns[-1] = 0
    whole_newcomers = whole((growth + leavers - returns) * scale)
    whole_leavers = whole(leavers * scale)
    whole_returns = whole(growth * scale) + whole_leavers - whole_newcomers
    whole_leavers -= np.minimum(whole_returns, 0)  # rounding may ask for one return less than none
    return PanelPlan(months, whole_newcomers, whole_leavers, np.maximum(whole_returns, 0))


def continued(plan: PanelPlan, customers: int, until: Month) -> PanelPlan:
    """Return the plan and behind it the months up to ``until``, at the steady growth beyond the tables."""
    months = month_range(plan.months[-1] + 1, until) if until > plan.months[-1] else []
    scale = customers / FULL_CUSTOMERS
    newcomers, leavers, returns = (whole(np.full(len(months), n * scale)) for n in (_NEWCOMERS_AFTER, _LEAVERS_AFTER, 0))
    return PanelPlan(
        [*plan.months, *months],
        np.concatenate([plan.newcomers, newcomers]),
        np.concatenate([plan.leavers, leavers]),
        np.concatenate([plan.returns, returns]),
    )


def _full_rows(month: Month) -> int:
    if month in MONTHLY_ROWS:
        return MONTHLY_ROWS[month]
    if month < FIRST_MONTH:
        return MONTHLY_ROWS[FIRST_MONTH] - _GROWTH_BEFORE * (FIRST_MONTH.index - month.index)
    return MONTHLY_ROWS[LAST_LABELLED] + (_NEWCOMERS_AFTER - _LEAVERS_AFTER) * (month.index - LAST_LABELLED.index)


def _full_leavers(month: Month) -> int:
    if month in _CONSECUTIVE_ROWS:
        return _full_rows(month - 1) - _CONSECUTIVE_ROWS[month]
    return _LEAVERS_AFTER if month > LAST_LABELLED else _LEAVERS_ELSEWHERE


@dataclass(frozen=True, slots=True)
class Panel:
    """Presence of customers, numbered by entry: the first month's rows first, then each month's newcomers.

    ``entry``: shape (customers,), position of the first month with a row in the plan's months.
    ``present``: shape (months, customers), true where the customer has a row.
    """

    entry: Indices
    present: Flags


def draw_panel(plan: PanelPlan, seed: int) -> Panel:
    """Draw leavers and returns month by month so that the plan's counts come out exactly."""
    total = int(plan.newcomers.sum())
    entry = np.repeat(np.arange(len(plan.months)), plan.newcomers)
    present = np.zeros((len(plan.months), total), np.bool_)
    away = np.zeros(total, np.bool_)
    here = entry == 0
    present[0] = here
    for position, month in enumerate(plan.months[1:], start=1):
        random = stream(seed, "panel", month.index)
        back = _some(np.flatnonzero(away), int(plan.returns[position]), random)
        short = int(plan.returns[position]) - back.size
        settled = np.flatnonzero(here & (entry < position - 1)) if position > 1 else np.flatnonzero(here)
        gone = _some(settled, int(plan.leavers[position]) - short, random)
        here[gone], away[gone] = False, True
        here[back], away[back] = True, False
        here |= entry == position
        present[position] = here
    return Panel(entry, present)


def _some(candidates: Indices, number: int, random: np.random.Generator) -> Indices:
    return random.choice(candidates, size=max(min(number, candidates.size), 0), replace=False)


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
