"""What the facts lead to expect of a bank from 2015-01 to 2016-06, scaled to its number of customers."""

import numpy as np

from santander.bank_report.figures import Counts
from santander.schema.months import Month, month_range
from santander.schema.products import PRODUCTS
from santander.synthetic import facts

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
