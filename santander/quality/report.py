"""What a validation found: one result per month, table and rule, and what is said of those that are broken."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from santander.errors import InputError
from santander.quality.declaration import UNFROZEN
from santander.quality.rules import Severity
from santander.schema.catalogue import CUSTOMERS
from santander.schema.months import Month, in_spans
from santander.schema.records import plain, record_of_row
from santander.storage.places import Place

SHOWN = 4
"""Broken rules that one line names; the pages have them all."""


class CriticalRuleBroken(InputError):
    """A month is not what it must be; what was found is recorded."""


@dataclass(frozen=True, slots=True)
class RuleResult:
    """One rule on one month of one table: ``offending`` of ``checked``."""

    month: Month
    table: str
    rule: str
    severity: Severity
    passed: bool
    offending: int
    checked: int
    detail: str

    @property
    def sentence(self) -> str:
        """The result for people."""
        return f"{self.month} {self.table}.{self.rule}: {self.offending:,} offending of {self.checked:,} ({self.detail})"


@dataclass(frozen=True, slots=True)
class RecordedResult(RuleResult):
    """A row of the table ``quality``."""

    table_version: int
    validated_at: dt.datetime

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Read a row of the table."""
        return record_of_row(cls, {**row, "month": Month.parse(row["month"]), "severity": Severity(row["severity"])})


@dataclass(frozen=True, slots=True)
class MonthPayload:
    """A month that was validated; it passed when no critical rule is broken."""

    passed: bool
    critical: Sequence[RuleResult]
    warnings: Sequence[RuleResult]


@dataclass(frozen=True, slots=True)
class ValidatePayload:
    """The JSON object of ``validate``."""

    months: Mapping[Month, MonthPayload]
    data_docs: Place
    """The first of the pages."""


@dataclass(frozen=True, slots=True)
class ValidationReport:
    """The results of the months that were validated, and the place of their pages."""

    results: tuple[RuleResult, ...]
    table_versions: dict[str, int]
    validated_at: dt.datetime
    data_docs: Place

    @property
    def months(self) -> list[Month]:
        """The months that were validated."""
        return sorted({result.month for result in self.results})

    @property
    def critical(self) -> list[RuleResult]:
        """Broken rules that stop the run."""
        return [result for result in self.results if not result.passed and result.severity is Severity.CRITICAL]

    @property
    def warnings(self) -> list[RuleResult]:
        """Broken rules that are recorded only."""
        return [result for result in self.results if not result.passed and result.severity is Severity.WARNING]

    @property
    def complaint(self) -> CriticalRuleBroken | None:
        """The critical rules that are broken in one line: months, rules and offending counts."""
        broken = self.critical
        if not broken:
            return None
        more = f"; and {len(broken) - SHOWN} more" if len(broken) > SHOWN else ""
        shown = "; ".join(result.sentence for result in broken[:SHOWN])
        return CriticalRuleBroken(f"validation failed: {shown}{more}: see {self.data_docs / 'index.html'}")

    def raise_if_critical(self) -> None:
        """Raise the complaint, if there is one."""
        if complaint := self.complaint:
            raise complaint

    def summary(self) -> list[tuple[Month, str, int, int, int]]:
        """For each month and table: rules checked, critical ones broken, warnings."""
        lines = []
        for month, table in sorted({(result.month, result.table) for result in self.results}):
            of_month = [result for result in self.results if (result.month, result.table) == (month, table)]
            broken = [result.severity for result in of_month if not result.passed]
            lines.append((month, table, len(of_month), broken.count(Severity.CRITICAL), broken.count(Severity.WARNING)))
        return lines

    def rows(self) -> list[dict[str, Any]]:
        """The rows of the table ``quality``."""
        return [
            plain(result) | {"table_version": self.table_versions[result.table], "validated_at": self.validated_at}
            for result in self.results
        ]

    def payload(self) -> ValidatePayload:
        """The JSON object of ``validate``."""
        months = {}
        for month in self.months:
            critical, warnings = ([each for each in broken if each.month == month] for broken in (self.critical, self.warnings))
            months[month] = MonthPayload(not critical, critical, warnings)
        return ValidatePayload(months, self.data_docs / "index.html")


PAGE = "docs/quality.md"


@dataclass(frozen=True, slots=True)
class KnownWarnings:
    """Rules of ``customers`` that are known to warn in certain months, and the heading of the page that says why."""

    rules: frozenset[str]
    first: Month
    last: Month
    heading: str

    def has(self, result: RuleResult) -> bool:
        """Whether a broken rule is one of these."""
        return result.table == CUSTOMERS.name and result.rule in self.rules and self.first <= result.month <= self.last


_LACKING = ("relation_kind", "relation_type", "channel", "segment")
"""Columns that are empty for many of those who appear in July 2015."""
KNOWN = (
    KnownWarnings(frozenset({"seniority_frozen"}), UNFROZEN - 6, UNFROZEN - 1, "age-and-seniority-are-frozen-before-july-2015"),
    KnownWarnings(
        frozenset({"rows_rise", *(f"{column}_nulls_change" for column in _LACKING)}),
        UNFROZEN,
        UNFROZEN,
        "many-customers-appear-in-july-2015",
    ),
)


def warning_lines(warnings: Sequence[RuleResult]) -> Iterator[str]:
    """Yield a line for each month and table with warnings; the known ones follow, a line for each reason."""
    unknown = [warning for warning in warnings if not any(known.has(warning) for known in KNOWN)]
    for month, table in sorted({(warning.month, warning.table) for warning in unknown}):
        yield f"{month} {table}: {_counted([warning for warning in unknown if (warning.month, warning.table) == (month, table)])}"
    for known in KNOWN:
        if found := [warning for warning in warnings if known.has(warning)]:
            months = in_spans({warning.month for warning in found})
            yield f"{months} {CUSTOMERS.name}: {_counted(found)} (known and harmless: {PAGE}#{known.heading})"


def _counted(warnings: Sequence[RuleResult]) -> str:
    """Return each rule with its offending and checked rows, all months together."""
    counts: dict[str, tuple[int, int]] = {}
    for warning in warnings:
        offending, checked = counts.get(warning.rule, (0, 0))
        counts[warning.rule] = (offending + warning.offending, checked + warning.checked)
    return "; ".join(f"{rule} {offending:,} of {checked:,}" for rule, (offending, checked) in counts.items())
