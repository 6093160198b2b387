"""Average precision of a list of seven products, and its mean over all customers of a month (MAP@7, docs/data.md).

Who adds nothing counts with 0, so the best possible mean is the share of customers who add something.
"""

import numpy as np
import numpy.typing as npt

from santander.features.expansion import bits_of
from santander.models.list_check import refuse_repeated_products
from santander.models.ranking import LIST_LENGTH, NO_PRODUCT, Ranks

Precisions = npt.NDArray[np.float64]
Masks = npt.NDArray[np.integer]


def hits(ranks: Ranks, added: Masks) -> npt.NDArray[np.bool_]:
    """Return a mask (rows x 7) of the ranks whose product was added, for lists (rows x 7) and bitmasks (rows)."""
    found = np.zeros(ranks.shape, dtype=np.bool_)
    bought = np.flatnonzero(added)
    lists = ranks[bought]
    named = np.where(lists == NO_PRODUCT, 0, lists)
    is_added = np.take_along_axis(bits_of(added[bought]), named.astype(np.intp), axis=1) > 0
    found[bought] = is_added & (lists != NO_PRODUCT)
    return found


def average_precision(ranks: Ranks, added: Masks) -> Precisions:
    """Return one figure in [0, 1] per row; 0 for a row that added nothing.

    The sum over hits at rank k of (hits up to k) / k, divided by the best number of hits, min(7, products added).
    Raises WrongLists for a list that names a product twice, which would count as often.
    """
    precisions = np.zeros(len(ranks), dtype=np.float64)
    bought = np.flatnonzero(added)
    lists = ranks[bought]
    refuse_repeated_products(lists)
    hit = hits(lists, added[bought])
    precision_at = hit.cumsum(axis=1) / np.arange(1, LIST_LENGTH + 1)
    possible = np.minimum(bits_of(added[bought]).sum(axis=1), LIST_LENGTH)
    precisions[bought] = np.where(hit, precision_at, 0.0).sum(axis=1) / possible
    return precisions
