"""The types of columns: what the catalogue calls them, as Spark, Arrow and Delta call them."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

if TYPE_CHECKING:
    from deltalake.schema import ArrayType as DeltaArray
    from deltalake.schema import DataType as DeltaType
    from deltalake.schema import PrimitiveType as DeltaPrimitive
    from pyspark.sql.types import DataType


class _Type(NamedTuple):
    spark: str
    """The class in ``pyspark.sql.types``."""
    arrow: pa.DataType
    delta: str


_TYPES: dict[str, _Type] = {
    "boolean": _Type("BooleanType", pa.bool_(), "boolean"),
    "tinyint": _Type("ByteType", pa.int8(), "byte"),
    "smallint": _Type("ShortType", pa.int16(), "short"),
    "int": _Type("IntegerType", pa.int32(), "integer"),
    "bigint": _Type("LongType", pa.int64(), "long"),
    "double": _Type("DoubleType", pa.float64(), "double"),
    "string": _Type("StringType", pa.string(), "string"),
    "date": _Type("DateType", pa.date32(), "date"),
    "timestamp": _Type("TimestampType", pa.timestamp("us", tz="UTC"), "timestamp"),
    "binary": _Type("BinaryType", pa.binary(), "binary"),
}
"""By the name of Spark SQL, which the catalogue uses. A list of them is written ``array<double>``."""


def _element_of(name: str) -> str | None:
    """Return the type of the elements when ``name`` is that of a list, else None."""
    return name[len("array<") : -1] if name.startswith("array<") else None


def spark_type(name: str) -> "DataType":
    """Return the Spark type of a catalogue's type name; raises KeyError for an unknown one."""
    from pyspark.sql import types as T

    if (element := _element_of(name)) is not None:
        return T.ArrayType(spark_type(element))
    made: DataType = getattr(T, _TYPES[name].spark)()
    return made


def arrow_type(name: str) -> pa.DataType:
    """Return the Arrow type of a catalogue's type name; raises KeyError for an unknown one."""
    return _TYPES[name].arrow if (element := _element_of(name)) is None else pa.list_(arrow_type(element))


def delta_type(name: str) -> "DeltaArray | DeltaPrimitive":
    """Return the type of ``deltalake`` of a catalogue's type name; raises KeyError for an unknown one."""
    from deltalake.schema import ArrayType, PrimitiveType

    if (element := _element_of(name)) is not None:
        return ArrayType(delta_type(element))
    return PrimitiveType(_TYPES[name].delta)


def type_name(type_: "pa.DataType | DeltaType") -> str:
    """Return what the catalogue calls a type of Arrow or Delta; where it has no name for it, the type's own."""
    if isinstance(type_, pa.DataType):
        return next((name for name, each in _TYPES.items() if each.arrow == type_), f"Arrow's {type_}")
    if element := getattr(type_, "element_type", None):
        return f"array<{type_name(element)}>"
    own = str(getattr(type_, "type", type_))
    return next((name for name, each in _TYPES.items() if each.delta == own), own)


def arrow_schema(columns: Iterable[tuple[str, str]]) -> pa.Schema:
    """Return the Arrow schema of pairs of name and type name."""
    return pa.schema([pa.field(name, arrow_type(type_)) for name, type_ in columns])


def file_schema(columns: Iterable[tuple[str, str]]) -> pa.Schema:
    """Return the same for rows on their way into a parquet file: texts as dictionaries, which is how a file has them."""
    dictionary = pa.dictionary(pa.int32(), pa.string())
    return pa.schema([pa.field(name, dictionary if type_ == "string" else arrow_type(type_)) for name, type_ in columns])
