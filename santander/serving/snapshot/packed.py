"""The features of a month's customers packed, a row each, with those of the user's families that the model reads."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from santander.features.codes import segment_number
from santander.schema.catalogue import FEATURES_TABLE, PARTITION
from santander.schema.features import FEATURE_NAMES
from santander.schema.months import Month
from santander.schema.own_family import Entity, OwnFamily
from santander.schema.types import arrow_type
from santander.serving.snapshot.lists import Ids, positions
from santander.serving.snapshot.month_rows import rows_of_month
from santander.store.packing import Layout

if TYPE_CHECKING:
    from santander.lake.lake import Lake


@dataclass(frozen=True)
class FamilyRows:
    """The rows of a family in a month, to be looked up by its key."""

    family: OwnFamily
    rows: pa.Table

    @classmethod
    def of(cls, lake: "Lake", family: OwnFamily, month: Month) -> "FamilyRows":
        """Read them."""
        names = [family.entity.value, *(feature.name for feature in family.features)]
        schema = pa.schema([(name, arrow_type(dict(family.table.columns)[name])) for name in names])
        pieces = (rows.cast(schema) for rows in rows_of_month(lake, family.table, month, names))
        return cls(family, pa.concat_tables([schema.empty_table(), *pieces]).combine_chunks())

    def features_of(self, customers: pa.Table) -> Iterator[tuple[str, pa.Array]]:
        """Return each feature for these rows of features, null where the family has no row."""
        at = pc.index_in(customers[self._key].combine_chunks(), value_set=self._keys)
        for feature in self.family.features:
            yield feature.name, self.rows[feature.name].combine_chunks().take(at)

    def by_key(self) -> dict[str, Any]:
        """Return the rows of provinces or segments by their keys, as they are stored."""
        names = [feature.name for feature in self.family.features]
        rows = {str(row[self.family.entity.value]): [row[name] for name in names] for row in self.rows.to_pylist()}
        return {"entity": self.family.entity.value, "features": names, "rows": rows}

    @property
    def _key(self) -> str:
        """Column of features with the key; that of the segment is a number there."""
        return self.family.entity.value

    @property
    def _keys(self) -> pa.Array:
        keys = self.rows[self.family.entity.value].combine_chunks()
        return segment_number(keys.dictionary_encode()) if self.family.entity is Entity.SEGMENT else keys


def packed_features(
    lake: "Lake", month: Month, ids: Ids, layout: Layout, families: Sequence[FamilyRows]
) -> npt.NDArray[np.uint8]:
    """Return a packed value for each customer (rows x ``layout.size``)."""
    packed = np.zeros((len(ids), layout.size), np.uint8)
    snapshot = pa.scalar(month.snapshot, pa.date32())
    for piece in rows_of_month(lake, FEATURES_TABLE, month, ["customer_id", *FEATURE_NAMES]):
        at, known = positions(ids, piece["customer_id"].to_numpy())
        rows = piece.filter(pa.array(known)).combine_chunks()
        columns: dict[str, pa.Array | pa.ChunkedArray] = {name: rows[name] for name in FEATURE_NAMES}
        columns |= {name: column for family in families for name, column in family.features_of(rows)}
        values = layout.pack(pa.table({PARTITION: pa.repeat(snapshot, rows.num_rows), **columns}))
        packed[at[known]] = np.frombuffer(b"".join(values.to_pylist()), np.uint8).reshape(-1, layout.size)
    return packed
