"""The declaration of features as Feast fields."""

from collections.abc import Iterable

from feast import Field
from feast.types import Bool, FeastType, Float64, Int32, Int64

from santander.schema.features import Feature

_FEAST_TYPES: dict[str, FeastType] = {
    "boolean": Bool,
    "tinyint": Int32,
    "smallint": Int32,
    "int": Int32,
    "bigint": Int64,
    "double": Float64,
}
"""Spark SQL type to Feast type; Feast has no integers under 32 bits. Retrieved frames keep the Spark type."""


def feast_fields(features: Iterable[Feature]) -> list[Field]:
    """Return one field a feature, in order, with its meaning."""
    return [Field(name=each.name, dtype=_FEAST_TYPES[each.type], description=each.meaning) for each in features]
