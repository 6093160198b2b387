"""Feature rows to the columns of a model: bitmasks become one column per product.

Training, batch scoring and online scoring all expand here, so they cannot disagree. The table stays small (five
bitmasks instead of 120 columns) and a model picks the groups it wants.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from santander.errors import InputError, SantanderError
from santander.schema.column_groups import ColumnGroup
from santander.schema.features import FEATURES, HISTORY_MONTHS, Family
from santander.schema.products import N_PRODUCTS, PRODUCT_NAMES

Matrix = npt.NDArray[np.float32]
Bits = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]
Masks = npt.NDArray[np.int32]
Features: TypeAlias = "pa.Table | pa.RecordBatch | ReadOnce"
Column: TypeAlias = "pa.Array | list[Any]"
"""Values of a feature, None or null where unknown."""
T = TypeVar("T")

LAGS = range(1, HISTORY_MONTHS + 1)
_ADDED_PLANES = 3


_OF_FAMILY = {
    Family.PROFILE: ColumnGroup.PROFILE,
    Family.SEASON: ColumnGroup.SEASON,
    Family.HISTORY: ColumnGroup.HISTORY_COUNTS,
}
_AS_THEY_ARE: dict[ColumnGroup, tuple[str, ...]] = {
    group: tuple(feature.name for feature in FEATURES if feature.family is family and not feature.is_bitmask)
    for family, group in _OF_FAMILY.items()
}
_PLAIN = frozenset(name for names in _AS_THEY_ARE.values() for name in names)


class ReadOnce:
    """Feature rows of which each column is read, and each array made of it, once, however many parts of a model ask for it.

    Of a few rows it is the asking that costs. What is made is shared: it cannot be written to.
    """

    def __init__(self, columns: Mapping[str, Column], rows: int) -> None:
        self.columns, self.num_rows = columns, rows
        self._made: dict[Hashable, Any] = {}

    def slice(self, start: int, length: int) -> "ReadOnce":
        """Return some of the rows; the same object where they are all."""
        if start == 0 and length >= self.num_rows:
            return self
        end = start + length
        columns = {name: column[start:end] for name, column in self.columns.items()}
        return ReadOnce(columns, max(min(length, self.num_rows - start), 0))

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what ``make`` returned when this key was first asked for."""
        if key not in self._made:
            made = self._made[key] = make()
            if isinstance(made, np.ndarray):
                made.flags.writeable = False
        found: T = self._made[key]
        return found


def once(features: Features, key: Hashable, make: Callable[[], T]) -> T:
    """Return what ``make`` returns, which rows that are read once keep by this key."""
    return features.once(key, make) if isinstance(features, ReadOnce) else make()


class UnknownColumn(SantanderError):
    """A column that no feature of this code makes, such as one of a model that was fitted on another set of features."""

    def __init__(self, name: str) -> None:
        super().__init__(f"'{name}' is no column that this code makes")


@dataclass(frozen=True)
class ColumnPlan:
    """The columns of a model in order: those of ``groups`` as declared, or ``fitted``, those that a model was fitted on.

    A group may gain a column when a feature is declared; a fitted model keeps to its own columns by their names. ``families``
    are those of a user that ``groups`` names as well, each with its features, which are columns as they are.
    """

    groups: tuple[str, ...]
    fitted: tuple[str, ...] | None = None
    families: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise UnknownColumn where ``fitted`` names what this code does not make."""
        if self.fitted is not None:
            _ = self._blocks

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The columns in order; per product they read like ``months_held.taxes``."""
        if self.fitted is not None:
            return self.fitted
        return tuple(name for group in self.groups for name in self.families.get(group) or _names_of(ColumnGroup(group)))

    @cached_property
    def features(self) -> tuple[str, ...]:
        """The features that the columns are made from, in the order of the declaration."""
        read = {name for stem, _ in self._blocks for name in (_PER_PRODUCT[stem].reads if stem in _PER_PRODUCT else (stem,))}
        return (*(feature.name for feature in FEATURES if feature.name in read), *(name for name in self._own if name in read))

    def matrix(self, features: Features) -> Matrix:
        """Expand feature rows to (rows x columns) float32. What is not known is NaN, never 0.

        A month without a row (a null lag) makes its 24 columns NaN; figures over the window are NaN when no month
        of it is known. Raises InputError when a feature that the plan needs is not among the columns.
        """
        return once(features, self.names, lambda: self._expanded(features))

    def _expanded(self, features: Features) -> Matrix:
        window = once(features, _Window, lambda: _Window(features))
        matrix = np.empty((features.num_rows, len(self.names)), dtype=np.float32)
        for stem, start in self._blocks:
            if stem in _PER_PRODUCT:
                _PER_PRODUCT[stem].expand(window, matrix[:, start : start + N_PRODUCTS])
            else:
                matrix[:, start] = numbers(features, stem)
        return matrix

    @property
    def _own(self) -> tuple[str, ...]:
        return tuple(name for names in self.families.values() for name in names)

    @cached_property
    def _blocks(self) -> tuple[tuple[str, int], ...]:
        """Return the sources of the columns, each with its first column: a feature, or the stem of a figure per product."""
        blocks, start, plain = [], 0, _PLAIN.union(self._own)
        while start < len(self.names):
            stem = self.names[start].partition(".")[0]
            width = N_PRODUCTS if stem in _PER_PRODUCT else 1
            made = _columns_of(stem) if stem in _PER_PRODUCT else (stem,) if stem in plain else ()
            if self.names[start : start + width] != made:
                raise UnknownColumn(next(n for n in self.names[start : start + width] if n not in made))
            blocks.append((stem, start))
            start += width
        return tuple(blocks)


def _names_of(group: ColumnGroup) -> tuple[str, ...]:
    if group in _AS_THEY_ARE:
        return _AS_THEY_ARE[group]
    stems = [f"held_{lag}_months_before" for lag in LAGS if lag > 1] if group is ColumnGroup.OLDER_LAG_BITS else [str(group)]
    return tuple(name for stem in stems for name in _columns_of(stem))


def _columns_of(stem: str) -> tuple[str, ...]:
    return tuple(f"{stem}.{product}" for product in PRODUCT_NAMES)


@dataclass(frozen=True, slots=True)
class ProductFigure:
    """A column of one product: its figure, such as ``months_held``, the product's bit, and the values that tell of a change."""

    stem: str
    bit: int
    changes: tuple[int, ...]


def product_figure(column: str) -> ProductFigure | None:
    """Return what a column says of a product; None for a column that is a feature as it is."""
    stem, _, product = column.partition(".")
    return ProductFigure(stem, PRODUCT_NAMES.index(product), _PER_PRODUCT[stem].changes) if product else None


def bits_of(masks: npt.NDArray[np.integer]) -> Bits:
    """Bitmasks (rows) to 0/1 (rows x 24), column i = bit i."""
    as_bytes = np.ascontiguousarray(masks, dtype="<i4").view(np.uint8).reshape(-1, 4)
    return np.unpackbits(as_bytes, axis=1, count=N_PRODUCTS, bitorder="little")


class _Window:
    """The five months before, read from the bitmask features when a group asks for them."""

    def __init__(self, features: Features) -> None:
        self._features = features
        self._read: dict[int, tuple[Masks, npt.NDArray[np.bool_]]] = {}

    def mask(self, name: str) -> tuple[Masks, npt.NDArray[np.bool_]]:
        """A bitmask feature with 0 for null, and where it is null."""
        column = _column(self._features, name)
        masks = column if column.type == pa.int32() else column.cast(pa.int32())
        unknown = column.is_null().to_numpy(zero_copy_only=False) if column.null_count else np.zeros(len(column), np.bool_)
        return np.asarray(_filled(masks, 0), dtype=np.int32), unknown

    @cached_property
    def lags(self) -> list[Masks]:
        """Holdings 1 to 5 months before, 0 where unknown."""
        return [self.lag(lag)[0] for lag in LAGS]

    @cached_property
    def unknown(self) -> list[npt.NDArray[np.bool_]]:
        """Return a mask of the five months without holdings."""
        return [self.lag(lag)[1] for lag in LAGS]

    @cached_property
    def empty(self) -> npt.NDArray[np.bool_]:
        """Rows without any known month."""
        return np.asarray(np.logical_and.reduce(self.unknown), dtype=np.bool_)

    def lag(self, lag: int) -> tuple[Masks, npt.NDArray[np.bool_]]:
        """Holdings so many months before, 0 where unknown, and where they are; read once."""
        if lag not in self._read:
            self._read[lag] = self.mask(f"holdings_lag_{lag}")
        return self._read[lag]


def _held(lag: int) -> "Expand":
    """Whether the product was held so many months before."""

    def held(window: _Window, block: Matrix) -> None:
        mask, unknown = window.lag(lag)
        block[:] = bits_of(mask)
        block[unknown] = np.nan

    return held


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


def _times(happened: Callable[[Masks, Masks], Masks]) -> "Expand":
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


Expand = Callable[[_Window, Matrix], None]
"""Fills a block of columns, one per product."""


@dataclass(frozen=True, slots=True)
class _PerProduct:
    """How the columns of one figure per product are made, and the features it is made from."""

    expand: Expand
    reads: tuple[str, ...] = tuple(f"holdings_lag_{lag}" for lag in LAGS)
    changes: tuple[int, ...] = ()
    """Values that tell of a change in the window; by the others a product is held throughout, or not at all."""


_PER_PRODUCT: dict[str, _PerProduct] = {
    "lag_1_bits": _PerProduct(_held(1), ("holdings_lag_1",)),
    # what an older month tells beside the month before is a change
    **{f"held_{lag}_months_before": _PerProduct(_held(lag), (f"holdings_lag_{lag}",), (0, 1)) for lag in LAGS if lag > 1},
    "months_held": _PerProduct(_months_held, changes=(1, 2, 3, 4)),
    # held the month before and in no other: opened; held before, but not then: closed
    "held_lately": _PerProduct(_held_lately, changes=(1, 2, 3, 4, 5, HISTORY_MONTHS + 2)),
    "months_since_held": _PerProduct(_months_since_held, changes=(2, 3, 4, 5)),
    "months_since_added": _PerProduct(
        _months_since_added, tuple(f"months_since_added_bit_{plane}" for plane in range(_ADDED_PLANES)), (1, 2, 3, 4)
    ),
    "times_added": _PerProduct(_times(lambda before, after: after & ~before), changes=(1, 2)),
    "times_closed": _PerProduct(_times(lambda before, after: before & ~after), changes=(1, 2)),
    "times_kept": _PerProduct(_times(lambda before, after: before & after)),
    "times_absent": _PerProduct(_times(lambda before, after: ~before & ~after)),
}
"""By the stem of the columns' names, such as ``months_held`` of ``months_held.taxes``."""


def has_column(features: Features, name: str) -> bool:
    """Whether the rows have a column of this name."""
    return name in (features.columns if isinstance(features, ReadOnce) else features.schema.names)


def integers(features: Features, name: str, unknown: int) -> Integers:
    """A feature of whole numbers or booleans (rows), with ``unknown`` where it is null."""
    return once(features, (name, unknown), lambda: _integers(_column(features, name), unknown))


def _integers(column: Column, unknown: int) -> Integers:
    if isinstance(column, list):
        return np.array([unknown if value is None else value for value in column], np.int64)
    whole = column if not column.null_count and pa.types.is_integer(column.type) else column.cast(pa.int64())
    return np.asarray(_filled(whole, unknown), dtype=np.int64)


def numbers(features: Features, name: str) -> Matrix:
    """A feature of any type (rows) as float32, NaN where it is null."""
    return once(features, (name, None), lambda: _numbers(_column(features, name)))


def _numbers(column: Column) -> Matrix:
    if isinstance(column, list):
        return np.array(column, np.float32)  # None is NaN
    return np.asarray(_filled(column.cast(pa.float32(), safe=False) if column.null_count else column, np.nan), dtype=np.float32)


def _filled(numbers: "pa.Array", value: float) -> npt.NDArray[np.generic]:
    """The numbers with a value for null; most columns have none, and are not copied for it."""
    known = numbers.fill_null(value) if numbers.null_count else numbers
    return np.asarray(known.to_numpy(zero_copy_only=False))


def _column(features: Features, name: str) -> Any:
    found = features.columns.get(name) if isinstance(features, ReadOnce) else _stored(features, name)
    if found is None:
        raise InputError(
            f"the feature rows have no column '{name}', which the model needs",
            column=name,
            hint="retrieve them by the service that the version names",
        )
    return found


def _stored(rows: "pa.Table | pa.RecordBatch", name: str) -> "pa.Array | None":
    if (position := rows.schema.get_field_index(name)) < 0:
        return None
    column = rows.column(position)
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
