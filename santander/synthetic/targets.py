"""How many rows, leavers, newcomers and additions a bank of a given size is to show in each month."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from santander.schema.months import Month, month_range
from santander.schema.products import PRODUCT_NAMES
from santander.synthetic.facts import (
    FIRST_MONTH,
    FULL_CUSTOMERS,
    LAST_LABELLED,
    MONTHLY_ROWS,
    TEST_ROWS,
    MonthFacts,
    month_facts,
)
from santander.synthetic.sampling import whole

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

_FADING = [PRODUCT_NAMES.index(name) for name in ("short_term_deposit", "medium_term_deposit", "long_term_deposit")]
"""Products on their way out: beyond the tables they stay at the last month's level instead of the season's."""


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


def additions_of(month: Month) -> MonthFacts:
    """Return the additions of a month at full size; beyond the tables those of the nearest same calendar month."""
    known = month_facts()
    if month in known:
        return known[month]
    same_season = [other for other in known if other.number == month.number]
    if month < FIRST_MONTH + 1:
        return known[min(same_season)]
    nearest = known[max(same_season)]
    additions = nearest.additions.copy()
    additions[_FADING] = known[LAST_LABELLED].additions[_FADING]
    return MonthFacts(nearest.buyers, additions)


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
