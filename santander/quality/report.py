"""What a validation found: one result per month, table and rule, and what it says when a critical one is broken."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from santander.errors import InputError
from santander.quality.rules import Severity
from santander.schema.months import Month
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

    def __str__(self) -> str:
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
class BrokenRule:
    """A rule that a month breaks, as JSON shows it."""

    table: str
    rule: str
    offending: int
    checked: int
    detail: str


@dataclass(frozen=True, slots=True)
class MonthPayload:
    """A month that was validated; it passed when no critical rule is broken."""

    passed: bool
    critical: Sequence[BrokenRule]
    warnings: Sequence[BrokenRule]


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
        shown = "; ".join(map(str, broken[:SHOWN]))
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
        critical, warnings = _by_month(self.critical), _by_month(self.warnings)
        return ValidatePayload(
            months={
                month: MonthPayload(month not in critical, critical.get(month, []), warnings.get(month, []))
                for month in self.months
            },
            data_docs=self.data_docs / "index.html",
        )


def _by_month(results: Sequence[RuleResult]) -> dict[Month, list[BrokenRule]]:
    found: dict[Month, list[BrokenRule]] = {}
    for result in results:
        broken = BrokenRule(result.table, result.rule, result.offending, result.checked, result.detail)
        found.setdefault(result.month, []).append(broken)
    return found
