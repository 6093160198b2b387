"""How Polars reads each column of a landing file: the type the csv reader checks, and the value as an expression."""

import datetime as dt
from dataclasses import dataclass

import polars as pl
from peers.rules import Column, silent

_EPOCH_DAY = 25_567
"""Days from 1900-01-01, the first that the rules take, to 1970-01-01."""
_DAYS = [(dt.date(1900, 1, 1) + dt.timedelta(day)).isoformat() for day in range(73_049)]
_SNAPSHOTS = [f"{year}-{month:02}-28" for year in range(1900, 2100) for month in range(1, 13)]
_LETTERS = {r"[HV]": "HV", r"[ABFNPS]": "ABFNPS", r"[AIPRN]": "AIPRN"}
_INTEGERS = {pl.Int16: "smallint", pl.Int32: "int"}
_WIDTH = {"age": 3, "seniority_months": 7, "province_code": 2, "primary_status": 2, "address_type": 2}
"""How wide the files pad a number; both spellings, padded and bare, are in the set."""


@dataclass(frozen=True)
class Reading:
    """``value`` of the column named ``source`` in a scan that reads it as ``read_as``; ``doubt`` says where it may be illegal."""

    name: str
    read_as: pl.DataType
    value: pl.Expr
    doubt: pl.Expr | None = None


def reading_of(column: Column) -> Reading:  # noqa: PLR0911  (one way of reading each)
    """The reading of one column; an empty text is null in an enum."""
    raw = pl.col(column.source)
    if column.name == "customer_id":
        value = pl.when(raw.is_between(1, 10**18 - 1)).then(raw)
        return Reading(column.name, pl.Int64(), value, value.is_null())
    if column.name == "snapshot_date":
        code = raw.to_physical()
        return Reading(column.name, pl.Enum(_SNAPSHOTS), pl.date(1900 + code // 12, code % 12 + 1, 28), raw.is_null())
    if column.type == "boolean":
        texts = ["0", "1", " 0", " 1"] if column.values == ("0", "1") else ["N", "S"]
        value = pl.when(raw.to_physical() < len(texts)).then((raw.to_physical() & 1) == 1)
        return Reading(column.name, _enum(texts, column), value, raw.is_null() if column.breaks_row else None)
    if column.type == "date":
        day = raw.to_physical().cast(pl.Int32)
        return Reading(column.name, _enum(_DAYS, column), pl.when(day < len(_DAYS)).then((day - _EPOCH_DAY).cast(pl.Date)))
    if column.type in _INTEGERS.values():
        return _integer(column)
    if column.name == "relation_kind":
        texts = ["1", "2", "3", "4", "P", "1.0", "2.0", "3.0", "4.0"]
        code = raw.to_physical()
        bare = pl.when(code < 5).then(code).when(code < 9).then(code - 5).cat.to(pl.Enum(texts[:5]))
        return Reading(column.name, _enum(texts, column), bare)
    if column.pattern in _LETTERS or column.name == "segment":
        texts = list(_LETTERS.get(column.pattern) or column.pattern.split("|"))
        return Reading(column.name, _enum(texts, column), pl.when(raw.to_physical() < len(texts)).then(raw))
    return _text(column)


def _enum(texts: list[str], column: Column) -> pl.Enum:
    pads = [f"{text:>{_WIDTH[column.name]}}" for text in silent(column) if column.name in _WIDTH]
    return pl.Enum(list(dict.fromkeys([*texts, *silent(column), *pads])))


def _integer(column: Column) -> Reading:
    """Every legal number twice, bare and padded, so that code modulo count is the number."""
    raw, width = pl.col(column.source), _WIDTH[column.name]
    numbers = [int(n) for n in column.values] if column.low is None else range(int(column.low), int(column.high or 0) + 1)
    bare = [str(number) for number in numbers]
    padded = [f"{text:>{width}}" if len(text) < width else f"{text}\x00" for text in bare]  # the last is in no file
    code = raw.to_physical().cast(pl.Int32)
    place = code % len(bare)
    number = place + numbers[0]
    if column.low is None and len(bare) > 1:
        number = pl.when(place == 0).then(numbers[0]).otherwise(numbers[1])
    type_ = pl.Int16 if column.type == "smallint" else pl.Int32
    return Reading(column.name, _enum([*bare, *padded], column), pl.when(code < 2 * len(bare)).then(number).cast(type_))


def _text(column: Column) -> Reading:
    """Texts of an open set: matched, and in doubt unless they match or are silent."""
    is_income = column.type == "double"
    text = pl.col(column.source).str.strip_chars(" ") if is_income else pl.col(column.source)
    legal = text.str.contains(f"^(?:{column.pattern})$") & ~text.is_in(silent(column))
    value = pl.when(legal).then(text)
    if is_income:
        value = value.cast(pl.Float64)
        value = pl.when(value.is_between(column.low, column.high)).then(value)
    return Reading(column.name, pl.String(), value, value.is_null() & ~text.is_in(silent(column)))
