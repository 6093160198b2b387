"""The history family: arithmetic on the bitmasks of the products held in the months before. Bit i is product i."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from santander.features.made import Made
from santander.schema.features import HISTORY_MONTHS, Family

LAGS = tuple(range(1, HISTORY_MONTHS + 1))
UNKNOWN = -1
"""Stands for the products of a month in which a customer has no row, or a row without products."""
PLANES = [f"months_since_added_bit_{plane}" for plane in range(3)]

Bitmasks = npt.NDArray[np.int32]


def lag_name(lag: int) -> str:
    """The column of the products held ``lag`` months before."""
    return f"holdings_lag_{lag}"


class Window:
    """The products that some customers held in the months before."""

    def __init__(self, lags: Sequence[Bitmasks]) -> None:
        """``lags`` are the products held one, two … five months before, UNKNOWN where that is not known."""
        self.lags = lags
        self.known = [lag != UNKNOWN for lag in lags]
        """Where the products of each of the months are known."""

    @cached_property
    def pairs(self) -> list["Pair"]:
        """The pairs of months that follow each other, the newest first."""
        return [Pair(newer, older) for newer, older in pairwise(self.lags)]


class Pair:
    """Two months that follow each other, as bitmasks of what changed and what did not; nothing where one is unknown."""

    def __init__(self, newer: Bitmasks, older: Bitmasks) -> None:
        either_unknown = (newer == UNKNOWN) | (older == UNKNOWN)
        newer, older = np.where(either_unknown, 0, newer), np.where(either_unknown, 0, older)
        self.continued = newer & older
        self.added = newer ^ self.continued
        self.closed = older ^ self.continued


HISTORY = Made[Window](Family.HISTORY, products=True)


@HISTORY.makes(*map(lag_name, LAGS))
def holdings_by_lag(window: Window) -> Mapping[str, pa.Array]:
    """The months as they are."""
    months = zip(LAGS, window.lags, window.known, strict=True)
    return {lag_name(back): pa.array(lag, mask=~known) for back, lag, known in months}


@HISTORY.makes("owned")
def owned(window: Window) -> pa.Array:
    """The latest month known."""
    latest = np.zeros_like(window.lags[0])
    for lag, known in zip(reversed(window.lags), reversed(window.known), strict=True):
        latest = np.where(known, lag, latest)
    return pa.array(latest)


@HISTORY.makes("months_known")
def months_known(window: Window) -> pa.Array:
    """Return the number of months known."""
    return pa.array(np.sum(window.known, axis=0, dtype=np.int8))


@HISTORY.makes("products_held")
def products_held(window: Window) -> pa.Array:
    """The bits of the month before."""
    return pa.array(np.bitwise_count(window.lags[0]).astype(np.int8), mask=~window.known[0])


@HISTORY.makes("additions")
def additions(window: Window) -> pa.Array:
    """Return the products added, over all pairs of months."""
    return _total([pair.added for pair in window.pairs])


@HISTORY.makes("closures")
def closures(window: Window) -> pa.Array:
    """Return the products closed, over all pairs of months."""
    return _total([pair.closed for pair in window.pairs])


@HISTORY.makes("continuations")
def continuations(window: Window) -> pa.Array:
    """Return the products kept, over all pairs of months."""
    return _total([pair.continued for pair in window.pairs])


@HISTORY.makes(*PLANES)
def months_since_added(window: Window) -> Mapping[str, pa.Array]:
    """Months since each product was last added (1 to 4; 0 when not in the window) as three bit planes.

    ``latest`` holds the products whose latest addition lies so many months back; that number is then written across the
    planes of each product, bit 0 in plane 0 and so on, so 24 small numbers fit three ints.
    """
    planes = [np.zeros_like(window.lags[0]) for _ in PLANES]
    later = np.zeros_like(window.lags[0])
    for back, pair in enumerate(window.pairs, start=1):
        latest = pair.added & ~later
        later |= pair.added
        for bit in range(len(planes)):
            if back >> bit & 1:
                planes[bit] |= latest
    return {name: pa.array(plane) for name, plane in zip(PLANES, planes, strict=True)}


def _total(changes: Sequence[Bitmasks]) -> pa.Array:
    return pa.array(np.sum([np.bitwise_count(change) for change in changes], axis=0, dtype=np.int16))
