"""Records of ``customers`` in the format of a landing file, from which the rules of ``schema.columns`` read the same values."""

import csv
import datetime as dt
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from santander.schema.columns import COLUMNS, PROFILE_COLUMNS, Column

_MISSING = "NA"


def fields_of(row: Mapping[str, Any], *, unknown_as: str = "") -> list[str]:
    """The fields of one row of customers: 48 of them, or the profile's 24 where products are unknown (``holdings`` null).

    Unknown values are written ``unknown_as``, in columns where that text is read as missing.
    """
    columns = PROFILE_COLUMNS if row["holdings"] is None else COLUMNS
    return [_text(column, row[column.name], unknown_as) for column in columns]


def _text(column: Column, value: Any, unknown_as: str) -> str:
    if value is None:
        return next(text for text in (unknown_as, "", _MISSING) if text in column.missing)
    if isinstance(value, bool):
        yes, no = ("S", "N") if "S" in column.pattern else ("1", "0")
        return yes if value else no
    if isinstance(value, float):
        return np.format_float_positional(value, trim="0")  # every digit that the value needs, never an exponent
    return value.isoformat() if isinstance(value, dt.date) else str(value)


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
