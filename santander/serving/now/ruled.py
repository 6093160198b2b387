"""The rule of a column asked once for each text: ingest's own function, and its answers for the texts that come again."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from santander.ingest.column_values import clean_column
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
        asked = [text for text in dict.fromkeys(texts) if encodable(text)]
        outcome = clean_column(self._column, pa.array(asked, pa.string()).dictionary_encode(), self._null_spellings)
        status = np.zeros(len(asked), np.int8) if outcome.status is None else outcome.status
        found: dict[str, Ruled] = dict(zip(asked, zip(outcome.values.to_pylist(), status.tolist(), strict=True), strict=True))
        ruled = [found.get(text, NO_TEXT) for text in texts]
        self._keep([(value, of_value) for value, of_value, text in zip(values, ruled, texts, strict=True) if _kept(value, text)])
        return ruled

    def _keep(self, found: Sequence[tuple[object, Ruled]]) -> None:
        if len(found) + sum(map(len, self._known.values())) > MOST_KNOWN:
            self._known = _nothing_known()
        known = self._known
        for value, ruled in found[:MOST_KNOWN]:
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
