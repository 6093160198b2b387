"""The features that a list was made from, as JSON: they go into the log with each answer, so they are written at once."""

import math
from collections.abc import Sequence

import pyarrow as pa

_FLAGS = {True: "true", False: "false", None: "null"}


class UsedFeatures:
    """Writes some features of rows, in an order that is always the same."""

    def __init__(self, names: Sequence[str]) -> None:
        """Names are those of features, which need no escapes."""
        self._names = names
        self._object = "{" + ", ".join(f'"{name}": %s' for name in names) + "}"

    def of(self, features: pa.RecordBatch) -> list[str]:
        """Return a JSON object for each row; null where a feature is unknown."""
        return [self._object % values for values in zip(*(_texts(features.column(name)) for name in self._names), strict=True)]


def _texts(column: pa.Array) -> list[str]:
    values = column.to_pylist()
    if pa.types.is_boolean(column.type):
        return [_FLAGS[value] for value in values]
    if pa.types.is_floating(column.type):
        return ["null" if value is None or not math.isfinite(value) else repr(value) for value in values]
    return ["null" if value is None else str(value) for value in values]
