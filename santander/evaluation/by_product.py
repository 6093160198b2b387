"""Where a model gains and loses, product by product: at which rank additions were found, and what of the ceiling was lost."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from santander.evaluation.average_precision import Masks, hits
from santander.features.expansion import bits_of
from santander.models.ranking import LIST_LENGTH, NO_PRODUCT, Ranks
from santander.schema.products import N_PRODUCTS, PRODUCTS

PerProduct = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ProductFigures:
    """One product over the month; recall and precision count its places anywhere in the lists of seven.

    ``lost`` is its part of the distance from MAP@7 to the ceiling: 0 if all its additions stood first.
    """

    product: str
    additions: int
    listed: int
    hits: int
    baseline_hits: int
    recall: float | None
    baseline_recall: float | None
    precision: float | None
    found_at: tuple[int, ...]
    """How many of its additions stood at rank 1 to 7."""
    baseline_found_at: tuple[int, ...]
    lost: float
    baseline_lost: float
    first_in_vain: int
    """Customers who added something, were shown this product first, and did not add it."""

    @property
    def missed(self) -> int:
        """Additions of it that stood in no list."""
        return self.additions - self.hits


def by_product(
    ranks: Ranks, baseline_ranks: Ranks, added: Masks, listed: npt.NDArray[np.int64], customers: int
) -> tuple[ProductFigures, ...]:
    """The figures of each product, in the order of the bits, from the buyers' lists of a model and of its baseline (rows x 7).

    ``listed`` says for each product how many lists of all ``customers`` name it.
    """
    additions = bits_of(added).sum(axis=0, dtype=np.int64)
    found, baseline_found = found_at(ranks, added), found_at(baseline_ranks, added)
    hit, baseline_hit = found.sum(axis=1), baseline_found.sum(axis=1)
    lost, baseline_lost = lost_by_product(ranks, added, customers), lost_by_product(baseline_ranks, added, customers)
    vain = _first_in_vain(ranks, added)
    return tuple(
        ProductFigures(
            product=product.name,
            additions=int(additions[i]),
            listed=int(listed[i]),
            hits=int(hit[i]),
            baseline_hits=int(baseline_hit[i]),
            recall=share(hit[i], additions[i]),
            baseline_recall=share(baseline_hit[i], additions[i]),
            precision=share(hit[i], listed[i]),
            found_at=tuple(found[i].tolist()),
            baseline_found_at=tuple(baseline_found[i].tolist()),
            lost=float(lost[i]),
            baseline_lost=float(baseline_lost[i]),
            first_in_vain=int(vain[i]),
        )
        for i, product in enumerate(PRODUCTS)
    )


def found_at(ranks: Ranks, added: Masks) -> npt.NDArray[np.int64]:
    """Return the number of additions of each product at each rank: (24 x 7)."""
    row, rank = np.nonzero(hits(ranks, added))
    counts = np.zeros((N_PRODUCTS, LIST_LENGTH), dtype=np.int64)
    np.add.at(counts, (ranks[row, rank], rank), 1)
    return counts


def lost_by_product(ranks: Ranks, added: Masks, customers: int) -> PerProduct:
    """Return for each product (24) its part of the ceiling less MAP@7 over all ``customers``; 0 when there are no rows.

    Of a customer's n additions each could have given 1 / n, and gave what its hit counts in the average precision, or nothing.
    """
    bought = np.flatnonzero(added)
    if not len(bought):
        return np.zeros(N_PRODUCTS)
    ranks_of_buyers, added_by = ranks[bought], added[bought]
    bits = bits_of(added_by)
    number = bits.sum(axis=1, dtype=np.int64)
    possible = (bits / number[:, None]).sum(axis=0)
    hit = hits(ranks_of_buyers, added_by)
    gain = hit.cumsum(axis=1) / np.arange(1, LIST_LENGTH + 1) / np.minimum(number, LIST_LENGTH)[:, None]
    reached = np.bincount(ranks_of_buyers[hit], weights=gain[hit], minlength=N_PRODUCTS)
    return np.asarray((possible - reached) / customers, dtype=np.float64)


def _first_in_vain(ranks: Ranks, added: Masks) -> npt.NDArray[np.int64]:
    first = ranks[:, 0]
    in_vain = (added != 0) & (first != NO_PRODUCT) & ~hits(ranks, added)[:, 0]
    return np.bincount(first[in_vain], minlength=N_PRODUCTS)


def share(part: float | np.integer, whole: float | np.integer | None) -> float | None:
    """Return a part as a share of the whole; None where that is 0 or unknown."""
    return float(part / whole) if whole else None
