"""All features of one customer in one month as one value of bytes, and back.

Layout of a value, little-endian, without padding: four bytes that fingerprint the declaration, the snapshot date as
days since 1970, one bit a feature that says whether it is known, then every feature in the order of the declaration
with the width of its type. Unknown ones are zero. Types and nulls survive exactly; a null and a NaN stay apart.
"""

import json
import zlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from santander.errors import SantanderError
from santander.schema.catalogue import ONLINE_FEATURES, PARTITION
from santander.schema.features import FEATURE_SET, FEATURES, Feature
from santander.schema.types import arrow_schema, arrow_type

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from typing_extensions import Buffer

ONLINE_VIEW = "next_products_online"
ONLINE_SERVICE = f"{FEATURE_SET}_online"
PACKED = "packed"
"""The one feature of the online view, a column of the table ``online_features``."""


_WIDTHS = {"boolean": "?", "tinyint": "<i1", "smallint": "<i2", "int": "<i4", "bigint": "<i8", "double": "<f8"}


class OtherLayout(SantanderError):
    """A packed value was written under another declaration of features."""

    def __init__(self) -> None:
        super().__init__("the online store holds features of another declaration", hint="run 'santander materialize' again")


class PackedFeature(NamedTuple):
    """A feature as far as its place in a value goes."""

    name: str
    type: str


class Layout:
    """How the features of one declaration lie in a value."""

    def __init__(self, features: Sequence[Feature | PackedFeature] = FEATURES) -> None:
        self.features = tuple(features)
        declared = json.dumps([[each.name, each.type] for each in self.features])
        self.fingerprint = zlib.crc32(declared.encode())
        self._record = np.dtype(
            [
                ("fingerprint", "<u4"),
                ("snapshot", "<i4"),
                ("known", "u1", ((len(self.features) + 7) // 8,)),
                *((f"feature {each.name}", _WIDTHS[each.type]) for each in self.features),
            ]
        )

    @property
    def size(self) -> int:
        """Bytes of one value."""
        return self._record.itemsize

    def pack(self, rows: pa.Table | pa.RecordBatch) -> pa.BinaryArray:
        """One binary value a row. Columns are found by name: snapshot_date and every feature, with the declared types."""
        records = np.zeros(rows.num_rows, self._record)
        records["fingerprint"] = self.fingerprint
        records["snapshot"] = rows.column(PARTITION).cast(pa.int32()).to_numpy(zero_copy_only=False)
        known = np.empty((rows.num_rows, len(self.features)), dtype=bool)
        for place, feature in enumerate(self.features):
            column = rows.column(feature.name)
            known[:, place] = column.is_valid().to_numpy(zero_copy_only=False)
            zero = pa.scalar(0).cast(arrow_type(feature.type))
            records[f"feature {feature.name}"] = column.fill_null(zero).to_numpy(zero_copy_only=False)
        records["known"] = np.packbits(known, axis=1, bitorder="little")
        bits = pa.py_buffer(cast("Buffer", records))
        fixed = pa.FixedSizeBinaryArray.from_buffers(pa.binary(self.size), rows.num_rows, [None, bits])
        return cast("pa.BinaryArray", fixed.cast(pa.binary()))

    def unpack(self, values: Sequence[bytes]) -> pa.Table:
        """snapshot_date and the features, one row a value; raises OtherLayout for a value of another declaration."""
        if any(len(value) != self.size for value in values):
            raise OtherLayout
        records = np.frombuffer(b"".join(values), np.uint8).reshape(-1, self.size)
        columns = self.columns(records, [each.name for each in self.features])
        snapshot = pa.array(records.view(self._record)["snapshot"].ravel().astype("<i4"), type=pa.int32()).cast(pa.date32())
        declared = arrow_schema([(PARTITION, "date"), *((each.name, each.type) for each in self.features)])
        return pa.Table.from_arrays([snapshot, *columns.values()], schema=declared)

    def columns(self, values: npt.NDArray[np.uint8], names: Collection[str]) -> dict[str, pa.Array]:
        """Some of the features, by name, of values as rows of bytes; raises OtherLayout for a value of another declaration."""
        records = np.ascontiguousarray(values).view(self._record).ravel()
        if (records["fingerprint"] != self.fingerprint).any():
            raise OtherLayout
        known = np.unpackbits(records["known"], axis=1, bitorder="little").view(np.bool_)
        return {
            each.name: pa.array(
                records[f"feature {each.name}"], type=arrow_type(each.type), mask=~known[:, place], from_pandas=False
            )
            for place, each in enumerate(self.features)
            if each.name in names
        }


def packed_frame(features: "DataFrame", layout: Layout) -> "DataFrame":
    """The rows of the table ``online_features`` for these feature rows; the engine's workers do the packing."""
    key = "customer_id"

    def pack_batches(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield pa.RecordBatch.from_arrays(
                [batch.column(key), batch.column(PARTITION), layout.pack(batch)], names=[key, PARTITION, PACKED]
            )

    return features.mapInArrow(pack_batches, ", ".join(f"{name} {type_}" for name, type_ in ONLINE_FEATURES.columns))
