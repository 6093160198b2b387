"""Positions of the columns in the lines of a landing file: columns are taken by name, in any order."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from santander.schema.columns import LEGAL_HEADERS

ID_COLUMN, REASON_COLUMN = "quarantine_id", "reason"
"""Columns that a file of corrections may have before and after those of a landing file."""


@dataclass(frozen=True, slots=True)
class Arrangement:
    """``places[i]`` is the field, counted from 0, of column i of the rules."""

    places: tuple[int, ...]
    has_id: bool = False
    """Whether the lines begin with the quarantine id, in a file of corrections."""
    has_reason: bool = False
    """Whether they end with the reason."""

    @classmethod
    def of(cls, names: Sequence[str]) -> Self | None:
        """Return the arrangement under a header, None for one that is not legal."""
        has_id, has_reason = names[:1] == (ID_COLUMN,), names[-1:] == (REASON_COLUMN,)
        own = names[has_id : len(names) - has_reason]
        place = {name: position for position, name in enumerate(own, start=int(has_id))}
        for header in LEGAL_HEADERS:
            if len(own) == len(header) and place.keys() == set(header):
                return cls(tuple(place[name] for name in header), has_id, has_reason)
        return None

    @property
    def n_columns(self) -> int:
        """Columns of the rules."""
        return len(self.places)

    @property
    def n_fields(self) -> int:
        """Fields of a line."""
        return self.has_id + self.n_columns + self.has_reason

    @property
    def is_usual(self) -> bool:
        """Whether the columns stand in the order of the rules."""
        return self.places == tuple(range(self.has_id, self.has_id + self.n_columns))

    def usual(self, record: str) -> str:
        """Return the line of a record with its columns in the order of the rules."""
        if self.is_usual:
            return record
        fields = split_line(record)
        if len(fields) != self.n_fields:
            return record
        ordered = [*fields[: self.has_id], *(fields[place] for place in self.places), *fields[self.n_fields - self.has_reason :]]
        return joined_line(ordered).removesuffix("\n")


USUAL = Arrangement(tuple(range(len(LEGAL_HEADERS[0]))))
"""All 48 columns in the order of the rules."""


def split_line(line: str) -> list[str]:
    """Return the fields of one line, malformed or not; a carriage return inside stays where it is."""
    unused = next(char for char in map(chr, range(0xE000, 0xF8FF)) if char not in line)  # the reader would end the line there
    fields = next(csv.reader([line.replace("\r", unused)]), [])
    return [field.replace(unused, "\r") for field in fields]


def joined_line(fields: Sequence[str]) -> str:
    """Return one line of csv, quoted where that is needed, with its newline."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(fields)  # what occurs in it is quoted, a lone carriage return so too
    return line.getvalue().removesuffix("\r\n") + "\n"
