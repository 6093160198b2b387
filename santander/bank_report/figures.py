"""Figures: what the facts lead to expect of a bank, what its files show, and whether the two agree."""

from collections.abc import Iterable
from dataclasses import dataclass

from santander.synthetic.facts import FULL_CUSTOMERS

_RELATIVE = 0.05
_STANDARD_DEVIATIONS = 4.0
"""No settings: they are what a bank of this generator promises (docs/bank.md)."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One count: its group (such as ``buyers``), its name within the group, what is expected and what was seen."""

    group: str
    name: str
    expected: float
    seen: float
    allowed: float
    """The largest difference that counts as agreement."""

    @property
    def agrees(self) -> bool:
        """Whether the difference is allowed."""
        return abs(self.seen - self.expected) <= self.allowed


Counts = dict[str, dict[str, float]]
"""Counts by group and name."""


def allowed_difference(expected: float, customers: int) -> float:
    """5 % at full size; in a smaller bank 5 % or four standard deviations of a count, whichever is more."""
    relative = _RELATIVE * expected
    return relative if customers >= FULL_CUSTOMERS else max(relative, _STANDARD_DEVIATIONS * expected**0.5)


def compare(expected: Counts, seen: Counts, customers: int) -> list[Figure]:
    """Every expected count beside the seen one; what was not seen at all counts as 0."""
    return [
        Figure(group, name, number, seen.get(group, {}).get(name, 0.0), allowed_difference(number, customers))
        for group, names in expected.items()
        for name, number in names.items()
    ]


def outside(figures: Iterable[Figure]) -> list[Figure]:
    """The figures that do not agree."""
    return [figure for figure in figures if not figure.agrees]
