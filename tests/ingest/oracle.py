"""The rules of a landing line decided again in plain Python, for tests.

Written from docs/data.md alone, with the standard library alone: it knows neither Arrow nor the library's own table of
rules, and takes one line at a time where the library takes a file.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

DAY = re.compile(r"(?:19|20)[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])")
DATED = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])-[0-9]{2}")


class Unreadable(Exception):
    """A text that no value can be read from."""


class OutOfRange(Exception):
    """A text that was read, and stands for a value that cannot be."""


Reader = Callable[[str], Any]


def one_of(*texts: str) -> Reader:
    def read(text: str) -> str:
        if text not in texts:
            raise Unreadable
        return text

    return read


def shaped(pattern: str) -> Reader:
    def read(text: str) -> str:
        if not re.fullmatch(pattern, text, re.ASCII):
            raise Unreadable
        return text

    return read


def number(digits: int, low: int, high: int) -> Reader:
    def read(text: str) -> int:
        if not (1 <= len(text) <= digits and all(character in "0123456789" for character in text)):
            raise Unreadable
        if not low <= int(text) <= high:
            raise OutOfRange
        return int(text)

    return read


def choice(**values: Any) -> Reader:
    """Each name without its leading underscore is a text."""
    meant = {name.removeprefix("_"): value for name, value in values.items()}

    def read(text: str) -> Any:
        if text not in meant:
            raise Unreadable
        return meant[text]

    return read


def day(text: str) -> dt.date:
    if not DAY.fullmatch(text):
        raise Unreadable
    try:
        return dt.date(int(text[:4]), int(text[5:7]), int(text[8:]))
    except ValueError:
        raise Unreadable from None


def snapshot(text: str) -> dt.date:
    found = day(text)
    if found.day != 28:
        raise Unreadable
    return found


def income(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,20})?", text, re.ASCII):
        raise Unreadable
    if float(text) > 1_000_000_000:
        raise OutOfRange
    return float(text)


def relation(text: str) -> str:
    if text == "P" or (text[:1] in {"1", "2", "3", "4"} and text[1:] in {"", ".0"}):
        return text[0]
    raise Unreadable


def province(text: str) -> str:
    if not 1 <= len(text) <= 100 or any(
        character == '"' or ord(character) < 0x20 or ord(character) == 0x7F for character in text
    ):
        raise Unreadable
    return text


YES_NO: Reader = choice(S=True, N=False)
ONE_ZERO: Reader = choice(_1=True, _0=False)
SPELLINGS = (
    *("\\N", "NULL", "null", "Null", "(null)", "[NULL]", "<null>", "None", "nil", "nan", "NaN", "<NA>", "NaT", "#N/A", "#N/D"),
    *("#NULL!", "#VALUE!", "#REF!", "#NAME?", "#DIV/0!", "N/A", "n/a", "N/D", "n/d", "s/d", "S/D", "--", "-", "."),
)
NOTHING = ("", "NA", *SPELLINGS)

KEY: tuple[tuple[str, Reader], ...] = (
    ("snapshot_date", snapshot),
    ("customer_id", number(18, 1, 10**18)),
)
PROFILE: tuple[tuple[str, Reader, tuple[str, ...]], ...] = (
    ("employment_status", one_of("A", "B", "F", "N", "P", "S"), NOTHING),
    ("country", shaped("[A-Z][A-Z]"), ("", *SPELLINGS)),
    ("sex", one_of("H", "V"), NOTHING),
    ("age", number(3, 0, 164), NOTHING),
    ("joined_on", day, NOTHING),
    ("is_new", ONE_ZERO, NOTHING),
    ("seniority_months", number(4, 0, 1968), (*NOTHING, "-999999")),
    ("primary_status", choice(_1=1, _99=99), NOTHING),
    ("last_primary_on", day, NOTHING),
    ("relation_kind", relation, NOTHING),
    ("relation_type", one_of("A", "I", "P", "R", "N"), NOTHING),
    ("is_resident", YES_NO, NOTHING),
    ("is_foreign_born", YES_NO, NOTHING),
    ("is_employee_spouse", YES_NO, NOTHING),
    ("channel", shaped("[0-9A-Z]{3}"), NOTHING),
    ("is_deceased", YES_NO, NOTHING),
    ("address_type", choice(_1=1), NOTHING),
    ("province_code", number(2, 1, 52), NOTHING),
    ("province", province, NOTHING),
    ("is_active", ONE_ZERO, NOTHING),
    ("household_income", income, NOTHING),
    ("segment", one_of("01 - TOP", "02 - PARTICULARES", "03 - UNIVERSITARIO"), NOTHING),
)
PRODUCTS = [
    "saving_account", "guarantee", "current_account", "derivatives_account",
    "payroll_account", "junior_account", "mas_particular_account", "particular_account",
    "particular_plus_account", "short_term_deposit", "medium_term_deposit", "long_term_deposit",
    "e_account", "funds", "mortgage", "pension_plan",
    "loan", "taxes", "credit_card", "securities",
    "home_account", "payroll", "pension_deposit", "direct_debit",
]  # fmt: skip


@dataclass(frozen=True)
class Verdict:
    """What becomes of one line: a row of customers, or, where ``reason`` says why, none.

    ``month`` is what its date says, ``unknown`` where it says nothing; ``bad`` are values made null: (column, reason, text).
    """

    line: int
    month: str
    row: dict[str, Any] | None = None
    reason: str | None = None
    raw: str | None = None
    bad: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def key(self) -> tuple[Any, ...] | None:
        return (self.row["snapshot_date"], self.row["customer_id"]) if self.row else None


def judge(text: str, line: int, columns: int) -> Verdict:
    """Decide about one line of a file with 48 or 24 columns; ``text`` has no newline."""
    ended = text.removesuffix("\r")
    raw = text.rstrip("\r")
    fields = _fields(ended)
    if "\r" in ended:
        return Verdict(line, _month(raw), reason="stray_carriage_return", raw=raw)
    if fields is None:
        return Verdict(line, _month(raw), reason="open_quote", raw=raw)
    if not ended:
        return Verdict(line, "unknown", reason="bad_snapshot_date", raw=raw)  # all of its fields are empty
    if len(fields) != columns:
        return Verdict(line, _month(raw), reason="wrong_number_of_fields", raw=raw)
    return _judge_record([field.strip() for field in fields], fields, line, raw)


def _judge_record(texts: list[str], fields: list[str], line: int, raw: str) -> Verdict:
    row: dict[str, Any] = {}
    bad: list[tuple[str, str, str]] = []
    month = texts[0][:7] if DATED.fullmatch(texts[0]) else "unknown"
    for (name, read), text in zip(KEY, texts, strict=False):
        try:
            row[name] = read(text)
        except (Unreadable, OutOfRange):
            return Verdict(line, month, reason=f"bad_{name}", raw=raw)
    flags = texts[len(KEY) + len(PROFILE) :]
    if any(flag not in {"0", "1", "NA"} for flag in flags):
        return Verdict(line, month, reason="bad_product_flag", raw=raw)
    for position, (name, read, silent) in enumerate(PROFILE, start=len(KEY)):
        row[name] = None
        if texts[position] in silent:
            continue
        try:
            row[name] = read(texts[position])
        except Unreadable:
            bad.append((name, "unreadable", fields[position]))
        except OutOfRange:
            bad.append((name, "out_of_range", fields[position]))
    for name, flag in zip(PRODUCTS, flags or [None] * len(PRODUCTS), strict=True):
        row[name] = None if flag in {None, "NA"} else flag == "1"
    row["holdings"] = sum(2**i for i, name in enumerate(PRODUCTS) if row[name]) if flags else None
    return Verdict(line, month, row, bad=bad)


def without_repeated_keys(verdicts: Iterable[Verdict], lines: list[str]) -> list[Verdict]:
    """The first line of each key stays; lines are in order, the header is line 1."""
    seen: set[Any] = set()
    kept: list[Verdict] = []
    for verdict in verdicts:
        if verdict.key is not None and verdict.key in seen:
            raw = lines[verdict.line - 2].rstrip("\r")
            kept.append(Verdict(verdict.line, verdict.month, reason="duplicate_key", raw=raw))
            continue
        seen.add(verdict.key)
        kept.append(verdict)
    return kept


def _fields(text: str) -> list[str] | None:
    """The fields of one line of csv; None for a quote that is never closed.

    A field that begins with a quote ends with the next single one, two of them stand for one, and what follows up to the
    comma belongs to it; a quote inside a field that does not begin with one is a character like any other.
    """
    fields: list[str] = []
    position = 0
    while True:
        content = ""
        if text[position : position + 1] == '"':
            position += 1
            while True:
                end = text.find('"', position)
                if end < 0:
                    return None
                content += text[position:end]
                position = end + 1
                if text[position : position + 1] != '"':
                    break
                content += '"'
                position += 1
        comma = text.find(",", position)
        if comma < 0:
            return [*fields, content + text[position:]]
        fields.append(content + text[position:comma])
        position = comma + 1


def _month(text: str) -> str:
    """The month of a line that is no record, by its first field; a lone carriage return is no white space here."""
    first = _first_field(text.replace("\r", "\x00")).strip()
    return first[:7] if DATED.fullmatch(first) else "unknown"


def _first_field(text: str) -> str:
    whole = re.match(r'"(?:[^"]|"")*"(?!")[^,]*', text)
    if not whole:
        return text.partition(",")[0]
    fields = _fields(whole[0])
    return fields[0] if fields else ""
