"""Every feature once: name, type, family and meaning.

The schema of the Delta table ``features``, the Feast objects and ``docs/features.md`` are made from this list.
All features are numbers, so that one row packs into one array online; people read the texts in ``customers``.
A row of month M holds the profile of M and the products of the months before M, never those of M.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from santander.schema.months import Month

FEATURE_SET = "next_products_v1"
HISTORY_MONTHS = 5
"""How many months before M a feature row may look back."""


class Family(StrEnum):
    """Features that are computed together; each family is one Feast view."""

    PROFILE = "customer_profile"
    HISTORY = "product_history"
    SEASON = "season"


FAMILY_MEANING = {
    Family.PROFILE: "Who the customer is in the month itself; null where the source is silent",
    Family.HISTORY: "Which products the customer held in the five months before, as bitmasks (bit i = product i)",
    Family.SEASON: "Where in the year the month lies",
}


@dataclass(frozen=True, slots=True)
class Feature:
    """One column of the table ``features``; ``type`` is a Spark SQL type name."""

    name: str
    type: str
    family: Family
    meaning: str


def _declare() -> Iterator[Feature]:
    def profile(name: str, type_: str, meaning: str) -> Feature:
        return Feature(name, type_, Family.PROFILE, meaning)

    def history(name: str, type_: str, meaning: str) -> Feature:
        return Feature(name, type_, Family.HISTORY, meaning)

    def season(name: str, type_: str, meaning: str) -> Feature:
        return Feature(name, type_, Family.SEASON, meaning)

    yield profile("age", "smallint", "Age in years")
    yield profile("is_woman", "boolean", "Sex is H (hembra)")
    yield profile("seniority_months", "int", "Months since joining")
    yield profile("is_new", "boolean", "Registered in the last six months")
    yield profile("is_active", "boolean", "Active customer")
    yield profile("segment", "tinyint", "1 top, 2 individuals, 3 students")
    yield profile("employment_status", "int", "Employment code read as a base-36 number")
    yield profile("channel", "int", "Acquisition channel read as a base-36 number: codes are given out in alphabetical order")
    yield profile("country", "int", "Country of residence read as a base-36 number")
    yield profile("province_code", "smallint", "Province, 1 to 52")
    yield profile("relation_type", "int", "Relation type letter (A, I, P, R, N) read as a base-36 number")
    yield profile("relation_kind", "int", "Relation kind (1 to 4, P) read as a base-36 number")
    yield profile("left_during_month", "boolean", "Primary status is 99: stopped being a primary customer in the month")
    yield profile("is_resident", "boolean", "Lives in the country of the bank")
    yield profile("is_foreign_born", "boolean", "Born in another country than the bank's")
    yield profile("is_deceased", "boolean", "Deceased")
    yield profile("household_income", "double", "Gross yearly income in euros; the imputed one where unknown")
    yield profile(
        "income_imputed",
        "boolean",
        "Income was unknown: median of the month's rows of the province and segment, with fewer than 50 known "
        "of the segment, else of the month",
    )

    for lag in range(1, HISTORY_MONTHS + 1):
        yield history(f"holdings_lag_{lag}", "int", f"Products held {lag} month(s) before; null without a row or holdings then")
    yield history(
        "owned", "int", "Products held in the latest month known of the window, 0 when none is: what is never recommended"
    )
    yield history("months_known", "tinyint", "How many of the five months before have holdings")
    yield history("products_held", "tinyint", "How many products were held the month before; null when unknown")
    yield history(
        "additions",
        "smallint",
        "Products that turned from not held to held between two months of the window, all months together",
    )
    yield history(
        "closures", "smallint", "Products that turned from held to not held between two months of the window, all together"
    )
    yield history(
        "continuations", "smallint", "Products held in two months of the window that follow each other, all months together"
    )
    for plane in range(3):
        yield history(
            f"months_since_added_bit_{plane}",
            "int",
            f"Bit {plane} (worth {1 << plane}) of each product's months since its last addition: 1 to 4, else 0",
        )
    yield history("relation_type_last", "int", "Relation type of the month before, as relation_type")
    yield history("was_active", "boolean", "Active customer in the month before")

    yield season("month_of_year", "tinyint", "Calendar month, 1 to 12")
    yield season("season_sine", "double", "Sine of the month's angle in the year, six decimals")
    yield season("season_cosine", "double", "Cosine of the month's angle in the year, six decimals")


FEATURES: tuple[Feature, ...] = tuple(_declare())
FEATURE_NAMES: tuple[str, ...] = tuple(feature.name for feature in FEATURES)


def months_read_for(month: Month) -> list[Month]:
    """The months of ``customers`` that the features of one month are made from."""
    return [month - lag for lag in range(HISTORY_MONTHS, -1, -1)]
