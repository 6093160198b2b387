"""From scores to lists: the seven products a customer is shown, by the rules that hold for every model."""

import numpy as np
import numpy.typing as npt

from santander.features.expansion import bits_of
from santander.schema.products import N_PRODUCTS

Scores = npt.NDArray[np.float32]
Ranks = npt.NDArray[np.int8]
Prior = npt.NDArray[np.float64]
_Keys = npt.NDArray[np.int64]

LIST_LENGTH = 7
NO_PRODUCT = -1

_AT_A_TIME = 8_192
"""Rows that are ranked together: their keys, 1.5 MB, stay near the processor."""
_PLACE_BITS = 5
_PLACES = (1 << _PLACE_BITS) - 1
_NO_SCORE = -(1 << 31)
_OWNED = np.iinfo(np.int64).min


def top_products(scores: Scores, owned: npt.NDArray[np.integer], prior: Prior) -> Ranks:
    """Return the bits of the products of each list (rows x 7), the likeliest first, padded with -1.

    ``scores`` is (rows x 24), NaN where the model has no opinion; ``owned`` holds one bitmask a row; ``prior`` (24) is how common
    each product is. Owned products are never listed; those without a score follow at the end by their prior. Equal scores are
    ordered by prior, then by bit.
    """
    order = np.lexsort((np.arange(N_PRODUCTS), -prior))
    ranks = np.empty((len(scores), LIST_LENGTH), dtype=np.int8)
    for start in range(0, len(scores), _AT_A_TIME):
        rows = slice(start, start + _AT_A_TIME)
        best = np.sort(_keys(scores[rows], owned[rows], order), axis=1)[:, : -LIST_LENGTH - 1 : -1]
        # an owned product's key has the place of none: it is listed as none below
        listed = order[np.minimum(_PLACES - (best & _PLACES), N_PRODUCTS - 1)]
        ranks[rows] = np.where(best == _OWNED, NO_PRODUCT, listed)
    return ranks


def _keys(scores: Scores, owned: npt.NDArray[np.integer], order: npt.NDArray[np.intp]) -> _Keys:
    """Return a whole number for each product of each row: the greatest is listed first.

    Sorting numbers is several times faster than looking for the best score seven times. A float's bits order as the float does,
    once those of the negative ones are turned round; below them there is room for the place among equals.
    """
    bits = (scores + np.float32(0)).view(np.int32)  # the sum makes 0 of -0
    keys = np.where(bits < 0, bits ^ np.int32(0x7FFFFFFF), bits).astype(np.int64)
    keys[np.isnan(scores)] = _NO_SCORE
    place = np.empty(N_PRODUCTS, dtype=np.int64)
    place[order] = np.arange(N_PRODUCTS)
    keys = (keys << _PLACE_BITS) | (_PLACES - place)
    keys[bits_of(owned).view(np.bool_)] = _OWNED
    return keys
