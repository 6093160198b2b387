"""The layout of a csv by its first line, and whose record a line is.

Lines are the records of a landing file, by the rules of an ingest: one that is no record is a person's when the id stands in it.
In another csv with a key column a whole record is theirs when its key says so; all else that names them there may be somebody
else's, so it is reported and never cut out. A csv without a key column cannot say whose a line is.
"""

import csv
from dataclasses import dataclass
from enum import Enum, StrEnum, auto

import numpy as np

from santander.forget.decoding import names_in
from santander.ingest.arrangement import Arrangement
from santander.schema.columns import COLUMNS
from santander.suppression.spellings import SHORTEST, Numbers, find, number_named, plain_digits

_KEYS = ("ncodpers", "customer_id")
_DELIMITERS = ",;\t|"
_OF_THE_BANK = {name for column in COLUMNS for name in (column.source, column.name)}
_QUOTING = ({"file", "line", "raw"}, "raw")


class Csv(Enum):
    """Kinds of csv files."""

    LANDING = auto()
    """With the bank's header, exported corrections too."""
    KEYED = auto()
    """Other columns, one of which is the key of customers."""
    QUOTING = auto()
    """The list of damaged lines of a synthetic bank: whole lines of landing files stand in it."""
    PLAIN = auto()


class Of(StrEnum):
    """Whose a line is, or where in it a person is named."""

    NOBODY = ""
    THEM = "a record of theirs"
    HEADER = "in the first line"
    ODD_KEY = "in a key that is no plain id"
    BESIDE = "outside of the key column"
    NO_RECORD = "in a line that is no whole record"
    NO_KEY = "no column says whose the line is"


@dataclass(frozen=True, slots=True)
class Layout:
    """What the first line of a csv says: its delimiter, the names of its columns, and which is the key (None: it has none)."""

    kind: Csv
    delimiter: str
    names: tuple[str, ...]
    key: int | None
    date: int = 0
    """Which column is the date, in a landing file."""

    def whose(self, line: bytes, ids: Numbers, *, is_first: bool = False) -> Of:
        """Return whose the line is, or how it names one of these persons."""
        if is_first:
            return self._of_header(line, ids)
        fields, is_record = fields_of(line, self.delimiter)
        is_record = is_record and len(fields) == len(self.names)
        if self.kind is Csv.LANDING:
            return self._of_landing(line, fields, ids, is_record=is_record)
        if self.kind is Csv.KEYED:
            return self._of_keyed(line, fields, ids, is_record=is_record)
        if self.kind is Csv.QUOTING:
            quoted = fields[self.names.index(_QUOTING[1])].encode() if is_record else line
            return Of.THEM if _names_one(quoted, ids) else Of.NOBODY
        is_named = _names_one(line, ids) or any(_is_of(field, ids, SHORTEST) for field in fields)
        return Of.NO_KEY if is_named else Of.NOBODY

    def _of_header(self, line: bytes, ids: Numbers) -> Of:
        if self.kind is Csv.LANDING:
            return Of.NOBODY
        text = line.decode("utf-8", "replace")
        is_named = _names_one(line, ids) if self.kind is Csv.PLAIN else names_in(text, ids).size
        return Of.HEADER if is_named else Of.NOBODY

    def _of_landing(self, line: bytes, fields: list[str], ids: Numbers, *, is_record: bool) -> Of:
        key = fields[self.key] if self.key is not None and len(fields) > self.key else ""
        if _is_of(key, ids) or (not is_record and _names_one(line, ids)):
            return Of.THEM
        return Of.ODD_KEY if names_in(key, ids).size else Of.NOBODY

    def _of_keyed(self, line: bytes, fields: list[str], ids: Numbers, *, is_record: bool) -> Of:
        key = fields[self.key] if self.key is not None and len(fields) > self.key else ""
        if _is_of(key, ids):
            return Of.THEM if is_record else Of.NO_RECORD
        if names_in(key, ids).size:
            return Of.ODD_KEY
        if not is_record:
            return Of.NO_RECORD if _names_one(line, ids) else Of.NOBODY
        others = (field for name, field in zip(self.names, fields, strict=True) if name not in _OF_THE_BANK)
        return Of.BESIDE if any(_names_one(field.encode(), ids) for field in others) else Of.NOBODY


def layout_of(line: bytes) -> Layout:
    """The layout by the delimiter under which a field is named as a key; by commas where none is."""
    for delimiter in _DELIMITERS:
        names = _names(line, delimiter)
        if key := next((name for name in _KEYS if name in names), None):
            columns = Arrangement.of(names) if delimiter == "," else None
            if columns is None:
                return Layout(Csv.KEYED, delimiter, names, names.index(key))
            return Layout(Csv.LANDING, delimiter, names, names.index(key), columns.places[0])
    names = _names(line, ",")
    return Layout(Csv.QUOTING if _QUOTING[0] <= set(names) else Csv.PLAIN, ",", names, None)


def fields_of(line: bytes, delimiter: str) -> tuple[list[str], bool]:
    """The fields of a line, and whether it is a record on its own."""
    text = line.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace").rstrip("\r\n")
    if "\r" in text or "\x00" in text:
        return text.replace("\x00", delimiter).split(delimiter), False
    try:
        fields = next(csv.reader([text + "\n"], delimiter=delimiter), [])
    except csv.Error:  # a field of more than 128 KiB
        return text.split(delimiter), False
    is_open = bool(fields) and fields[-1].endswith("\n")
    return [field.strip() for field in fields], not is_open


def _names(line: bytes, delimiter: str) -> tuple[str, ...]:
    return tuple(name.strip(" '\"") for name in fields_of(line, delimiter)[0])


def _is_of(field: str, ids: Numbers, shortest: int = 1) -> bool:
    number = number_named(field)
    return number is not None and number >= 10 ** (shortest - 1) and bool(np.isin(number, ids))


def _names_one(text: bytes, ids: Numbers) -> bool:
    return find(plain_digits(text), ids)[0].size > 0
