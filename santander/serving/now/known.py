"""What the snapshot knows of customers beside what a record says: the month before, the history, the families of features."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from santander.features.history import LAGS, UNKNOWN, Bitmasks, lag_name
from santander.features.month_before import LAST_MONTH
from santander.models.family_columns import Families
from santander.schema.own_family import Entity
from santander.schema.types import arrow_type

if TYPE_CHECKING:
    from santander.serving.snapshot.reading import Snapshot

_LAST = {feature.name: arrow_type(feature.type) for feature in LAST_MONTH.features}
_LAGS = [lag_name(lag) for lag in LAGS]


class KnownCustomers:
    """Looks up what a model needs. It may be asked from several threads."""

    def __init__(self, snapshot: "Snapshot", families: Families) -> None:
        self._snapshot = snapshot
        self._own = {
            name: arrow_type(facts.type)
            for family in families.values()
            if family.entity == Entity.CUSTOMER
            for name, facts in family.features.items()
        }
        self._by_key = [
            (family.entity, name, arrow_type(facts.type), snapshot.entity_features[family_name])
            for family_name, family in families.items()
            if family.entity != Entity.CUSTOMER
            for name, facts in family.features.items()
        ]

    @property
    def of_customers(self) -> list[str]:
        """The features that are unknown of who is not in the snapshot, whatever a record says."""
        return [*_LAST, *self._own]

    def rows(self, ids: Sequence[int]) -> npt.NDArray[np.int64]:
        """Return the row of each customer in the snapshot, -1 for who is in none."""
        found = (self._snapshot.row(each) for each in ids)
        return np.array([-1 if row is None else row for row in found], np.int64)

    def last(self, rows: npt.NDArray[np.int64]) -> dict[str, pa.Array]:
        """The features of the month before."""
        return self._of(rows, _LAST)

    def lags(self, rows: npt.NDArray[np.int64]) -> list[Bitmasks]:
        """The products held one, two … five months before, UNKNOWN where that is not known."""
        of_rows = self._of(rows, dict.fromkeys(_LAGS, pa.int32()))
        return [np.asarray(of_rows[name].fill_null(UNKNOWN).to_numpy()) for name in _LAGS]

    def families(self, rows: npt.NDArray[np.int64], keys: Mapping[str, Sequence[object]]) -> dict[str, pa.Array]:
        """The features of the families; ``keys`` has the province and the segment of each row."""
        found = self._of(rows, self._own)
        for entity, name, type_, of_keys in self._by_key:
            place = of_keys.features.index(name)
            of_rows = (of_keys.rows.get(str(key)) for key in keys[entity])
            found[name] = pa.array([None if values is None else values[place] for values in of_rows], type_)
        return found

    def _of(self, rows: npt.NDArray[np.int64], types: Mapping[str, pa.DataType]) -> dict[str, pa.Array]:
        known = rows >= 0
        if not types or not known.any():
            return {name: pa.nulls(len(rows), type_) for name, type_ in types.items()}
        columns = self._snapshot.layout.columns(self._snapshot.features[rows[known]], types)
        if known.all():
            return {name: columns[name] for name in types}
        places = pa.array(np.cumsum(known) - 1, mask=~known)
        return {name: columns[name].take(places) for name in types}
