"""The rule of a column asked once for each text: ingest's own function, and its answers for the texts that come again."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from santander.ingest.column_values import clean_column, plain_number
from santander.schema.columns import Column
from santander.serving.now.texts import text_of

MOST_KNOWN, LONGEST_KNOWN = 4_096, 40
"""Values of a column that are kept, and characters of a text: memory must not grow with what callers send."""

Ruled = tuple[Any, int]
"""The value, None where unknown, and 0 or what is wrong with the text, as ``CleanColumn.status``."""
NO_TEXT: Ruled = (None, -1)
"""What is said of a value that stands in no landing file."""

_Known = Mapping[type, dict[Any, Ruled]]
_NONE = "\ud800"
"""Stands for the text of a value without one: half of a surrogate pair, which JSON can spell and no file can hold."""


class RuledColumn:
    """One column's rule. It may be asked from several threads."""

    def __init__(self, column: Column, null_spellings: tuple[str, ...], unknown: str = "") -> None:
        """``unknown`` is the text that stands for None."""
        self._column, self._null_spellings, self._unknown = column, null_spellings, unknown
        self._silent = frozenset(column.silent(null_spellings))
        self._mostly_new = column.type in {"bigint", "double"}
        """Whether a value hardly ever comes again: keys and amounts."""
        self._known: _Known = _nothing_known()

    def of(self, values: Sequence[object]) -> list[Ruled]:
        """Return what the rule says of each value of a record."""
        known = self._known
        try:
            return [known[type(value)][value] for value in values]
        except (KeyError, TypeError):  # not seen before, or a list or an object
            return self._ask(values)

    def texts(self, values: Sequence[object]) -> list[str]:
        """Return the texts that the rule is asked for."""
        return [self._text(value) for value in values]

    def _text(self, value: object) -> str:
        if type(value) is str:
            return value
        text = self._unknown if value is None else text_of(self._column, value)
        return _NONE if text is None else text

    def _ask(self, values: Sequence[object]) -> list[Ruled]:
        texts = self.texts(values)
        found = self._plain(texts) if self._column.digits else {}
        if asked := [text for text in dict.fromkeys(texts) if text not in found and encodable(text)]:
            outcome = clean_column(self._column, pa.array(asked, pa.string()).dictionary_encode(), self._null_spellings)
            status = np.zeros(len(asked), np.int8) if outcome.status is None else outcome.status
            found |= zip(asked, zip(outcome.values.to_pylist(), status.tolist(), strict=True), strict=True)
        ruled = [found.get(text, NO_TEXT) for text in texts]
        if asked or not self._mostly_new:
            self._keep(list(zip(values, ruled, texts, strict=True)))
        return ruled

    def _plain(self, texts: Sequence[str]) -> dict[str, Ruled]:
        """Return what the rule says of numbers that are written plainly."""
        numbers = ((text, plain_number(self._column, text, self._silent)) for text in texts)
        return {text: (number, 0) for text, number in numbers if number is not None}

    def _keep(self, found: Sequence[tuple[object, Ruled, str]]) -> None:
        if len(found) + sum(map(len, self._known.values())) > MOST_KNOWN:
            self._known = _nothing_known()
        known = self._known
        for value, ruled, text in found[:MOST_KNOWN]:
            if _kept(value, text):
                known[type(value)][value] = ruled


_TYPES: frozenset[type] = frozenset((str, int, float, bool, type(None)))


def _nothing_known() -> _Known:
    return {type_: {} for type_ in _TYPES}


def _kept(value: object, text: str) -> bool:
    """Whether a value needs its rule but once; 0.0 would be taken for -0.0, which is spelled otherwise."""
    return type(value) in _TYPES and len(text) <= LONGEST_KNOWN and not (type(value) is float and not value)


def encodable(text: str) -> bool:
    """Whether a file can hold the text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
