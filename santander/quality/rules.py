"""Kinds of rules. A rule turns the figures of one month of one table into what is expected of it.

Figures are whole numbers by name, such as ``rows``, ``known_age`` or ``broken_sex_values``: what one pass over the month
counted, and what the commits and the ``ingestions`` say. A rule that has nothing to say of a month judges nothing.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from santander.schema.counting import counted
from santander.schema.months import Month

if TYPE_CHECKING:
    from santander.config.sections import QualitySettings

ROWS, ROWS_BEFORE, PRODUCTS_DELIVERED = "rows", "rows_before", "products_delivered"


class Severity(StrEnum):
    """What a broken rule does: a critical one stops the run, a warning is recorded."""

    CRITICAL = "critical"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class MonthFigures:
    """What is known of one month of one table; ``earlier_null_shares``: by column, of the months before that there are."""

    table: str
    month: Month
    counts: Mapping[str, int]
    earlier_null_shares: Mapping[str, Sequence[float]] = field(default_factory=dict)
    excused: Mapping[str, int] = field(default_factory=dict)
    """By column, values of the month's rows that went to quarantine and are null for that."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A figure of one month that must lie within ``low`` and ``high``; ``offending`` of ``checked`` if it does not."""

    rule: "Rule"
    figure: float
    low: float | None
    high: float | None
    offending: int
    checked: int
    observed: str
    expected: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(ABC):
    """One rule on one table; ``column`` is what it is about, ``meaning`` what must hold, for people."""

    name: str
    column: str
    meaning: str
    severity: Severity = Severity.CRITICAL
    needs: str = ROWS
    """The rule says nothing of a month in which this figure is 0, nor of one before ``since`` or not before ``before``."""
    since: Month | None = None
    before: Month | None = None

    @abstractmethod
    def judge(self, figures: MonthFigures, settings: "QualitySettings") -> Judgement | None:
        """Return the expectation for the month; None when the rule does not concern it."""

    def aggregates(self) -> dict[str, str]:
        """Figures the rule needs from the rows of a month, as SQL by name."""
        return {}

    def concerns(self, figures: MonthFigures) -> bool:
        """Whether the month lies in the rule's span and has what the rule needs."""
        too_early = self.since is not None and figures.month < self.since
        too_late = self.before is not None and figures.month >= self.before
        return not too_early and not too_late and figures.counts.get(self.needs, 0) > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CountRule(Rule):
    """Nothing may break the rule but what is excused; what breaks it is counted in ``broken_<name>``."""

    of: str = ROWS
    """The figure that says how many were looked at."""
    unit: str = "rows"
    excused_by: tuple[str, ...] = ()
    """Columns whose quarantined values leave rows that cannot keep the rule."""

    def judge(self, figures: MonthFigures, settings: "QualitySettings") -> Judgement | None:
        """Expect no more broken rows than the allowed share and the excused values."""
        broken = figures.counts.get(f"broken_{self.name}")
        if broken is None or not self.concerns(figures):
            return None
        checked = figures.counts[self.of]
        share = settings.allowed_shares.get(self.name, 0.0)
        allowed = math.floor(share * checked) + sum(figures.excused.get(column, 0) for column in self.excused_by)
        expected = f"none of {checked:,}" if not allowed else f"at most {allowed:,} of {checked:,}"
        return Judgement(self, broken, None, allowed, broken, checked, f"{broken:,} {self.unit}", expected)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRule(CountRule):
    """No row may meet the SQL condition ``broken``; a row for which it is null is not judged."""

    broken: str

    def aggregates(self) -> dict[str, str]:
        """The broken rows, and the known values of the column that is looked at."""
        known = {self.of: f"count(`{self.of.removeprefix('known_')}`)"} if self.of.startswith("known_") else {}
        return {f"broken_{self.name}": f"count_if({self.broken})"} | known


@dataclass(frozen=True, slots=True, kw_only=True)
class NullShareRule(Rule):
    """The share of nulls of the column lies near the usual one, which the settings name; 0 where they do not."""

    def aggregates(self) -> dict[str, str]:
        """The known values."""
        return {f"known_{self.column}": f"count(`{self.column}`)"}

    def judge(self, figures: MonthFigures, settings: "QualitySettings") -> Judgement | None:
        """Expect the usual share; a month of few rows says nothing."""
        rows = figures.counts[ROWS]
        if rows < settings.min_rows:
            return None
        usual, within = settings.null_share_of(self.column)
        return self._near(figures, usual - within, usual + within, f"usually {usual:.1%}")

    def _near(self, figures: MonthFigures, low: float, high: float, said: str) -> Judgement:
        rows = figures.counts[ROWS]
        nulls = rows - figures.counts[f"known_{self.column}"]
        share = nulls / rows
        low, high = max(low, 0.0), min(high, 1.0)
        # where too few are null, the known values are those that should not be there
        offending = nulls if share > high else rows - nulls
        expected = f"{low:.1%} to {high:.1%} ({said})"
        return Judgement(self, share, low, high, offending, rows, f"{share:.2%} null ({nulls:,} rows)", expected)


@dataclass(frozen=True, slots=True, kw_only=True)
class NullShareChangeRule(NullShareRule):
    """The share of nulls of the column lies near those of the months before."""

    severity: Severity = Severity.WARNING

    def judge(self, figures: MonthFigures, settings: "QualitySettings") -> Judgement | None:
        """Expect the shares of the earlier months, give or take; None without such months."""
        earlier = figures.earlier_null_shares.get(self.column, ())
        if figures.counts[ROWS] < settings.min_rows or not earlier:
            return None
        within = settings.null_share_change
        said = f"{min(earlier):.1%} to {max(earlier):.1%} in the {counted(len(earlier), 'month')} before"
        return self._near(figures, min(earlier) - within, max(earlier) + within, said)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanRule(Rule):
    """A mean or share, the quotient of two whole numbers, lies in the range that the settings give the rule."""

    total: str
    """SQL of the sum; of whole numbers, so that every run and engine gives the same."""
    count: str

    def aggregates(self) -> dict[str, str]:
        """Sum and count."""
        return {f"total_{self.name}": self.total, f"count_{self.name}": self.count}

    def judge(self, figures: MonthFigures, settings: "QualitySettings") -> Judgement | None:
        """Expect the range; few known values say nothing."""
        count = figures.counts[f"count_{self.name}"]
        if count < settings.min_rows or not self.concerns(figures):
            return None
        low, high = settings.distributions[self.name]
        value = round(self.value(figures, count), 4)
        return Judgement(self, value, low, high, count, count, f"{value:,g}", f"{low:,g} to {high:,g}")

    def value(self, figures: MonthFigures, count: int) -> float:
        """The mean."""
        return figures.counts[f"total_{self.name}"] / count


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadRule(MeanRule):
    """The standard deviation lies in the range that the settings give the rule; ``squares`` is the SQL of the sum of squares."""

    squares: str

    def aggregates(self) -> dict[str, str]:
        """Sum, count and sum of squares."""
        return MeanRule.aggregates(self) | {f"squares_{self.name}": self.squares}

    def value(self, figures: MonthFigures, count: int) -> float:
        """The standard deviation."""
        total, squares = figures.counts[f"total_{self.name}"], figures.counts[f"squares_{self.name}"]
        return math.sqrt(max(count * squares - total * total, 0)) / count


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsChangeRule(Rule):
    """The month has not many rows less (``fall``), or more, than the month before; silent without one."""

    fall: bool
    needs: str = ROWS_BEFORE

    def judge(self, figures: MonthFigures, settings: "QualitySettings") -> Judgement | None:
        """Expect the rows of the month before, give or take."""
        if not self.concerns(figures):
            return None
        rows, before = figures.counts[ROWS], figures.counts[ROWS_BEFORE]
        low = math.ceil(before * (1 - settings.max_fall)) if self.fall else None
        high = None if self.fall else math.floor(before * (1 + settings.max_rise))
        expected = f"at least {low:,}" if low is not None else f"at most {high:,}"
        change = (rows - before) / before
        expected = f"{expected} ({before:,} in the month before)"
        return Judgement(self, rows, low, high, abs(rows - before), before, f"{rows:,} rows, {change:+.1%}", expected)


@dataclass(frozen=True, slots=True, kw_only=True)
class EqualRule(Rule):
    """Two figures are equal; ``left`` may be less by as much as the figure ``slack``. Silent where one is not known."""

    left: str
    right: str
    slack: str = ""
    sql: Mapping[str, str] = field(default_factory=dict)

    def aggregates(self) -> dict[str, str]:
        """Return the SQL of the left figure, where it comes from the rows."""
        return dict(self.sql)

    def judge(self, figures: MonthFigures, settings: "QualitySettings") -> Judgement | None:  # noqa: ARG002
        """Expect the right figure."""
        left, right = figures.counts.get(self.left), figures.counts.get(self.right)
        if left is None or right is None or not self.concerns(figures):
            return None
        least = right - (figures.counts.get(self.slack, 0) if self.slack else 0)
        expected = f"{right:,}" if least == right else f"{least:,} to {right:,}"
        return Judgement(self, left, least, right, abs(left - right), right, f"{left:,}", expected)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareRule(Rule):
    """The share ``part`` / ``whole`` of two figures is at least (``least``), or at most, what the settings give the rule.

    Judges nothing where the figures are missing, as in a month without a month before, or where ``whole`` is too small.
    """

    part: str
    whole: str
    least: bool = False
    observed: str
    """The share in words, a format of ``share``, ``whole`` and ``before``, the month before."""

    def judge(self, figures: MonthFigures, settings: "QualitySettings") -> Judgement | None:
        """Expect the share that the settings name."""
        part, whole = figures.counts.get(self.part), figures.counts.get(self.whole, 0)
        if part is None or whole < settings.min_compared:
            return None
        share, limit = part / whole, settings.month_before[self.name]
        low, high = (limit, None) if self.least else (None, limit)
        offending = whole - part if self.least else part
        observed = self.observed.format(share=f"{share:.2%}", whole=f"{whole:,}", before=figures.month - 1)
        return Judgement(
            self, share, low, high, offending, whole, observed, f"{'at least' if self.least else 'at most'} {limit:.0%}"
        )
