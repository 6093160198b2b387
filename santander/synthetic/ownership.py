"""How many customers hold each product in each month: the ownership path that closings steer to."""

import numpy as np
from numpy.typing import NDArray

from santander.schema.months import Month, month_range
from santander.schema.products import PRODUCT_NAMES
from santander.synthetic.facts import FIRST_MONTH, LAST_LABELLED, MONTHLY_ROWS, ones_by_product
from santander.synthetic.targets import additions_of

CLOSING_RATES = {"short_term_deposit": 0.267, "taxes": 0.001}
"""Share of holders who close in a month, where the facts say it (calibration/README.md); taxes hardly ever end."""

_NEWCOMER_SHARE = {
    "current_account": 0.6, "e_account": 0.2, "payroll_account": 0.2, "junior_account": 0.75, "saving_account": 0.25,
}  # fmt: skip
_OTHER_NEWCOMERS = 0.1
"""Ownership among customers who appear after the first month, against that of the others: mostly low holders."""

_KNOWN = month_range(FIRST_MONTH, LAST_LABELLED)


def newcomer_share() -> NDArray[np.float64]:
    """Ownership of newcomers relative to that of the first month's customers, by product bit."""
    return np.array([_NEWCOMER_SHARE.get(name, _OTHER_NEWCOMERS) for name in PRODUCT_NAMES])


def base_rates() -> NDArray[np.float64]:
    """Ownership rate of the first month's customers over the known months, by product bit."""
    weight = np.sum([_weighted_rows(month) for month in _KNOWN], axis=0)
    rates: NDArray[np.float64] = ones_by_product() / weight
    return rates


def holders(month: Month) -> NDArray[np.float64]:
    """Holders of each product at full size; the months of the tables sum to their ownership counts.

    A steady share of customers holds a product, but for those whose closing rate is known.
    """
    held = base_rates() * _weighted_rows(min(max(month, FIRST_MONTH), LAST_LABELLED))
    for name, rate in CLOSING_RATES.items():
        bit = PRODUCT_NAMES.index(name)
        held[bit] = _at_closing_rate(bit, rate, month)
    return held


def _weighted_rows(month: Month) -> NDArray[np.float64]:
    """Rows of a month, newcomers counted with their share of ownership, by product bit."""
    first = MONTHLY_ROWS[FIRST_MONTH]
    return first + newcomer_share() * (MONTHLY_ROWS[month] - first)


def _at_closing_rate(bit: int, rate: float, month: Month) -> float:
    """The path that loses ``rate`` a month, gains additions and newcomers, and sums to the ownership count."""
    keeps = 1 - rate
    from_gains, from_start, gained = 0.0, 1.0, 0.0
    for known in _KNOWN[1:]:
        gained = keeps * gained + _gain(bit, known)
        from_gains += gained
        from_start += keeps ** (known.index - FIRST_MONTH.index)
    path = (float(ones_by_product()[bit]) - from_gains) / from_start
    for step in month_range(FIRST_MONTH + 1, month) if month > FIRST_MONTH else []:
        path = keeps * path + _gain(bit, step)
    return path


def _gain(bit: int, month: Month) -> float:
    """Holders that additions and newcomers bring in a month."""
    newcomers = MONTHLY_ROWS[month] - MONTHLY_ROWS[month - 1] if month <= LAST_LABELLED else 0
    return float(additions_of(month).additions[bit] + newcomers * base_rates()[bit] * newcomer_share()[bit])
