"""The kind of rule that holds a month against the month before by one share."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from santander.quality.rules import Judgement, MonthFigures, Rule

if TYPE_CHECKING:
    from santander.config.sections import QualitySettings


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
