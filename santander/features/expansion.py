"""Feature rows to the columns of a model: bitmasks become one column per product.

Training, batch scoring and online scoring all expand here, so they cannot disagree. The table stays small (five
bitmasks instead of 120 columns) and a model picks the groups it wants.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from santander.errors import InputError
from santander.schema.features import FEATURES, HISTORY_MONTHS, Family
from santander.schema.products import N_PRODUCTS, PRODUCT_NAMES

Matrix = npt.NDArray[np.float32]
Bits = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]
Masks = npt.NDArray[np.int32]
Features: TypeAlias = "pa.Table | pa.RecordBatch"

LAGS = range(1, HISTORY_MONTHS + 1)
_ADDED_PLANES = 3


class ColumnGroup(StrEnum):
    """Model columns that are chosen together. Per product means 24 columns in the order of the bits."""

    PROFILE = "profile"
    """Who the customer is: the features of that family as they are."""
    SEASON = "season"
    """Calendar month, sine and cosine of its angle."""
    HISTORY_COUNTS = "history_counts"
    """Counts over all products and the relation a month ago: the history features that are no bitmask."""
    LAG_1_BITS = "lag_1_bits"
    """Held the month before, per product."""
    OLDER_LAG_BITS = "older_lag_bits"
    """Held two to five months before, per product and month: 96 columns."""
    MONTHS_HELD = "months_held"
    """In how many known months of the window the product was held, 0 to 5."""
    HELD_LATELY = "held_lately"
    """``lag_1_bits`` and ``months_held`` in one column a product: months held in the window, and 6 more where it was held
    the month before. 1 to 4 is who gave it up, 7 to 11 who holds it."""
    MONTHS_SINCE_HELD = "months_since_held"
    """Months since the product was last held, 1 to 5; 0 when not in the window."""
    MONTHS_SINCE_ADDED = "months_since_added"
    """Months since the product was last added, 1 to 4; 0 when not in the window."""
    TIMES_ADDED = "times_added"
    """How often the product was added between two known months that follow each other, 0 to 2."""
    TIMES_CLOSED = "times_closed"
    """How often the product was closed between two known months that follow each other, 0 to 2."""
    TIMES_KEPT = "times_kept"
    """How often the product was held in both of two known months that follow each other, 0 to 4."""
    TIMES_ABSENT = "times_absent"
    """How often the product was held in neither of two known months that follow each other, 0 to 4."""


_AS_THEY_ARE: dict[ColumnGroup, tuple[str, ...]] = {
    ColumnGroup.PROFILE: tuple(f.name for f in FEATURES if f.family is Family.PROFILE),
    ColumnGroup.SEASON: tuple(f.name for f in FEATURES if f.family is Family.SEASON),
    ColumnGroup.HISTORY_COUNTS: tuple(
        f.name
        for f in FEATURES
        if f.family is Family.HISTORY
        and not f.name.startswith(("holdings_lag_", "months_since_added_bit_"))
        and f.name != "owned"
    ),
}


@dataclass(frozen=True)
class ColumnPlan:
    """Which groups a model sees, in which order. The plan fixes the names and the number of the columns."""

    groups: tuple[ColumnGroup, ...]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The columns in order; per product they read like ``months_held.taxes``."""
        return tuple(name for group in self.groups for name in _names_of(group))

    def matrix(self, features: Features) -> Matrix:
        """Expand feature rows to (rows x columns) float32. What is not known is NaN, never 0.

        A month without a row (a null lag) makes its 24 columns NaN; figures over the window are NaN when no month
        of it is known. Raises InputError when a feature that the plan needs is not among the columns.
        """
        window = _Window(features)
        matrix = np.empty((features.num_rows, len(self.names)), dtype=np.float32)
        start = 0
        for group in self.groups:
            end = start + len(_names_of(group))
            block = matrix[:, start:end]
            if group in _AS_THEY_ARE:
                for position, name in enumerate(_AS_THEY_ARE[group]):
                    block[:, position] = _numbers(features, name)
            else:
                _PER_PRODUCT[group](window, block)
            start = end
        return matrix


def _names_of(group: ColumnGroup) -> tuple[str, ...]:
    if group in _AS_THEY_ARE:
        return _AS_THEY_ARE[group]
    stems = [f"held_{lag}_months_before" for lag in LAGS if lag > 1] if group is ColumnGroup.OLDER_LAG_BITS else [str(group)]
    return tuple(f"{stem}.{product}" for stem in stems for product in PRODUCT_NAMES)


def bits_of(masks: npt.NDArray[np.integer]) -> Bits:
    """Bitmasks (rows) to 0/1 (rows x 24), column i = bit i."""
    as_bytes = np.ascontiguousarray(masks, dtype="<i4").view(np.uint8).reshape(-1, 4)
    return np.unpackbits(as_bytes, axis=1, count=N_PRODUCTS, bitorder="little")


class _Window:
    """The five months before, read from the bitmask features when a group asks for them."""

    def __init__(self, features: Features) -> None:
        self._features = features

    def mask(self, name: str) -> tuple[Masks, npt.NDArray[np.bool_]]:
        """A bitmask feature with 0 for null, and where it is null."""
        column = _column(self._features, name)
        unknown = column.is_null().to_numpy(zero_copy_only=False)
        return np.asarray(_filled(column.cast(pa.int32()), 0), dtype=np.int32), unknown

    @cached_property
    def lags(self) -> list[Masks]:
        """Holdings 1 to 5 months before, 0 where unknown."""
        return [mask for mask, _ in self._read]

    @cached_property
    def unknown(self) -> list[npt.NDArray[np.bool_]]:
        """Where each of the five months has no holdings."""
        return [unknown for _, unknown in self._read]

    @cached_property
    def empty(self) -> npt.NDArray[np.bool_]:
        """Rows without any known month."""
        return np.asarray(np.logical_and.reduce(self.unknown), dtype=np.bool_)

    @cached_property
    def _read(self) -> list[tuple[Masks, npt.NDArray[np.bool_]]]:
        return [self.mask(f"holdings_lag_{lag}") for lag in LAGS]


def _lag_1_bits(window: _Window, block: Matrix) -> None:
    mask, unknown = window.mask("holdings_lag_1")
    block[:] = bits_of(mask)
    block[unknown] = np.nan


def _older_lag_bits(window: _Window, block: Matrix) -> None:
    for position in range(1, HISTORY_MONTHS):
        columns = block[:, (position - 1) * N_PRODUCTS : position * N_PRODUCTS]
        columns[:] = bits_of(window.lags[position])
        columns[window.unknown[position]] = np.nan


def _months_held(window: _Window, block: Matrix) -> None:
    held = bits_of(window.lags[0])
    for mask in window.lags[1:]:
        held += bits_of(mask)
    block[:] = held
    block[window.empty] = np.nan


def _held_lately(window: _Window, block: Matrix) -> None:
    _months_held(window, block)
    block += bits_of(window.lags[0]) * np.float32(HISTORY_MONTHS + 1)


def _months_since_held(window: _Window, block: Matrix) -> None:
    block[:] = 0
    for lag in reversed(LAGS):
        np.copyto(block, np.float32(lag), where=bits_of(window.lags[lag - 1]).view(np.bool_))
    block[window.empty] = np.nan


def _months_since_added(window: _Window, block: Matrix) -> None:
    months = np.zeros(block.shape, dtype=np.uint8)
    nothing_known = np.zeros(len(block), dtype=np.bool_)
    for plane in range(_ADDED_PLANES):
        mask, unknown = window.mask(f"months_since_added_bit_{plane}")
        months += bits_of(mask) << plane
        nothing_known |= unknown
    block[:] = months
    block[nothing_known] = np.nan


def _times(happened: Callable[[Masks, Masks], Masks]) -> Callable[[_Window, Matrix], None]:
    """Count over the pairs of known months that follow each other; ``happened`` gets the earlier and the later holdings."""

    def count(window: _Window, block: Matrix) -> None:
        times = np.zeros(block.shape, dtype=np.uint8)
        no_pair = np.ones(len(block), dtype=np.bool_)
        for later in range(HISTORY_MONTHS - 1):
            pair_known = ~(window.unknown[later] | window.unknown[later + 1])
            times += bits_of(np.where(pair_known, happened(window.lags[later + 1], window.lags[later]), 0))
            no_pair &= ~pair_known
        block[:] = times
        block[no_pair] = np.nan

    return count


_PER_PRODUCT: dict[ColumnGroup, Callable[[_Window, Matrix], None]] = {
    ColumnGroup.LAG_1_BITS: _lag_1_bits,
    ColumnGroup.OLDER_LAG_BITS: _older_lag_bits,
    ColumnGroup.MONTHS_HELD: _months_held,
    ColumnGroup.HELD_LATELY: _held_lately,
    ColumnGroup.MONTHS_SINCE_HELD: _months_since_held,
    ColumnGroup.MONTHS_SINCE_ADDED: _months_since_added,
    ColumnGroup.TIMES_ADDED: _times(lambda before, after: after & ~before),
    ColumnGroup.TIMES_CLOSED: _times(lambda before, after: before & ~after),
    ColumnGroup.TIMES_KEPT: _times(lambda before, after: before & after),
    ColumnGroup.TIMES_ABSENT: _times(lambda before, after: ~before & ~after),
}


def integers(features: Features, name: str, unknown: int) -> Integers:
    """A feature of whole numbers or booleans (rows), with ``unknown`` where it is null."""
    return np.asarray(_filled(_column(features, name).cast(pa.int64()), unknown), dtype=np.int64)


def _numbers(features: Features, name: str) -> Matrix:
    return np.asarray(_filled(_column(features, name).cast(pa.float32(), safe=False), np.nan), dtype=np.float32)


def _filled(numbers: "pa.Array", value: float) -> npt.NDArray[np.generic]:
    """The numbers with a value for null; most columns have none, and are not copied for it."""
    known = numbers.fill_null(value) if numbers.null_count else numbers
    return np.asarray(known.to_numpy(zero_copy_only=False))


def _column(features: Features, name: str) -> "pa.Array":
    position = features.schema.get_field_index(name)
    if position < 0:
        raise InputError(f"the feature rows have no column '{name}', which the model needs")
    column = features.column(position)
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
