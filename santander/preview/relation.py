"""What a feature tells of the additions of a month: lift by bins of its values, and the information value."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from santander.schema.products import PRODUCTS

NULL = "null"
_LARGE = 1000
"""From here on a label has no digits behind the point."""
_HALF = 0.5
"""Added to each count of the information value, so that a bin in which nobody adds counts too."""


@dataclass(frozen=True, slots=True)
class ProductRelation:
    """One product: who could add it, by bins of a feature, against who did."""

    product: str
    additions: int
    information: float
    """The information value, of bins with a half added to each count."""
    lifts: Sequence[float | None]
    """By bin the share of customers who added it, as a multiple of the share among all; None where nobody could."""


@dataclass(frozen=True, slots=True)
class Bins:
    """Values cut into bins of about as many customers each, or one for each value where there are few; nulls come last."""

    labels: Sequence[str]
    of: "NDArray[np.int64]"
    """The bin of each customer."""


def bins_of(values: pa.ChunkedArray, most: int, single: int) -> Bins:
    """Cut a column of numbers or booleans into at most ``most`` bins, and one more for nulls.

    Up to ``single`` different values have a bin each. Equal values are in one bin: that of the middle one of them.
    """
    unknown = values.is_null().to_numpy(zero_copy_only=False)
    numbers = pc.fill_null(values.cast(pa.float64()), 0.0).to_numpy(zero_copy_only=False)
    different, counts = np.unique(numbers[~unknown], return_counts=True)
    places = np.searchsorted(different, numbers)
    if different.size <= single:
        labels = [_shown(value) for value in different]
    else:
        middle = np.cumsum(counts) - counts / 2
        _, first, bin_of = np.unique((middle * most / counts.sum()).astype(np.int64), return_index=True, return_inverse=True)
        last = [*(first[1:] - 1), different.size - 1]
        labels = [_span(different[low], different[high]) for low, high in zip(first, last, strict=True)]
        places = bin_of[np.minimum(places, different.size - 1)]
    if unknown.any():
        places = np.where(unknown, len(labels), places)
        labels.append(NULL)
    return Bins(labels, places.astype(np.int64))


def relations(bins: Bins, before: "NDArray[np.int64]", now: "NDArray[np.int64]", least: int) -> list[ProductRelation]:
    """Return each product with ``least`` additions, that of the greatest information value first.

    ``before`` and ``now`` are the holdings of each customer in both months: bitmasks. Who held a product before cannot add it.
    """
    found = sorted(_relations(bins, before, now, least), key=lambda each: -each.information)
    return list(found)


def _relations(bins: Bins, before: "NDArray[np.int64]", now: "NDArray[np.int64]", least: int) -> Iterator[ProductRelation]:
    count = len(bins.labels)
    for product in PRODUCTS:
        could = before & product.mask == 0
        added = np.bincount(bins.of[could & (now & product.mask != 0)], minlength=count)
        able = np.bincount(bins.of[could], minlength=count)
        if (additions := int(added.sum())) < least:
            continue
        share = additions / able.sum()
        lifts = [None if not n else float(hit / n / share) for hit, n in zip(added, able, strict=True)]
        yield ProductRelation(product.name, additions, _information(added, able - added), lifts)


def _information(added: "NDArray[np.int64]", others: "NDArray[np.int64]") -> float:
    there = added + others > 0
    of_added, of_others = (counts[there] + _HALF for counts in (added, others))
    of_added, of_others = of_added / of_added.sum(), of_others / of_others.sum()
    return float(((of_added - of_others) * np.log(of_added / of_others)).sum())


def _span(low: float, high: float) -> str:
    return _shown(low) if low == high else f"{_shown(low)} to {_shown(high)}"


def _shown(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= _LARGE else f"{value:.4g}"
