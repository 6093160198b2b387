"""The field that sends a line or a value to quarantine: its column in the file, its text, and what it must be."""

import re
from dataclasses import dataclass
from typing import Self

from santander.ingest.arrangement import split_line
from santander.ingest.cleaning import reason_of
from santander.ingest.column_values import FAULTS
from santander.ingest.duplicates import REASON as DUPLICATE
from santander.ingest.entries import LEADING_ID
from santander.ingest.parsing import FIELD_COUNT, OPEN_QUOTE, STRAY_RETURN
from santander.schema.between_columns import BETWEEN_COLUMNS
from santander.schema.columns import COLUMNS, LEGAL_HEADERS, Column

_BY_NAME = {column.name: column for column in COLUMNS}
_KEY = COLUMNS[1]
_MUST_BE = {
    DUPLICATE: "once in a month",
    FIELD_COUNT: f"a line of {' or '.join(str(len(header)) for header in LEGAL_HEADERS)} fields",
    OPEN_QUOTE: "a line whose quotes are closed",
    STRAY_RETURN: "a line without a carriage return inside",
    **{rule.name: rule.meaning for rule in BETWEEN_COLUMNS},
}
"""What must hold where that is no rule of one column, by reason."""


@dataclass(frozen=True, slots=True)
class BrokenField:
    """What is wrong in a line; of one that is no record at all ``text`` is the line."""

    source_column: str | None
    """The column as the file names it; None where the line is no record."""
    text: str
    must_be: str | None
    """What is legal there, for people; None where nothing but a pattern says it."""

    @classmethod
    def of(cls, reason: str, column: str | None, raw: str | None, customer_id: int | None) -> Self:
        """Return the field of an entry of quarantine, whose ``column`` is named only where a value alone was lost."""
        found, text = _column_and_text(reason, column, raw or "", customer_id)
        legal = _legal(found) if found is not None and reason in {*FAULTS, reason_of(found)} else _MUST_BE.get(reason)
        return cls(found.source if found else None, text, legal or None)


def _legal(column: Column) -> str:
    if not column.digits:
        return column.legal
    return f"a {'number with a decimal point' if column.decimals else 'whole number'}, {column.legal}"


def _column_and_text(reason: str, name: str | None, raw: str, customer_id: int | None) -> tuple[Column | None, str]:
    if name is not None:
        return _BY_NAME[name], raw
    if reason == DUPLICATE:
        return _KEY, str(customer_id)
    columns = [column for column in COLUMNS if column.breaks_row and reason_of(column) == reason]
    delivered = split_line(raw)[1:] if LEADING_ID.match(raw) else split_line(raw)
    fields = dict(zip((column.source for column in COLUMNS), delivered, strict=False))
    for column in columns:
        text = fields.get(column.source, "").strip()
        is_broken = len(columns) == 1 or (text not in column.missing and not re.fullmatch(column.pattern, text))
        if is_broken and column.source in fields:
            return column, text
    return None, raw
