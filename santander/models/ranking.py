"""From scores to lists: the seven products a customer is shown, by the rules that hold for every model."""

import numpy as np
import numpy.typing as npt

from santander.bank.products import N_PRODUCTS
from santander.features.expansion import bits_of

Scores = npt.NDArray[np.float32]
Ranks = npt.NDArray[np.int8]
Prior = npt.NDArray[np.float64]

LIST_LENGTH = 7
NO_PRODUCT = -1
_LEFT_OUT = np.finfo(np.float32).min
_TAKEN = -np.inf


def top_products(scores: Scores, owned: npt.NDArray[np.integer], prior: Prior) -> Ranks:
    """Rank the products of each row: (rows x 7) bits of products, the likeliest first, padded with -1.

    ``scores`` is (rows x 24), NaN where the model has no opinion of a product; ``owned`` holds one bitmask a row;
    ``prior`` (24) is how common each product is. Owned products are never listed, so a list has exactly
    min(7, 24 - owned) products. Products without a score follow at the end by their prior. Equal scores are ordered
    by prior, then by bit.
    """
    order = np.lexsort((np.arange(N_PRODUCTS), -prior))
    left = np.where(np.isnan(scores), _LEFT_OUT, scores)[:, order]
    left[bits_of(owned)[:, order].view(np.bool_)] = _TAKEN
    ranks = np.full((len(scores), LIST_LENGTH), NO_PRODUCT, dtype=np.int8)
    rows = np.arange(len(scores))
    for rank in range(LIST_LENGTH):
        # argmax takes the first of equals, and the columns are in the order that decides between equals
        best = left.argmax(axis=1)
        open_rows = left[rows, best] != _TAKEN
        ranks[open_rows, rank] = order[best[open_rows]]
        left[rows, best] = _TAKEN
    return ranks
