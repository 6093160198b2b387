"""Whether the months of a fit hold enough to learn from; what is said where they do not, the same for every kind of model."""

from collections.abc import Collection

import numpy as np
import numpy.typing as npt

from santander.errors import TooLittleData
from santander.schema.months import Month

_REMEDY = "ingest more months or train the recipe 'popularity'"


def require_products(
    counts: npt.NDArray[np.int64], months: Collection[Month], min_additions: int, found: int, needed: int
) -> None:
    """Raise TooLittleData, which names the months, when fewer than ``needed`` products can be learned.

    ``counts`` are the additions of each product (24), ``found`` the products, or classes of them, that a model can tell apart.
    """
    require_additions(counts, months)
    if found < needed:
        enough = int(np.count_nonzero(counts >= max(min_additions, 1)))
        raise TooLittleData(
            f"{span_of(months)}: {counts.sum():,} additions of {enough} products with at least {min_additions} are too little to "
            f"learn from, this kind of model needs {needed} such: {_REMEDY}"
        )


def require_additions(counts: npt.NDArray[np.int64], months: Collection[Month]) -> None:
    """Raise TooLittleData when nobody added anything in the months of a fit."""
    if not counts.any():
        raise TooLittleData(f"{span_of(months)}: 0 additions by anybody are too little to learn from: ingest other months")


def require_learned(counts: npt.NDArray[np.int64], months: Collection[Month], products: Collection[int]) -> None:
    """Raise TooLittleData when none of the products (bits) a model learns was added in the months that say when to stop."""
    if not counts[list(products)].any():
        raise TooLittleData(
            f"{span_of(months)}: nobody added any of the {len(products)} product(s) that are learned, so nothing can be searched "
            "there: switch the fit 'rounds' off or ingest more months"
        )


def span_of(months: Collection[Month]) -> str:
    """The first and the last month, or the one there is."""
    first, last = min(months), max(months)
    return str(first) if first == last else f"{first} to {last}"
