"""A month of customers as the months after it look back on it, found by customer without a join, and the features made of one.

Features of the history family that are one column of the month right before, as it stood then, are made from the rows of that
month, so each is a boolean or a whole number from 0; null for a customer without a row then.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from santander.features.codes import base_36
from santander.features.history import UNKNOWN, Bitmasks
from santander.features.made import Made
from santander.lake.stored_month import StoredMonth, pieces
from santander.schema.features import Family
from santander.schema.types import arrow_type

LAST_MONTH = Made[pa.Table](Family.HISTORY, products=True)


@LAST_MONTH.makes("relation_type_last", reads=["relation_type"])
def relation_type_last(rows: pa.Table) -> pa.Array:
    """The letter read in base 36."""
    return base_36(rows.column("relation_type").combine_chunks())


@LAST_MONTH.makes("was_active", reads=["is_active"])
def was_active(rows: pa.Table) -> pa.Array:
    """Return the column as delivered."""
    return rows.column("is_active").combine_chunks()


def refuse_unstorable() -> None:
    """Raise ValueError for a feature whose values cannot be kept beside a number that stands for null."""
    for feature in LAST_MONTH.features:
        low = 0 if feature.range is None else feature.range.low
        if feature.type == "double" or low is None or low < 0:
            raise ValueError(f"feature '{feature.name}' must be a boolean or a whole number from 0 to be kept for the next month")


refuse_unstorable()


MOST_SPARSE = 16
"""Customer ids that are given out one after the other are looked up in a table by id, unless it had this many places a row."""

_NULL = -1
"""Stands for a missing value of what only the month right before is asked for, all of which is 0 and more."""

Ids = npt.NDArray[np.int64]
Values = npt.NDArray[np.signedinteger]


@dataclass(frozen=True, slots=True)
class MonthBefore:
    """What each customer of a month before held; of the month right before, the features of ``last_month.py`` too."""

    _index: "Index"
    _holdings: Bitmasks
    _last: "dict[str, Values] | None"

    @classmethod
    def read(cls, files: StoredMonth, *, is_last: bool, of: "Index | None" = None) -> Self:
        """The month in these files, in which each customer has one row at the most; a piece of them is held at a time.

        ``of``: the customers that will be asked for, so that nothing is kept of others; else it is all of the month.
        """
        groups = files.row_groups()
        index = of or index_of(pieces(groups, ("customer_id",)))
        holdings = index.empty(UNKNOWN, np.int32)
        last = {name: index.empty(_NULL, type_) for name, type_ in _kept_types().items()} if is_last else None
        for rows in pieces(groups, ("customer_id", "holdings", *(LAST_MONTH.reads if is_last else ()))):
            places = index.places(rows.column("customer_id").to_numpy())
            holdings[places] = _filled(rows.column("holdings"), UNKNOWN)
            if last is not None:
                for name, values in LAST_MONTH.arrays(rows).items():
                    last[name][places] = _filled(values.cast(pa.from_numpy_dtype(last[name].dtype)), _NULL)
        holdings[-1] = UNKNOWN  # the place of all whom nobody will ask for
        for values in (last or {}).values():
            values[-1] = _NULL
        return cls(index, holdings, last)

    def without_last(self) -> Self:
        """Return what the months after the next one need of it."""
        return replace(self, _last=None)

    def places(self, customers: Ids) -> Ids:
        """Return the positions at which the other methods find each of the customers."""
        return self._index.places(customers)

    def holdings(self, places: Ids) -> Bitmasks:
        """The products held, UNKNOWN without a row or without products."""
        return self._holdings[places]

    def last(self, places: Ids) -> dict[str, pa.Array]:
        """The features of ``last_month.py``, null for who has no row."""
        if self._last is None:
            raise RuntimeError("read without what the month right before is asked for")
        found = {name: values[places] for name, values in self._last.items()}
        return {
            each.name: pa.array(found[each.name], mask=found[each.name] == _NULL).cast(arrow_type(each.type))
            for each in LAST_MONTH.features
        }


class Index(ABC):
    """A place for each of some customers, and one more, the last, for everybody else."""

    def __init__(self, ids: Ids) -> None:
        self._nobody = len(ids)

    def empty(self, value: int, type_: type[np.signedinteger]) -> Values:
        """The value at every place."""
        return np.full(self._nobody + 1, value, type_)

    @abstractmethod
    def places(self, customers: Ids) -> Ids:
        """The place of each of the customers."""


class _ByTable(Index):
    """Looked up in a table by id, from the lowest to the highest."""

    def __init__(self, ids: Ids, lowest: int, highest: int) -> None:
        super().__init__(ids)
        self._lowest = lowest
        self._place = np.full(highest - lowest + 2, self._nobody, np.int32)
        self._place[ids - lowest] = np.arange(len(ids), dtype=np.int32)

    def places(self, customers: Ids) -> Ids:
        """The place of each of the customers."""
        above = (customers - self._lowest).view(np.uint64)  # an id below the lowest is a huge number then
        return np.asarray(self._place[np.minimum(above, np.uint64(len(self._place) - 1))], np.int64)


class _ByOrder(Index):
    """Looked up in the ids in order, for ids far apart."""

    def __init__(self, ids: Ids) -> None:
        super().__init__(ids)
        self._ids = np.sort(ids)

    def places(self, customers: Ids) -> Ids:
        """The place of each of the customers."""
        places = np.searchsorted(self._ids, customers)
        found = self._ids[np.minimum(places, len(self._ids) - 1)] == customers
        return np.where(found, places, self._nobody)


def nothing_last(customers: int) -> dict[str, pa.Array]:
    """The features of ``last_month.py`` where there is no month right before: nulls."""
    return {each.name: pa.nulls(customers, arrow_type(each.type)) for each in LAST_MONTH.features}


def _kept_types() -> dict[str, type[np.signedinteger]]:
    """Return the types in which features of ``last_month.py`` are kept: as declared, a boolean in a byte."""
    kept: dict[str, type[np.signedinteger]] = {
        "boolean": np.int8,
        "tinyint": np.int8,
        "smallint": np.int16,
        "int": np.int32,
        "bigint": np.int64,
    }
    return {each.name: kept[each.type] for each in LAST_MONTH.features}


def index_of(parts: Iterable[pa.Table]) -> Index:
    """Return a place for each ``customer_id``, which come in pieces."""
    ids = np.concatenate([np.empty(0, np.int64), *(part.column("customer_id").to_numpy() for part in parts)])
    lowest, highest = (int(ids.min()), int(ids.max())) if len(ids) else (0, 0)
    return _ByTable(ids, lowest, highest) if highest - lowest < MOST_SPARSE * max(1, len(ids)) else _ByOrder(ids)


def _filled(column: pa.ChunkedArray | pa.Array, value: int) -> Values:
    return np.asarray(column.fill_null(value).to_numpy())
