"""Values of a chunk made null where they break a rule between columns (``schema.between_columns``)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from santander.ingest.column_values import FAULTS, CleanColumn
from santander.ingest.parsing import Texts
from santander.schema.between_columns import BETWEEN_COLUMNS
from santander.schema.columns import COLUMNS

VALUE_REASONS = (*FAULTS, *(rule.name for rule in BETWEEN_COLUMNS))
"""Why a value of a kept record is null and its text in quarantine, by ``CleanColumn.status`` from 1."""
NO_DAMAGE = tuple(rule.name for rule in BETWEEN_COLUMNS if not rule.is_damage)
"""Those of them that do not count for the share of a month that may go to quarantine."""
_POSITION = {column.name: position for position, column in enumerate(COLUMNS)}


@dataclass(frozen=True)
class _Records:
    """A chunk's records as the rules between columns see them."""

    columns: Mapping[str, CleanColumn]
    delivered: Sequence[Texts]

    def values(self, column: str) -> pa.Array:
        return self.columns[column].values

    def texts(self, column: str, rows: npt.NDArray[np.intp]) -> list[str]:
        texts = self.delivered[_POSITION[column]].take(pa.array(rows)).cast(pa.string())
        return list(pc.utf8_trim_whitespace(texts).to_pylist())


def without_contradictions(columns: dict[str, CleanColumn], texts: Sequence[Texts]) -> dict[str, CleanColumn]:
    """Return the columns with values null in the rows that break a rule between them."""
    return columns | contradicted(columns, texts)


def contradicted(columns: Mapping[str, CleanColumn], texts: Sequence[Texts]) -> dict[str, CleanColumn]:
    """Return those of the columns that have rows which break a rule between them, with their values null there.

    Every rule judges what the columns' own rules have left; a value that several make null has the reason of the first.
    """
    records, ruled = _Records(columns, texts), dict[str, CleanColumn]()
    for code, rule in enumerate(BETWEEN_COLUMNS, start=1 + len(FAULTS)):
        if (broken := rule.broken(records)) is not None:
            ruled |= {name: _nulled(ruled.get(name) or columns[name], broken, code) for name in rule.makes_null}
    return ruled


def _nulled(column: CleanColumn, rows: npt.NDArray[np.bool_], code: int) -> CleanColumn:
    known = rows & pc.is_valid(column.values).to_numpy(zero_copy_only=False)
    status = np.zeros(len(rows), np.int8) if column.status is None else column.status
    return CleanColumn(where(pa.array(~known), column.values), np.where(known, np.int8(code), status))


def where(whole: pa.BooleanArray, array: pa.Array) -> pa.Array:
    """Return the values of the rows that are ``whole``, and null elsewhere; a dictionary stays one."""
    if isinstance(array, pa.DictionaryArray):
        return pa.DictionaryArray.from_arrays(pc.if_else(whole, array.indices, None), array.dictionary)
    return pc.if_else(whole, array, None)
