"""Warnings that the files of the competition, and banks like them, always give: harmless, and explained in docs/quality.md."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from santander.quality.declaration import UNFROZEN
from santander.quality.report import RuleResult
from santander.schema.catalogue import CUSTOMERS
from santander.schema.months import Month, in_spans

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
