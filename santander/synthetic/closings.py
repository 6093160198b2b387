"""Products that end. As many close in a month as bring ownership down to its path; who closes depends on history."""

import numpy as np
from numpy.typing import NDArray

from santander.schema.products import PRODUCTS
from santander.synthetic.bundles import bits
from santander.synthetic.history import Past
from santander.synthetic.profile import Profile
from santander.synthetic.propensity import ADULT_AT
from santander.synthetic.sampling import Flags, Masks, scaled_to, systematic

_MOST_LIKELY = 0.8
_RECENT_CLOSES = 3.0
"""A product opened within the last two months closes this many times as readily as one held longer: some flip."""
_CLOSES_WITH_ACCOUNT = 15.0
"""Other products close this many times as readily in the month in which the current account closes."""
_KEEPS_DEPOSIT = 0.03
"""Payrolls that end and leave the pension deposit behind."""

_PAYROLL, _PENSION, _CURRENT, _JUNIOR = (
    bits(name) for name in ("payroll", "pension_deposit", "current_account", "junior_account")
)
_IN_TURN = [product for product in PRODUCTS if product.mask not in (_PAYROLL, _PENSION, _CURRENT, _JUNIOR)]


def draw_closings(rows: Profile, past: Past, now: Masks, path: NDArray[np.float64], random: np.random.Generator) -> Masks:
    """Products that end, per row: as many as bring the holders of ``now`` down to ``path``, by product bit.

    ``now``: holdings of the month before anything closes, additions and arrivals included. Only products held in the
    month before can end. Junior accounts end with age alone, payroll never outlives its pension deposit.
    """
    closings = _Closings(past, now, path, random)
    closings.close(_CURRENT)
    closings.close(_PAYROLL)
    payroll_ended = closings.ended & _PAYROLL != 0
    closings.ended[payroll_ended & (random.random(len(rows)) >= _KEEPS_DEPOSIT)] |= _PENSION
    closings.close(_PENSION, among=(now & ~closings.ended & _PAYROLL == 0) & (closings.ended & _PENSION == 0))
    for product in _IN_TURN:
        closings.close(product.mask)
    closings.ended[(past.held & _JUNIOR != 0) & (rows.age >= ADULT_AT)] |= _JUNIOR
    return closings.ended


class _Closings:
    """Bitmasks of what ended so far in a month, per row."""

    def __init__(self, past: Past, now: Masks, path: NDArray[np.float64], random: np.random.Generator) -> None:
        self.ended = np.zeros(now.size, np.int32)
        self._past, self._now, self._path, self._random = past, now, path, random
        self._settled = past.lags[0] & past.lags[1] & past.lags[2]
        self._order = random.permutation(now.size)

    def close(self, mask: int, among: Flags | None = None) -> None:
        """End one product for as many customers as are above the path, all of them or ``among`` some."""
        left = np.count_nonzero(self._now & ~self.ended & mask)
        surplus = np.floor(left - self._path[mask.bit_length() - 1])
        may = self._past.held & ~self.ended & mask != 0
        may = may & among if among is not None else may
        weights = np.where(self._settled & mask != 0, 1.0, _RECENT_CLOSES)
        weights *= np.where(self.ended & _CURRENT != 0, _CLOSES_WITH_ACCOUNT, 1.0)
        chances = scaled_to((weights * may).astype(np.float32), surplus, at_most=_MOST_LIKELY)
        drawn = self._order[systematic(chances[self._order], self._random.random())]
        self.ended[drawn] |= mask
