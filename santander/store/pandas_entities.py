"""Entity rows that come as a pandas frame, as an Arrow table: so both engines get the same types, of an empty frame too."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from santander.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

_TIME = pa.timestamp("us", tz="UTC")


def arrow_entities(frame: "pd.DataFrame", keys: Collection[str], moment: str) -> pa.Table:
    """Return the rows with one type a column; where no value tells it, ``keys`` are bigint and ``moment`` is a time.

    Raises InputError, in one line, for a frame without columns and for a column whose values are of several types.
    """
    if frame.columns.empty:
        raise InputError("entity rows have no columns", hint=f"give {', '.join(sorted(keys))} and {moment}")
    untold = dict.fromkeys(keys, pa.int64()) | {moment: _TIME}
    names = {name: str(name) for name in frame.columns}
    return pa.table({shown: _column(shown, frame[name], untold.get(shown)) for name, shown in names.items()})


def _column(name: str, values: "pd.Series[Any]", untold: pa.DataType | None) -> pa.Array:
    try:
        column = pa.array(values, from_pandas=True)
        if pa.types.is_unsigned_integer(column.type):
            column = column.cast(pa.int64())  # neither engine has unsigned numbers
    except (pa.ArrowException, TypeError, OverflowError):
        types = sorted({type(value).__name__ for value in values if value is not None})
        wrong = f"mixes {' and '.join(types)}" if len(types) > 1 else f"holds {types[0]} values that are too large"
        wanted = "int64" if untold == pa.int64() else "str"
        remedy = f"df['{name}'].astype('{wanted}')"
        raise InputError(f"entity rows: {name} {wrong}", hint=f"give the column one type, as by {remedy}") from None
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if column.null_count == len(column) and (pa.types.is_null(column.type) or untold is not None):
        return pa.nulls(len(column), untold or pa.string())
    if pa.types.is_timestamp(column.type):
        return column.cast(_TIME, safe=False)  # without a zone it counts as UTC, the zone of the session
    return column
