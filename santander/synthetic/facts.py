"""The calibration tables: figures printed over the full competition data (``calibration/*.csv``, calibration/README.md)."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from santander.schema.months import Month
from santander.schema.products import PRODUCT_NAMES, PRODUCTS

FULL_CUSTOMERS = 956_645
FIRST_MONTH = Month(2015, 1)
LAST_LABELLED = Month(2016, 5)
FROZEN_UNTIL = Month(2015, 7)
"""Before this month age and seniority already show its values (calibration/README.md)."""

MONTHLY_ROWS = {
    Month(2015, 1): 625_457, Month(2015, 2): 627_394, Month(2015, 3): 629_209, Month(2015, 4): 630_367,
    Month(2015, 5): 631_957, Month(2015, 6): 632_110, Month(2015, 7): 829_817, Month(2015, 8): 843_201,
    Month(2015, 9): 865_440, Month(2015, 10): 892_251, Month(2015, 11): 906_109, Month(2015, 12): 912_021,
    Month(2016, 1): 916_269, Month(2016, 2): 920_904, Month(2016, 3): 925_076, Month(2016, 4): 928_274,
    Month(2016, 5): 931_453,
}  # fmt: skip
TEST_ROWS = 929_615

MISSING_ROWS = {
    "block": 27_734, "sex": 27_804, "province": 93_591, "channel": 186_126, "segment": 189_368,
    "relation": 149_781, "income": 2_794_375, "payroll": 16_063,
}  # fmt: skip
"""Rows of 2015-01 to 2016-05 that lack a value; ``block`` is the eleven columns that are missing together."""

PRESENT_ROWS = {"last_primary": 24_793, "spouse": 1_808}
"""Rows that carry one of the two columns which are nearly always empty."""

BLOCK_CUSTOMERS = 7_340

_FADING = [PRODUCT_NAMES.index(name) for name in ("short_term_deposit", "medium_term_deposit", "long_term_deposit")]
"""Products on their way out: beyond the tables they stay at the last month's level instead of the season's."""


@dataclass(frozen=True, slots=True)
class MonthFacts:
    """What the facts print about the additions of one month: customers who added, and additions by product bit."""

    buyers: int
    additions: NDArray[np.float64]


@cache
def table(name: str) -> list[dict[str, str]]:
    """All rows of one calibration table."""
    with (files("santander.synthetic") / "calibration" / f"{name}.csv").open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


@cache
def counts(name: str, key: str = "value") -> dict[str, int]:
    """A value distribution: rows of 2015-01 to 2016-05 by value."""
    return {row[key]: int(row["count"]) for row in table(name)}


@cache
def month_facts() -> dict[Month, MonthFacts]:
    """Buyers and additions of 2015-02 to 2016-05."""
    buyers = {row["month"]: int(row["strict_buyers"]) for row in table("monthly_buyers")}
    return {
        Month.parse(row["date"][:7]): MonthFacts(
            buyers[row["date"]], np.array([float(row[product.source]) for product in PRODUCTS])
        )
        for row in table("additions_by_month_product")
    }


def additions_of(month: Month) -> MonthFacts:
    """Return the additions of a month at full size; beyond the tables those of the nearest same calendar month."""
    known = month_facts()
    if month in known:
        return known[month]
    same_season = [other for other in known if other.number == month.number]
    if month < FIRST_MONTH + 1:
        return known[min(same_season)]
    nearest = known[max(same_season)]
    additions = nearest.additions.copy()
    additions[_FADING] = known[LAST_LABELLED].additions[_FADING]
    return MonthFacts(nearest.buyers, additions)


@cache
def ones_by_product() -> NDArray[np.float64]:
    """Rows of 2015-01 to 2016-05 that hold each product, by bit."""
    ones = {row["product"]: float(row["ones_in_train"]) for row in table("product_totals")}
    return np.array([ones[product.source] for product in PRODUCTS])


# value sets of the profile columns as the raw files write them; code 0 is a missing value
SEGMENTS = ("", "01 - TOP", "02 - PARTICULARES", "03 - UNIVERSITARIO")
TOP, INDIVIDUAL, STUDENT = 1, 2, 3

SEXES = ("", "H", "V")
WOMAN, MAN = 1, 2

EMPLOYMENTS = ("", "N", "B", "F", "A", "S")
EMPLOYMENT_ROWS = (13_610_977, 3_566, 2_523, 2_492, 17)

RELATION_KINDS = ("", "1", "1.0", "2", "2.0", "3", "3.0", "4", "4.0", "P")
RELATION_TYPES = ("", "A", "I", "P", "R", "N")
ACTIVE_TYPE, INACTIVE_TYPE, FORMER_TYPE, POTENTIAL_TYPE, UNKNOWN_TYPE = 1, 2, 3, 4, 5

SPAIN = "ES"
COUNTRIES = ("", SPAIN, *sorted(code for code in counts("country_counts") if code != SPAIN))
CHANNELS = ("", *sorted(counts("channel_counts")))
