"""The features that a list was made from, as JSON: they go into the log with each answer, so they are written at once."""

import json
import re
from collections.abc import Mapping, Sequence

from santander.features.expansion import Column

_NO_NUMBER = re.compile("NaN|-?Infinity")


class UsedFeatures:
    """Writes some features of rows, in an order that is always the same."""

    def __init__(self, names: Sequence[str]) -> None:
        """Names are those of features, which need no escapes."""
        self._names = names
        self._object = "{" + ", ".join(f'"{name}": %s' for name in names) + "}"

    def of(self, features: Mapping[str, Column]) -> list[str]:
        """Return a JSON object for each row; null where a feature is unknown."""
        return [self._object % values for values in zip(*(_texts(features[name]) for name in self._names), strict=True)]


def _texts(column: Column) -> list[str]:
    """Return each value as JSON has it: of numbers and flags no comma is in a value."""
    written = json.dumps(column if isinstance(column, list) else column.to_pylist())[1:-1]
    return _NO_NUMBER.sub("null", written).split(", ")
