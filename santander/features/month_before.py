"""A month of customers as the months after it look back on it: found by customer, without a join."""

from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from santander.features.customer_files import CustomerFiles
from santander.features.history import UNKNOWN, Bitmasks
from santander.features.profile import base_36

NO_ROW = -1
MOST_SPARSE = 16
"""Customer ids that are given out one after the other are looked up in a table by id, unless it had this many places a row."""

LAST_READ = ("relation_type", "is_active")
"""Columns that only the month right before is asked for."""

Ids = npt.NDArray[np.int64]
Positions = npt.NDArray[np.int32]


class MonthBefore:
    """The rows of a month before, of which each customer has one at the most."""

    def __init__(self, rows: pa.Table) -> None:
        self._last = rows.select([name for name in LAST_READ if name in rows.column_names])  # the ids go once they are indexed
        self._holdings = rows.column("holdings").combine_chunks().fill_null(UNKNOWN).to_numpy()
        self._index = _index_of(rows.column("customer_id").to_numpy())

    @classmethod
    def read(cls, files: CustomerFiles, *, is_last: bool) -> Self:
        """The month in these files; the month right before knows relation type and activity too."""
        return cls(files.read(("customer_id", "holdings", *(LAST_READ if is_last else ()))))

    def positions(self, customers: Ids) -> Positions:
        """The row of each of the customers, NO_ROW for one who has none."""
        return self._index.positions(customers)

    def holdings(self, positions: Positions) -> Bitmasks:
        """The products held in these rows, UNKNOWN without a row or without products."""
        return np.where(positions == NO_ROW, UNKNOWN, self._holdings[positions])

    def last(self, positions: Positions) -> dict[str, pa.Array]:
        """The features ``relation_type_last`` and ``was_active`` of these rows."""
        rows = pa.array(positions, mask=positions == NO_ROW)
        return {
            "relation_type_last": base_36(self._last.column("relation_type").combine_chunks()).take(rows),
            "was_active": self._last.column("is_active").combine_chunks().take(rows),
        }


class _ById:
    """Positions in a table with a place for every id up to the highest."""

    def __init__(self, ids: Ids) -> None:
        self._places = np.full(int(ids.max()) + 1, NO_ROW, np.int32)
        self._places[ids] = np.arange(len(ids), dtype=np.int32)

    def positions(self, customers: Ids) -> Positions:
        found = self._places[np.minimum(customers, len(self._places) - 1)]
        return np.where(customers < len(self._places), found, NO_ROW)


class _ByOrder:
    """Positions by the order of the ids, for ids far apart."""

    def __init__(self, ids: Ids) -> None:
        self._order = np.argsort(ids).astype(np.int32)
        self._ids = ids[self._order]

    def positions(self, customers: Ids) -> Positions:
        places = np.minimum(np.searchsorted(self._ids, customers), len(self._ids) - 1)
        return np.where(self._ids[places] == customers, self._order[places], NO_ROW)


def _index_of(ids: Ids) -> _ById | _ByOrder:
    return _ById(ids) if ids.max() < MOST_SPARSE * len(ids) else _ByOrder(ids)
