"""Results as plain values: frozen dataclasses written as JSON shows them, and read back, in one place.

A field is a key. Months, paths, dates and members of enumerations are written as text, tuples as lists; so is, below the record
itself, a dataclass that has a text of its own (``__str__``), such as a month.
"""

import dataclasses
import datetime as dt
import enum
import functools
import types
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_args, get_origin

if TYPE_CHECKING:
    from _typeshed import DataclassInstance
    from pydantic import TypeAdapter

R = TypeVar("R", bound="DataclassInstance")
T = TypeVar("T")

_INLINE = "inline"
Inline = Annotated[T, _INLINE]
"""Type of a field whose own fields are written beside those of the record, not below its name; None writes nothing."""

_UNWRITTEN = "unwritten"
Unwritten = Annotated[T, _UNWRITTEN]
"""Type of a field that is not written: what stands in it is written otherwise, by a property."""

ALSO_WRITTEN = "ALSO_WRITTEN"
"""Class attribute of a record that names the properties which are written with its fields."""


def plain(record: "DataclassInstance") -> dict[str, Any]:
    """Return a record as JSON shows it: a key for each field."""
    written: dict[str, Any] = {}
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        if not _is(_INLINE, field):
            written |= {} if _is(_UNWRITTEN, field) else {field.name: plain_value(value)}
        elif value is not None:
            written |= plain(value)
    return written | {name: plain_value(getattr(record, name)) for name in getattr(record, ALSO_WRITTEN, ())}


def plain_value(value: Any) -> Any:
    """Return a value as JSON shows it; what JSON has no form for is written as text."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, enum.Enum):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type) and type(value).__str__ is object.__str__:
        return plain(value)
    if isinstance(value, Mapping):
        return {str(key): plain_value(each) for key, each in value.items()}
    if isinstance(value, list | tuple | AbstractSet):
        return [plain_value(each) for each in value]
    return value.isoformat() if isinstance(value, dt.datetime) else str(value)


def record_of_row(record: type[R], row: Mapping[str, Any]) -> R:
    """Return a row of a table as a record: its fields are columns; a column that the row lacks has the field's default."""
    return record(**{field.name: row[field.name] for field in dataclasses.fields(record) if field.name in row})


def read_record(record: type[R], written: Mapping[str, Any]) -> R:
    """Return the record that was written as these plain values.

    Keys it does not know are passed over, and fields that an earlier release did not write have their defaults. Raises
    pydantic's ValidationError where a field without a default is missing or is of another type.
    """
    given = dict(written)
    for field in dataclasses.fields(record):
        if _is(_INLINE, field):
            given[field.name] = written if _required(_record_of(field)) <= written.keys() else None
    read: R = _reader(record).validate_python(given)
    return read


@functools.cache
def _reader(record: type[R]) -> "TypeAdapter[R]":
    from pydantic import TypeAdapter

    return TypeAdapter(record)


def _required(record: Any) -> set[str]:
    return {field.name for field in dataclasses.fields(record) if field.default is field.default_factory is dataclasses.MISSING}


def _is(kind: str, field: "dataclasses.Field[Any]") -> bool:
    if isinstance(field.type, str):  # of a class that is imported for the checker of types alone
        return field.type.startswith(f"{kind.capitalize()}[")
    return get_origin(field.type) is Annotated and kind in get_args(field.type)


def _record_of(field: "dataclasses.Field[Any]") -> Any:
    """Return the class of the record in an inline field, of ``X | None`` the X."""
    held = get_args(field.type)[0]
    return next(each for each in get_args(held) if each is not types.NoneType) if isinstance(held, types.UnionType) else held
