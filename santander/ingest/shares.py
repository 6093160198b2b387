"""Months of which too much would go to quarantine: the refusal names one, what is wrong in it, and a line to look at."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from santander.errors import InputError
from santander.ingest.accounting import SHOWN, MonthCount
from santander.ingest.cleaning import reason_of
from santander.ingest.contradictions import NO_DAMAGE
from santander.ingest.duplicates import LIMIT_SETTING, Duplicate
from santander.ingest.duplicates import REASON as DUPLICATE
from santander.ingest.landing import LandingFile
from santander.ingest.landing_text import split_line
from santander.lake.ingestions import UNKNOWN_MONTH
from santander.schema.columns import COLUMNS, Column
from santander.schema.months import Month, in_spans
from santander.suppression import ERASED

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

BAD_VALUE = "bad_value"
_SHOWN_TEXT = 60
"""Characters of a text that the line shows."""
_HINT = (
    "'santander quarantine --refused' lists what is wrong; correct the file and ingest it again, or let more rows go to "
    f"quarantine by {LIMIT_SETTING}"
)
_KEY = COLUMNS[1]
_BY_NAME = {column.name: column for column in COLUMNS}


class TooMuchQuarantine(InputError):
    """A month's share of quarantined rows is above the limit; nothing was replaced."""


@dataclass(frozen=True, slots=True)
class _Excess:
    """A month, or the undated lines of a file, with too many bad rows; ``months`` are what their dates say, most lines first."""

    months: tuple[str, ...]
    file_index: int | None
    bad: int
    read: int
    reasons: Counter[str]

    @property
    def month(self) -> str | None:
        """The month of most of the lines, None where no date of them can be read."""
        return next(iter(self.months), None)

    def __str__(self) -> str:
        named = f"month{'s' if len(self.months) > 1 else ''} {in_spans(map(Month.parse, self.months))}"
        place = named if self.months else "lines without a date that can be read"
        listed = ", ".join(f"{reason} {n}" for reason, n in self.reasons.most_common() if n)
        return f"{place}: {self.bad} of {self.read} rows ({listed})"


@dataclass(frozen=True, slots=True)
class _Example:
    """A text that is wrong; of a line that is no record, its beginning."""

    file_index: int
    line: int
    text: str
    column: Column | None = None

    def __str__(self) -> str:
        if self.column is None:
            return f"{self.text!r}"
        legal = f" (must be {self.column.legal})" if self.column.legal else ""
        return f"where {self.column.source} is {self.text!r}{legal}"


def check_shares(
    lines: "DataFrame",
    files: Sequence[LandingFile],
    counts: Sequence[MonthCount],
    duplicates: Sequence[Duplicate],
    limit: float,
) -> None:
    """Refuse when a month's rows with a quarantined line or value, or a file's undated lines, are above the limit.

    Lines of erased customers are no fault of the file and do not count, nor do values that are no damage of it.
    """
    excesses = _excesses(lines, counts, limit)
    if not excesses:
        return
    first = excesses[0]
    example = _example(lines, first, duplicates)
    more = f"; and {len(excesses) - SHOWN} more" if len(excesses) > SHOWN else ""
    said = f"{'; '.join(map(str, excesses[:SHOWN]))}{more}"
    message = f"more than {limit:.2%} of a month would be quarantined, nothing was replaced: {said}"
    if example is None:
        raise TooMuchQuarantine(message, month=first.month, hint=_HINT)
    file = files[example.file_index].name
    column = None if example.column is None else example.column.source
    message = f"{message}; such as line {example.line} of {file}, {example}"
    raise TooMuchQuarantine(
        message, file=file, month=first.month, column=column, example=example.text, line=example.line, hint=_HINT
    )


def _excesses(lines: "DataFrame", counts: Sequence[MonthCount], limit: float) -> list[_Excess]:
    read_of_file: Counter[int] = Counter()
    for count in counts:
        read_of_file[count.file_index] += count.read
    groups: dict[tuple[str, int | None], list[MonthCount]] = {}
    for count in counts:
        groups.setdefault((count.month, None if count.is_dated else count.file_index), []).append(count)
    found = []
    for (month, index), group in groups.items():
        read = read_of_file[index] if index is not None else sum(count.read for count in group)
        bad = sum(count.quarantined_rows - count.quarantined.get(ERASED, 0) + count.damaged for count in group)
        if bad <= limit * read:
            continue
        reasons: Counter[str] = Counter()
        for count in group:
            reasons.update(count.quarantined)
            reasons[BAD_VALUE] += count.damaged
        del reasons[ERASED]
        months = (month,) if index is None else _months_said(lines, index, reasons.most_common(1)[0][0])
        found.append(_Excess(months, index, bad, read, reasons))
    return found


def _months_said(lines: "DataFrame", file_index: int, reason: str) -> tuple[str, ...]:
    """The months that lines without a month of their own say, most lines first: not one record of them is legal."""
    of_lines = lines.where(f"file_index = {file_index} AND row_reason = '{reason}' AND row_month <> '{UNKNOWN_MONTH}'")
    months = of_lines.groupBy("row_month").count().toArrow().to_pylist()
    return tuple(row["row_month"] for row in sorted(months, key=lambda row: (-row["count"], row["row_month"])))


def _example(lines: "DataFrame", excess: _Excess, duplicates: Sequence[Duplicate]) -> _Example | None:
    """The first line with what most of the bad ones have."""
    reason = excess.reasons.most_common(1)[0][0]
    if reason == DUPLICATE:
        first = next((each for each in duplicates if each.month == excess.month), None)
        return None if first is None else _Example(first.file_index, first.line, str(first.customer_id), _KEY)
    if reason == BAD_VALUE:
        return _example_of_value(lines, excess)
    place = f"row_month = '{excess.month}'" if excess.month else f"row_month = '{UNKNOWN_MONTH}'"
    of_file = "" if excess.file_index is None else f" AND file_index = {excess.file_index}"
    bad = lines.where(f"row_reason = '{reason}' AND {place}{of_file}").orderBy("file_index", "line")
    rows = bad.select("file_index", "line", "row_raw").limit(1).toArrow().to_pylist()
    if not rows:
        return None
    row = rows[0]
    column, text = _broken_field(reason, row["row_raw"])
    return _Example(row["file_index"], row["line"], text[:_SHOWN_TEXT], column)


def _broken_field(reason: str, line: str) -> tuple[Column | None, str]:
    """The column that breaks a row, and its text; a line that is no record has none."""
    columns = [column for column in COLUMNS if column.breaks_row and reason_of(column) == reason]
    fields = dict(zip((column.source for column in COLUMNS), split_line(line), strict=False))
    for column in columns:
        text = fields.get(column.source, "").strip()
        if len(columns) == 1 or (text not in column.missing and not re.fullmatch(column.pattern, text)):
            return column, text
    return None, line


def _example_of_value(lines: "DataFrame", excess: _Excess) -> _Example | None:
    from pyspark.sql import functions as F

    month = F.date_format("snapshot_date", "yyyy-MM") == F.lit(excess.month)
    of_month = lines.where("row_reason IS NULL AND bad_values IS NOT NULL").where(month)
    values = of_month.select("file_index", "line", F.explode("bad_values").alias("bad")).select("file_index", "line", "bad.*")
    damaged = values.where(~F.col("reason").isin(*NO_DAMAGE))
    columns = damaged.groupBy("column").count().toArrow().to_pylist()
    if not columns:
        return None
    column = max(columns, key=lambda row: (row["count"], row["column"]))["column"]
    first = damaged.where(F.col("column") == column).orderBy("file_index", "line").limit(1).toArrow().to_pylist()[0]
    return _Example(first["file_index"], first["line"], first["raw"][:_SHOWN_TEXT], _BY_NAME[column])
