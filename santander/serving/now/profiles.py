"""Features of the profile family for records: what the family's functions make of a value is kept, as values come again."""

from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any

import pyarrow as pa

from santander.features.expansion import Column
from santander.features.incomes import MonthIncomes
from santander.features.profile import PROFILE, MonthRows
from santander.schema.columns import PROFILE_COLUMNS
from santander.schema.types import arrow_type
from santander.serving.now.ruled import MOST_KNOWN

Values = Mapping[str, Sequence[Any]]
"""Columns of ``customers`` by name, None where unknown."""
Make = Callable[[MonthRows], Mapping[str, pa.Array]]

_TYPES = {column.name: column.type for column in PROFILE_COLUMNS}


class Profiles:
    """Makes the profile of records by the functions that make it of a month. It may be asked from several threads."""

    def __init__(self, incomes: MonthIncomes) -> None:
        self._incomes = incomes
        parts = PROFILE.by_reads()
        self._of_one = {column: _OfOneColumn(column, make, incomes) for (column, *more), make in parts.items() if not more}
        self._of_several = {reads: make for reads, make in parts.items() if len(reads) > 1}

    def columns(self, values: Values) -> dict[str, Column]:
        """Return the features by name."""
        found: dict[str, Column] = {}
        for column, features in self._of_one.items():
            found |= features.of(values[column])
        for reads, make in self._of_several.items():
            found |= make(MonthRows(_rows(values, reads), self._incomes))
        return found


class _OfOneColumn:
    """The features that a column makes without any other."""

    def __init__(self, column: str, make: Make, incomes: MonthIncomes) -> None:
        self._column, self._make, self._incomes = column, make, incomes
        self._known: dict[str, dict[Any, Any]] = {name: {} for name in self._made_of([None])}

    def of(self, values: Sequence[Any]) -> dict[str, Column]:
        try:
            return {name: [known[value] for value in values] for name, known in self._known.items()}
        except KeyError:
            return self._ask(values)

    def _ask(self, values: Sequence[Any]) -> dict[str, Column]:
        """Return the features of values some of which are new."""
        distinct = list(dict.fromkeys(values))
        made = {name: dict(zip(distinct, of, strict=True)) for name, of in self._made_of(distinct).items()}
        for name, known in [*self._known.items()]:
            has_room = len(known) + len(distinct) <= MOST_KNOWN
            kept = known if has_room else {}  # another thread may be reading the one that is full
            kept.update(islice(made[name].items(), MOST_KNOWN))
            self._known[name] = kept
        return {name: [of[value] for value in values] for name, of in made.items()}

    def _made_of(self, values: Sequence[Any]) -> dict[str, list[Any]]:
        rows = _rows({self._column: values}, [self._column])
        return {name: array.to_pylist() for name, array in self._make(MonthRows(rows, self._incomes)).items()}


def _rows(values: Values, names: Sequence[str]) -> pa.Table:
    """Return columns as ``feature_rows`` takes them, texts as dictionaries."""
    return pa.table({name: typed(name, values[name]) for name in names})


def typed(name: str, values: Sequence[Any]) -> pa.Array:
    """Return the values of a column of the profile as an array of its type, a dictionary where it is of texts."""
    array = pa.array(values, arrow_type(_TYPES[name]))
    return array.dictionary_encode() if _TYPES[name] == "string" else array
