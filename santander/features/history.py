"""The history family: arithmetic on the bitmasks of the products held in the months before. Bit i is product i."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from santander.schema.features import HISTORY_MONTHS

LAGS = tuple(range(1, HISTORY_MONTHS + 1))
UNKNOWN = -1
"""Stands for the products of a month in which a customer has no row, or a row without products."""

Bitmasks = npt.NDArray[np.int32]


def lag_name(lag: int) -> str:
    """The column of the products held ``lag`` months before."""
    return f"holdings_lag_{lag}"


def history(lags: Sequence[Bitmasks]) -> dict[str, pa.Array]:
    """The features made from the products held one, two … five months before, each with UNKNOWN where that is not known."""
    known = [lag != UNKNOWN for lag in lags]
    owned = np.zeros_like(lags[0])
    for lag, here in zip(reversed(lags), reversed(known), strict=True):
        owned = np.where(here, lag, owned)
    pairs = [_Pair(newer, older) for newer, older in pairwise(lags)]
    return {
        **{lag_name(back): pa.array(lag, mask=~here) for back, lag, here in zip(LAGS, lags, known, strict=True)},
        "owned": pa.array(owned),
        "months_known": pa.array(np.sum(known, axis=0, dtype=np.int8)),
        "products_held": pa.array(np.bitwise_count(lags[0]).astype(np.int8), mask=~known[0]),
        "additions": _total([pair.added for pair in pairs]),
        "closures": _total([pair.closed for pair in pairs]),
        "continuations": _total([pair.continued for pair in pairs]),
        **_months_since_added_planes([pair.added for pair in pairs]),
    }


class _Pair:
    """Two months that follow each other, as bitmasks of what changed and what did not; nothing where one is unknown."""

    def __init__(self, newer: Bitmasks, older: Bitmasks) -> None:
        either_unknown = (newer == UNKNOWN) | (older == UNKNOWN)
        newer, older = np.where(either_unknown, 0, newer), np.where(either_unknown, 0, older)
        self.continued = newer & older
        self.added = newer ^ self.continued
        self.closed = older ^ self.continued


def _total(changes: Sequence[Bitmasks]) -> pa.Array:
    return pa.array(np.sum([np.bitwise_count(change) for change in changes], axis=0, dtype=np.int16))


def _months_since_added_planes(added: Sequence[Bitmasks]) -> Mapping[str, pa.Array]:
    """Months since each product was last added (1 to 4; 0 when not in the window) as three bit planes.

    ``latest`` holds the products whose latest addition lies so many months back; that number is then written across the
    planes of each product, bit 0 in plane 0 and so on, so 24 small numbers fit three ints.
    """
    planes = [np.zeros_like(added[0]) for _ in range(3)]
    later = np.zeros_like(added[0])
    for back, here in enumerate(added, start=1):
        latest = here & ~later
        later |= here
        for bit in range(len(planes)):
            if back >> bit & 1:
                planes[bit] |= latest
    return {f"months_since_added_bit_{bit}": pa.array(plane) for bit, plane in enumerate(planes)}
