"""Months of which too much would go to quarantine: the refusal names one, what is wrong in it, and a line to look at."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from santander.errors import InputError
from santander.ingest.accounting import SHOWN, MonthCount
from santander.ingest.broken_field import BrokenField
from santander.ingest.contradictions import NO_DAMAGE
from santander.ingest.duplicates import LIMIT_SETTING, Duplicate
from santander.ingest.landing import LandingFile
from santander.ingest.quarantine import quarantined_rows
from santander.ingest.staging import StagedFiles
from santander.lake.ingestions import UNKNOWN_MONTH
from santander.schema.counting import counted
from santander.schema.months import Month, in_spans
from santander.suppression import ERASED

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

BAD_VALUE = "bad_value"
_SHOWN_TEXT = 60
"""Characters of a text that the line shows."""
_HINT = "'santander quarantine --refused' lists what is wrong; correct the file and ingest it again"
_MORE = f", or let more rows go to quarantine by {LIMIT_SETTING}"


class TooMuchQuarantine(InputError):
    """A month's share of quarantined rows is above the limit; nothing was replaced."""


@dataclass(frozen=True, slots=True)
class _Excess:
    """The lines of a month, or those of a ``file`` that belong to none, of which too many are bad."""

    month: str
    file: str | None
    bad: int
    read: int
    reasons: Counter[str]

    def rows(self, quarantined: "DataFrame") -> "DataFrame":
        """Return what would be quarantined of these lines for the reason that most have."""
        from pyspark.sql import functions as F

        own = quarantined.where(F.col("month") == self.month if self.file is None else F.col("file") == self.file)
        (reason, _), *_ = self.reasons.most_common(1)
        if reason == BAD_VALUE:
            return own.where("scope = 'value'").where(~F.col("reason").isin(*NO_DAMAGE))
        return own.where(F.col("reason") == reason)

    def months(self, quarantined: "DataFrame") -> list[str]:
        """Return the month, or those that lines without one say: not one record of these is legal. Most lines first."""
        if self.file is None:
            return [self.month]
        said = self.rows(quarantined).where(f"month <> '{UNKNOWN_MONTH}'").groupBy("month").count().toArrow().to_pylist()
        return [row["month"] for row in sorted(said, key=lambda row: (-row["count"], row["month"]))]

    def line(self, months: Sequence[str]) -> str:
        """Return for people how many lines are bad, and why."""
        named = f"month{'s' if len(months) > 1 else ''} {in_spans(map(Month.parse, months))}"
        reasons = ", ".join(f"{reason} {n}" for reason, n in self.reasons.most_common() if n)
        bad = f"{self.bad} of {counted(self.read, 'row')}"
        if months:
            return f"{named}: {bad} ({reasons})"
        return f"{bad} {'has' if self.bad == 1 else 'have'} no readable date ({reasons})"


def check_shares(staged: StagedFiles, counts: Sequence[MonthCount], duplicates: Sequence[Duplicate], limit: float) -> None:
    """Refuse when rows of a month with a quarantined text, or a file's undated lines, are above the limit; or no line is legal.

    Lines of erased customers are no fault of the file and do not count, nor do values that are no damage of it.
    """
    has_records = any(count.is_dated for count in counts)
    excesses = _excesses(staged.files, counts, limit if has_records else 0)
    if not excesses and not has_records:
        raise InputError(
            "all lines are of customers who were erased: nothing was taken in",
            file=staged.files[0].name,
            hint="name files of other customers",
        )
    if not excesses:
        return
    rule = f"more than {limit:.2%} of a month would be quarantined, nothing was replaced"
    quarantined = quarantined_rows(staged, None, duplicates, "")
    months = [excess.months(quarantined) for excess in excesses[:SHOWN]]
    listed = "; ".join(excess.line(said) for excess, said in zip(excesses, months, strict=False))
    more = f"; and {len(excesses) - SHOWN} more" if len(excesses) > SHOWN else ""
    month = next(iter(months[0]), None)
    entry = _first_entry(excesses[0].rows(quarantined).where(f"month = '{month or UNKNOWN_MONTH}'"))
    broken = BrokenField.of(entry["reason"], entry["column"], entry["raw"], entry["customer_id"])
    text = broken.text[:_SHOWN_TEXT]
    example = f"where {broken.source_column} is {text!r}" if broken.source_column else repr(text)
    legal = f" (must be {broken.must_be})" if broken.must_be else ""
    raise TooMuchQuarantine(
        f"{rule if has_records else 'the files hold no legal record: nothing was taken in'}: {listed}{more}; such as line "
        f"{entry['line']} of {entry['file']}, {example}{legal}",
        file=entry["file"],
        month=month,
        column=broken.source_column,
        example=text,
        line=entry["line"],
        hint=f"{_HINT}{_MORE if has_records else ''}",
    )


def _excesses(files: Sequence[LandingFile], counts: Sequence[MonthCount], limit: float) -> list[_Excess]:
    groups: dict[tuple[str, str | None], list[MonthCount]] = {}
    for count in counts:
        groups.setdefault((count.month, None if count.is_dated else files[count.file_index].name), []).append(count)
    found = []
    for (month, file), group in groups.items():
        read = sum(count.read for count in (group if file is None else counts) if file in {None, files[count.file_index].name})
        reasons: Counter[str] = Counter()
        for count in group:
            reasons.update(count.quarantined)
            reasons[BAD_VALUE] += count.damaged
        del reasons[ERASED]
        if reasons.total() > limit * read:
            found.append(_Excess(month, file, reasons.total(), read, reasons))
    return found


def _first_entry(rows: "DataFrame") -> Mapping[str, Any]:
    """Return the first entry of the column that has most."""
    from pyspark.sql import functions as F

    columns = rows.groupBy("column").count().toArrow().to_pylist()
    column = max(columns, key=lambda row: (row["count"], row["column"] or ""))["column"]
    of_column = rows.where(F.col("column").isNull() if column is None else F.col("column") == column)
    entry: dict[str, Any] = of_column.orderBy("file", "line").limit(1).toArrow().to_pylist()[0]
    return entry
