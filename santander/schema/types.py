"""Spark SQL type names as Arrow types, for the places where rows are made outside the engine."""

from collections.abc import Iterable

import pyarrow as pa

_TYPES: dict[str, pa.DataType] = {
    "boolean": pa.bool_(),
    "tinyint": pa.int8(),
    "smallint": pa.int16(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "string": pa.string(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "binary": pa.binary(),
}


def arrow_type(name: str) -> pa.DataType:
    """The Arrow type of a Spark SQL type name such as ``int`` or ``array<double>``."""
    return pa.list_(arrow_type(name[6:-1])) if name.startswith("array<") else _TYPES[name]


def arrow_schema(columns: Iterable[tuple[str, str]]) -> pa.Schema:
    """The Arrow schema of pairs of name and Spark SQL type name."""
    return pa.schema([pa.field(name, arrow_type(type_)) for name, type_ in columns])


def file_schema(columns: Iterable[tuple[str, str]]) -> pa.Schema:
    """The same for rows on their way into a parquet file: texts as dictionaries, which is how a file has them."""
    dictionary = pa.dictionary(pa.int32(), pa.string())
    return pa.schema([pa.field(name, dictionary if type_ == "string" else arrow_type(type_)) for name, type_ in columns])
