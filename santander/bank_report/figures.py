"""Figures: what the facts lead to expect of a bank, what its files show, and whether the two agree."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from santander.schema.months import Month, month_range
from santander.schema.products import PRODUCTS
from santander.synthetic import facts
from santander.synthetic.facts import FULL_CUSTOMERS

Counts = Mapping[str, Mapping[str, float]]
"""Counts by group and name."""

FIRST, LAST = facts.FIRST_MONTH, Month(2016, 6)
LABELLED = month_range(FIRST + 1, facts.LAST_LABELLED)

_BLOCK = (
    "employment_status", "country", "age", "joined_on", "is_new", "seniority_months", "primary_status",
    "is_resident", "is_foreign_born", "is_deceased", "is_active",
)  # fmt: skip
_MISSING = {
    "sex": "sex", "province_code": "province", "province": "province", "channel": "channel", "segment": "segment",
    "relation_kind": "relation", "relation_type": "relation", "household_income": "income",
    "payroll": "payroll", "pension_deposit": "payroll",
}  # fmt: skip
_PRESENT = {"last_primary_on": "last_primary", "is_employee_spouse": "spouse"}


def expected_counts(customers: int) -> Counts:
    """Rows, buyers and additions per month; additions, ownership and missing values over the months with products."""
    scale = customers / facts.FULL_CUSTOMERS
    known = facts.month_facts()
    rows = {str(month): number * scale for month, number in facts.MONTHLY_ROWS.items()}
    missing = dict.fromkeys(_BLOCK, facts.MISSING_ROWS["block"])
    missing |= {column: facts.MISSING_ROWS[fact] for column, fact in _MISSING.items()}
    ones = facts.ones_by_product()
    added = np.sum([known[month].additions for month in LABELLED], axis=0)
    return {
        "rows": rows | {str(LAST): facts.TEST_ROWS * scale},
        "buyers": {str(month): known[month].buyers * scale for month in LABELLED},
        "additions by month": {str(month): float(known[month].additions.sum()) * scale for month in LABELLED},
        "additions by product": {product.name: float(added[product.bit]) * scale for product in PRODUCTS},
        "ownership": {product.name: float(ones[product.bit]) * scale for product in PRODUCTS},
        "missing": {column: number * scale for column, number in missing.items()},
        "present": {column: facts.PRESENT_ROWS[fact] * scale for column, fact in _PRESENT.items()},
    }


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
