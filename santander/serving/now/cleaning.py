"""Records to rows of ``customers`` by the rules of ingest: what breaks a row there breaks a record here, a bad value only itself.

A field that is left out, or null, is unknown: a record without an id is of somebody new, one without a date of the month served.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import islice
from typing import Any, NamedTuple, TypeGuard

import pyarrow as pa

from santander.ingest.cleaning import reason_of
from santander.ingest.column_values import UNREADABLE, CleanColumn
from santander.ingest.contradictions import VALUE_REASONS, contradicted
from santander.schema.columns import PROFILE_COLUMNS, Column
from santander.schema.months import Month
from santander.serving.now.profiles import typed
from santander.serving.now.refused import (
    GIVEN_TWICE,
    MOST_FIELDS,
    NOT_A_RECORD,
    NOT_SERVED,
    OTHER_MONTH,
    UNKNOWN_FIELD,
    WRONG_TYPE,
    Refused,
    refused,
)
from santander.serving.now.ruled import Ruled, RuledColumn, encodable

HISTORY = "history"
NOBODY = 0
"""The id of a record without one; that of a customer is greater."""

Record = Mapping[str, object]
_DATE, _KEY, *_OTHERS = PROFILE_COLUMNS
_ENGLISH, _SPANISH = (
    frozenset((HISTORY, *names)) for names in zip(*((column.name, column.source) for column in PROFILE_COLUMNS), strict=True)
)
_NAMES = _ENGLISH | _SPANISH


class _Names(Enum):
    """In which language some records name their fields."""

    ENGLISH = _ENGLISH
    SPANISH = _SPANISH
    BOTH = _NAMES

    @classmethod
    def of(cls, records: Sequence[Record]) -> "_Names":
        """Return the only one; BOTH also where a field is unknown."""
        return next(
            (each for each in (cls.ENGLISH, cls.SPANISH) if all(record.keys() <= each.value for record in records)), cls.BOTH
        )


@dataclass
class Cleaned:
    """The records that are rows, and what is said of all of them."""

    places: list[int]
    """Positions of the rows among all records."""
    records: list[Record]
    """The records of the rows."""
    values: dict[str, list[Any]]
    """The columns of ``customers`` that describe a person, None where unknown."""
    ids: list[int]
    """NOBODY where the record names no customer."""
    refused: list[list[Refused]]
    """For each record."""


@dataclass
class _Column:
    """One column of some records: what was given, by which names where not all by the column's own, what its rule says."""

    own_name: str
    given: list[object]
    names: Mapping[int, str]
    ruled: list[Ruled]

    def refused(self, row: int, rule: str) -> Refused:
        """Return what is said of the value in a row."""
        given = self.given[row]
        return refused(self.names.get(row, self.own_name), given.value if isinstance(given, _Twice) else given, rule)

    def unwritable(self, row: int) -> Refused:
        """Return what is said of a value that no landing file can hold."""
        given = self.given[row]
        return self.refused(row, GIVEN_TWICE if isinstance(given, _Twice) else UNREADABLE if type(given) is str else WRONG_TYPE)

    def of_rows(self, rows: Sequence[int]) -> "_Column":
        """Return the column in some rows."""
        names = {place: self.names[row] for place, row in enumerate(rows) if row in self.names}
        if len(rows) == len(self.given):
            return self
        return _Column(self.own_name, [self.given[row] for row in rows], names, [self.ruled[row] for row in rows])


class Cleaner:
    """Cleans records of a month. It may be asked from several threads."""

    def __init__(self, month: Month, null_spellings: tuple[str, ...]) -> None:
        self._snapshot = month.snapshot
        self._rules = {column.name: RuledColumn(column, null_spellings) for column in PROFILE_COLUMNS}

    def clean(self, records: Sequence[object], withheld: Callable[[int], bool]) -> Cleaned:
        """Return the rows of the records but of those whose customers are withheld, and all that is refused."""
        told: list[list[Refused]] = [[] for _ in records]
        places = list(self._with_fields(records, told))
        kept: list[Record] = [records[place] for place in places]  # type: ignore[misc]
        language = _Names.of(kept)
        keys, dates = (self._column(column, kept, language, places, told) for column in (_KEY, _DATE))
        whole = [
            row
            for row, place in enumerate(places)
            if self._is_row(keys, _KEY, row, told[place]) & self._is_row(dates, _DATE, row, told[place])
            and not _is_withheld(keys, row, told[place], withheld)
        ]
        places, kept = [places[row] for row in whole], [kept[row] for row in whole]
        columns = {column.name: self._column(column, kept, language, places, told) for column in _OTHERS}
        columns |= {_KEY.name: keys.of_rows(whole), _DATE.name: dates.of_rows(whole)}
        values = {name: [value for value, _ in column.ruled] for name, column in columns.items()}
        self._null_contradictions(values, columns, places, told)
        return Cleaned(places, kept, values, [value or NOBODY for value in values[_KEY.name]], told)

    def _with_fields(self, records: Sequence[object], told: list[list[Refused]]) -> Iterator[int]:
        for place, record in enumerate(records):
            if not is_mapping(record):
                told[place].append(refused("", record, NOT_A_RECORD))
                continue
            if not record.keys() <= _NAMES:
                unknown = (refused(name, value, UNKNOWN_FIELD) for name, value in record.items() if name not in _NAMES)
                told[place] += islice(unknown, MOST_FIELDS)
            yield place

    def _column(
        self, column: Column, records: Sequence[Record], language: _Names, places: Sequence[int], told: list[list[Refused]]
    ) -> _Column:
        """Return a column by its rule; of a profile a value that cannot be used is told, and unknown."""
        found = _given(column, records, language)
        found.ruled = self._rules[column.name].of(found.given)
        for row in [row for row, ruled in enumerate(found.ruled) if ruled[1]]:
            if (status := found.ruled[row][1]) < 0:
                told[places[row]].append(found.unwritable(row))
            elif not column.breaks_row:
                told[places[row]].append(found.refused(row, VALUE_REASONS[status - 1]))
        return found

    def _is_row(self, column: _Column, rule: Column, row: int, told: list[Refused]) -> bool:
        """Whether a record keeps its row by the rule of its key, or of its date; both may be left out."""
        value, status = column.ruled[row]
        if column.given[row] is None:
            column.ruled[row] = (self._snapshot if rule is _DATE else None, 0)
            return True
        if status > 0:
            told.append(column.refused(row, reason_of(rule)))
        elif not status and rule is _DATE and value != self._snapshot:
            told.append(column.refused(row, OTHER_MONTH))
            return False
        return not status

    def _null_contradictions(
        self, values: dict[str, list[Any]], columns: Mapping[str, _Column], places: Sequence[int], told: list[list[Refused]]
    ) -> None:
        """Make null what contradicts other values of its record, and tell it."""
        texts = _Texts([(self._rules[column.name], columns[column.name].given) for column in PROFILE_COLUMNS])
        for name, column in contradicted(_CleanColumns(values), texts).items():
            values[name] = column.values.to_pylist()
            for row, status in () if column.status is None else enumerate(column.status.tolist()):
                if status:
                    told[places[row]].append(columns[name].refused(row, VALUE_REASONS[status - 1]))


class _CleanColumns(Mapping[str, CleanColumn]):
    """The columns as arrays, each made only for a rule between columns that asks for it."""

    def __init__(self, values: Mapping[str, Sequence[Any]]) -> None:
        self._values = values

    def __getitem__(self, name: str) -> CleanColumn:
        return CleanColumn(typed(name, self._values[name]), None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class _Texts(Sequence[pa.StringArray]):
    """The texts of each column, made only for a rule between columns that asks for them."""

    def __init__(self, columns: Sequence[tuple[RuledColumn, list[object]]]) -> None:
        self._columns = columns

    def __len__(self) -> int:
        return len(self._columns)

    def __getitem__(self, position: Any) -> Any:
        rule, given = self._columns[position]
        return pa.array([text if encodable(text) else "" for text in rule.texts(given)], pa.string())


def is_mapping(value: object) -> TypeGuard[Mapping[Any, Any]]:
    """Whether a value has names and values; objects of JSON, which are dicts, are told soonest."""
    return type(value) is dict or isinstance(value, Mapping)


class _Twice(NamedTuple):
    """A value that was given by both names."""

    value: object


def _given(column: Column, records: Sequence[Record], language: _Names) -> _Column:
    """Return what was given of a column, and under which names; by both names it is unusable."""
    if column.source == column.name or language is not _Names.BOTH:
        name = column.source if language is _Names.SPANISH else column.name
        return _Column(name, [record.get(name) for record in records], {}, [])
    given, names = [record.get(column.name) for record in records], {}
    for row, record in enumerate(records):
        if (value := record.get(column.source)) is not None:
            names[row] = column.source
            given[row] = value if given[row] is None else _Twice(value)
    return _Column(column.name, given, names, [])


def _is_withheld(keys: _Column, row: int, told: list[Refused], withheld: Callable[[int], bool]) -> bool:
    customer_id = keys.ruled[row][0]
    if customer_id is None or not withheld(customer_id):
        return False
    told.append(keys.refused(row, NOT_SERVED))
    return True
