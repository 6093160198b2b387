"""How many customers hold each product in each month, what customers hold when they appear, and which products end."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from santander.schema.months import Month, month_range
from santander.schema.products import PRODUCT_NAMES, PRODUCTS, Product
from santander.synthetic import affinity
from santander.synthetic.bundles import BUNDLE_NAMES, bits
from santander.synthetic.facts import FIRST_MONTH, LAST_LABELLED, MONTHLY_ROWS, additions_of, ones_by_product
from santander.synthetic.profile import Profile
from santander.synthetic.propensity import ADULT_AT, Past
from santander.synthetic.sampling import Flags, Masks, scaled_to, systematic

_PAYROLL, _PENSION, _CURRENT, _JUNIOR = (
    bits(name) for name in ("payroll", "pension_deposit", "current_account", "junior_account")
)
_CLOSE_IN_TURN = [product for product in PRODUCTS if product.mask not in (_PAYROLL, _PENSION, _CURRENT, _JUNIOR)]

_CLOSING_RATES = {"short_term_deposit": 0.267, "taxes": 0.001}
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
    for name, rate in _CLOSING_RATES.items():
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


_LIKELIEST_HOLDER = 0.97
_GROUP_WEIGHT = 0.8
"""Holders follow the same affinities as additions do, a little less sharply."""
_ENGAGEMENT_SPREAD = 1.5
"""Some customers hold much, most hold one product or none (calibration/README.md)."""
_WITH_CURRENT_ACCOUNT = 0.5
_ACTIVE_WITH_CURRENT_ACCOUNT = 0.25
_COMES_OF_AGE_SOON, _SOON_ADULT_JUNIORS = 18, 0.1
"""From 18 on a junior account is held this much less often."""


def draw_holdings(rows: Profile, wanted: NDArray[np.float64], random: np.random.Generator) -> Masks:
    """Holdings of customers who appear, as bitmasks; ``wanted``: holders by product bit."""
    held = np.zeros(len(rows), np.int32)
    engagement = random.normal(0, _ENGAGEMENT_SPREAD, len(rows))
    order = random.permutation(len(rows))
    # payroll comes last because it needs the pension deposit
    for product in sorted(PRODUCTS, key=lambda product: product.mask == _PAYROLL):
        weights = _weights(product, rows, held, engagement).astype(np.float32)
        chances = scaled_to(weights, float(wanted[product.bit]), at_most=_LIKELIEST_HOLDER)
        held[order[systematic(chances[order], random.random())]] |= product.mask
    return held


def _weights(product: Product, rows: Profile, held: Masks, engagement: NDArray[np.float64]) -> NDArray[np.float64]:
    if product.mask == _CURRENT:
        return np.where(rows.active, np.exp(_ACTIVE_WITH_CURRENT_ACCOUNT), 1.0)
    if product.mask == _JUNIOR:
        return np.where(rows.age < _COMES_OF_AGE_SOON, 1.0, _SOON_ADULT_JUNIORS) * (rows.age < ADULT_AT)
    fit = affinity.affinities()[BUNDLE_NAMES[product.name]]
    group = affinity.group_class(rows.age, rows.segment, rows.active)
    score = _GROUP_WEIGHT * fit.group[group] + engagement + _WITH_CURRENT_ACCOUNT * (held & _CURRENT != 0)
    allowed = held & _PENSION != 0 if product.mask == _PAYROLL else True
    weights: NDArray[np.float64] = np.exp(score) * allowed
    return weights


_LIKELIEST_CLOSING = 0.8
_RECENT_CLOSES = 3.0
"""A product opened within the last two months closes this many times as readily as one held longer: some flip."""
_CLOSES_WITH_ACCOUNT = 15.0
"""Other products close this many times as readily in the month in which the current account closes."""
_KEEPS_DEPOSIT = 0.03
"""Payrolls that end and leave the pension deposit behind."""


def draw_closings(rows: Profile, past: Past, now: Masks, path: NDArray[np.float64], random: np.random.Generator) -> Masks:
    """Products that end, per row: as many as bring the holders of ``now`` down to ``path``, by product bit.

    ``now``: holdings of the month before anything closes, additions and arrivals included. Only products held in the
    month before can end. Junior accounts end with age alone, payroll never outlives its pension deposit.
    """
    ended = np.zeros(now.size, np.int32)
    settled = past.lags[0] & past.lags[1] & past.lags[2]
    order = random.permutation(now.size)

    def close(mask: int, *, among: Flags | Literal[True] = True) -> None:
        """End one product for as many customers as are above the path."""
        surplus = np.floor(np.count_nonzero(now & ~ended & mask) - path[mask.bit_length() - 1])
        weights = np.where(settled & mask != 0, 1.0, _RECENT_CLOSES)
        weights *= np.where(ended & _CURRENT != 0, _CLOSES_WITH_ACCOUNT, 1.0)
        weights *= (past.held & ~ended & mask != 0) & among
        chances = scaled_to(weights.astype(np.float32), surplus, at_most=_LIKELIEST_CLOSING)
        ended[order[systematic(chances[order], random.random())]] |= mask

    close(_CURRENT)
    close(_PAYROLL)
    payroll_ended = ended & _PAYROLL != 0
    ended[payroll_ended & (random.random(len(rows)) >= _KEEPS_DEPOSIT)] |= _PENSION
    close(_PENSION, among=(now & ~ended & _PAYROLL == 0) & (ended & _PENSION == 0))
    for product in _CLOSE_IN_TURN:
        close(product.mask)
    ended[(past.held & _JUNIOR != 0) & (rows.age >= ADULT_AT)] |= _JUNIOR
    return ended
