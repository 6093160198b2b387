"""The last five months of holdings, and what they say: lapses, openings, closings."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from santander.synthetic.sampling import Flags, Indices, Masks

LAGS = 5
NO_ROW = -1


def no_history(customers: int) -> list[Masks]:
    """Holdings of all customers in the last five months, newest first, before there is any: ``NO_ROW``."""
    return [np.full(customers, NO_ROW, np.int32) for _ in range(LAGS)]


@dataclass(frozen=True, slots=True)
class Past:
    """One element per row of the month to come.

    ``consecutive``: the customer has a row in the month before. ``lags``: holdings of M-1 to M-5, 0 where unknown.
    ``two_months``: the customer has a row two months before.
    """

    consecutive: Flags
    lags: tuple[Masks, ...]
    two_months: Flags

    @classmethod
    def of(cls, months: list[Masks], who: Indices) -> Self:
        """Return the history that the files show of the customers ``who``, by the holdings of the last five months."""
        lags = [held[who] for held in months]
        return cls(lags[0] != NO_ROW, tuple(np.where(lag == NO_ROW, 0, lag) for lag in lags), lags[1] != NO_ROW)

    @property
    def held(self) -> Masks:
        """Holdings of M-1."""
        return self.lags[0]

    @property
    def opened(self) -> Masks:
        """Products held in M-1 and not in M-2, for customers with both rows."""
        return np.where(self.two_months, self.lags[0] & ~self.lags[1], 0)

    @property
    def closed(self) -> Masks:
        """Products held in M-2 and not in M-1."""
        return np.where(self.consecutive, self.lags[1] & ~self.lags[0], 0)

    def lapsed(self) -> list[Masks]:
        """Products not held in M-1 by months since they were last held: element k - 1 is held last in M-1-k."""
        since, seen = [], self.lags[0].copy()
        for lag in self.lags[1:]:
            since.append(lag & ~seen)
            seen |= lag
        return since
