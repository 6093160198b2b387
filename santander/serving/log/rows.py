"""Records of segments as rows of the table ``predictions``."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from santander.schema.catalogue import PREDICTIONS
from santander.schema.months import Month
from santander.schema.products import PRODUCT_NAMES
from santander.schema.types import arrow_schema
from santander.serving.log.ring import LISTS, SOURCES
from santander.serving.log.segments import Block, Records

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa


def rows_of(log: str, block: Block, wanted: "npt.NDArray[np.bool_]") -> "pa.Table":
    """Return a row for each wanted record of a block; a code that stands for nothing becomes null."""
    import pyarrow as pa

    records, features = block.records[wanted], _features(block)
    listed = records["products"] < len(PRODUCT_NAMES)
    offsets = pa.array(np.concatenate([[0], np.cumsum(listed.sum(axis=1))]), pa.int32())
    chances = records["chances"][listed].astype(np.float64)
    micros = records["time_ns"] // 1000
    ids = records["customer_id"]
    columns = {
        "log": np.full(len(records), log),
        "sequence": records["sequence"].astype(np.int64),
        "request_id": [bytes(each).hex() for each in records["request_id"]],
        "day": pa.array(micros, pa.timestamp("us")).cast(pa.date32(), safe=False),
        "time": pa.array(micros, pa.timestamp("us", tz="UTC")),
        "customer_id": pa.array(ids, pa.int64(), mask=ids < 0),
        "month": [str(Month(each // 12, each % 12 + 1)) for each in records["month"].tolist()],
        "model_version": records["version"].astype(np.int32),
        "source": _named(records["source"], SOURCES),
        "list": _named(records["list"], LISTS),
        "products": pa.ListArray.from_arrays(offsets, pa.array(PRODUCT_NAMES).take(pa.array(records["products"][listed]))),
        "chances": pa.ListArray.from_arrays(offsets, pa.array(chances, mask=np.isnan(chances))),
        "key_name": [name or None for name in _named(records["key"], block.names)],
        "milliseconds": records["microseconds"] / 1000,
        "features": [features[place] if features else None for place in np.flatnonzero(wanted)],
    }
    schema = arrow_schema(PREDICTIONS.columns)
    return pa.table([pa.array(columns[name], type_) for name, type_ in zip(schema.names, schema.types, strict=True)], schema)


def _named(codes: Records, names: Sequence[str]) -> list[str | None]:
    return [names[code] if code < len(names) else None for code in codes.tolist()]


def _features(block: Block) -> list[bytes | None]:
    """The features of each record; none at all where no record has any."""
    if not block.features:
        return []
    ends = np.cumsum(block.records["features"], dtype=np.int64)
    begins = ends - block.records["features"]
    return [block.features[begin:end] or None for begin, end in zip(begins, ends, strict=True)]
