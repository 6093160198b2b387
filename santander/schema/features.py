"""Every feature once: name, type, family, legal range and meaning.

Made from this list: the columns of the Delta table ``features``, the Feast fields, docs/features.md, the range rules of
``quality``, and the definitions that a saved model keeps. The function that makes a feature stands in ``santander/features``
and is registered there under the feature's name; nothing is built while a feature has no function.

All features are numbers, so that one row packs into one array online; people read the texts in ``customers``.
A row of month M holds the profile of M and the products of the months before M, never those of M.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from santander.schema.columns import PROFILE_COLUMNS
from santander.schema.counting import counted
from santander.schema.months import Month
from santander.schema.products import N_PRODUCTS

FEATURE_SET = "next_products_v1"
"""The name of the Feast service; it stays when the set grows (docs/adr/0041)."""
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


TYPES = ("boolean", "tinyint", "smallint", "int", "bigint", "double")
"""What a feature may be, as Spark SQL names it."""


@dataclass(frozen=True, slots=True)
class Range:
    """The least and the highest legal value; None: no bound. A null is always legal.

    Features with the same ``rule`` are judged by one quality rule of that name; without it a feature has a rule of its own.
    """

    low: float | None
    high: float | None
    words: str
    """The range for people, such as ``0 to 164 years``."""
    rule: str | None = None


def _range_of(name: str, rule: str | None = None) -> Range:
    """Return the range of a column of the landing files."""
    column = next(column for column in PROFILE_COLUMNS if column.name == name)
    low, high = (bound for bound in (column.low, column.high) if isinstance(bound, int | float))
    return Range(low, high, f"{column.span} {column.unit}".rstrip(), rule)


MASK = Range(0, (1 << N_PRODUCTS) - 1, f"a mask of {N_PRODUCTS} bits", "bitmasks")
CODE = Range(0, None, "0 and more", "codes_from_zero")
CHANGES = Range(0, N_PRODUCTS * (HISTORY_MONTHS - 1), f"0 to {N_PRODUCTS * (HISTORY_MONTHS - 1)}", "changes_range")


@dataclass(frozen=True, slots=True)
class Feature:
    """One column of the table ``features``; ``type`` is a Spark SQL type name."""

    name: str
    type: str
    family: str
    meaning: str
    range: Range | None = None
    """What a number may be; None for a boolean."""
    formerly: tuple[str, ...] = ()
    """Earlier wordings of the same meaning: a model that was fitted under one of them still knows the feature."""

    def __post_init__(self) -> None:
        """Raise ValueError for an entry without what is made from it."""
        self._check_family()
        if self.type not in TYPES:
            raise ValueError(f"feature '{self.name}': type '{self.type}' is none of {', '.join(TYPES)}")
        if (self.type == "boolean") != (self.range is None):
            raise ValueError(f"feature '{self.name}': a number needs its legal range, a boolean has none")

    def _check_family(self) -> None:
        if self.family not in tuple(Family):
            raise ValueError(f"feature '{self.name}': family '{self.family}' is none of {', '.join(Family)}")

    @property
    def is_bitmask(self) -> bool:
        """Whether the feature holds a bit per product; models see it expanded, never as a number."""
        return self.range == MASK


def _declare() -> Iterator[Feature]:
    profile, history, season = (partial(_feature, family) for family in Family)
    yield profile("age", "smallint", "Age in years", _range_of("age"))
    yield profile("is_woman", "boolean", "Sex is H (hembra)")
    yield profile("seniority_months", "int", "Months since joining", _range_of("seniority_months", "seniority_range"))
    yield profile("is_new", "boolean", "Registered in the last six months")
    yield profile("is_active", "boolean", "Active customer")
    yield profile("segment", "tinyint", "1 top, 2 individuals, 3 students", Range(1, 3, "1, 2 or 3"))
    yield profile("employment_status", "int", "Employment code read as a base-36 number", CODE)
    yield profile(
        "channel", "int", "Acquisition channel read as a base-36 number: codes are given out in alphabetical order", CODE
    )
    yield profile("country", "int", "Country of residence read as a base-36 number", CODE)
    yield profile("province_code", "smallint", "Province, 1 to 52", _range_of("province_code"))
    yield profile("relation_type", "int", "Relation type letter (A, I, P, R, N) read as a base-36 number", CODE)
    yield profile("relation_kind", "int", "Relation kind (1 to 4, P) read as a base-36 number", CODE)
    yield profile("left_during_month", "boolean", "Primary status is 99: stopped being a primary customer in the month")
    yield profile("is_resident", "boolean", "Lives in the country of the bank")
    yield profile("is_foreign_born", "boolean", "Born in another country than the bank's")
    yield profile("is_deceased", "boolean", "Deceased")
    yield profile(
        "household_income",
        "double",
        "Gross yearly income in euros; the imputed one where unknown",
        _range_of("household_income", "income_range"),
    )
    yield profile(
        "income_imputed",
        "boolean",
        "Income was unknown: median of the month's rows of the province and segment, with fewer than 50 known "
        "of the segment, else of the month",
    )

    for lag in range(1, HISTORY_MONTHS + 1):
        yield history(
            f"holdings_lag_{lag}",
            "int",
            f"Products held {counted(lag, 'month')} before; null without a row or holdings then",
            MASK,
        )
    yield history(
        "owned", "int", "Products held in the latest month known of the window, 0 when none is: what is never recommended", MASK
    )
    yield history(
        "months_known",
        "tinyint",
        "How many of the five months before have holdings",
        Range(0, HISTORY_MONTHS, f"0 to {HISTORY_MONTHS}"),
    )
    yield history(
        "products_held",
        "tinyint",
        "How many products were held the month before; null when unknown",
        Range(0, N_PRODUCTS, f"0 to {N_PRODUCTS}"),
    )
    yield history(
        "additions",
        "smallint",
        "Products that turned from not held to held between two months of the window, all months together",
        CHANGES,
    )
    yield history(
        "closures",
        "smallint",
        "Products that turned from held to not held between two months of the window, all together",
        CHANGES,
    )
    yield history(
        "continuations",
        "smallint",
        "Products held in two months of the window that follow each other, all months together",
        CHANGES,
    )
    for plane in range(3):
        yield history(
            f"months_since_added_bit_{plane}",
            "int",
            f"Bit {plane} (worth {1 << plane}) of each product's months since its last addition: 1 to 4, else 0",
            MASK,
        )
    yield history("relation_type_last", "int", "Relation type of the month before, as relation_type", CODE)
    yield history("was_active", "boolean", "Active customer in the month before")

    yield season("month_of_year", "tinyint", "Calendar month, 1 to 12", Range(1, 12, "1 to 12"))
    yield season("season_sine", "double", "Sine of the month's angle in the year, six decimals", Range(-1, 1, "-1 to 1"))
    yield season("season_cosine", "double", "Cosine of the month's angle in the year, six decimals", Range(-1, 1, "-1 to 1"))


def _feature(
    family: Family, name: str, type_: str, meaning: str, range_: Range | None = None, formerly: tuple[str, ...] = ()
) -> Feature:
    return Feature(name, type_, family, meaning, range_, formerly)


FEATURES: tuple[Feature, ...] = tuple(_declare())
FEATURE_NAMES: tuple[str, ...] = tuple(feature.name for feature in FEATURES)
if len(set(FEATURE_NAMES)) < len(FEATURE_NAMES):
    raise ValueError(f"declared twice: {', '.join(sorted({n for n in FEATURE_NAMES if FEATURE_NAMES.count(n) > 1}))}")


def months_read_for(month: Month) -> list[Month]:
    """The months of ``customers`` that the features of one month are made from."""
    return [month - lag for lag in range(HISTORY_MONTHS, -1, -1)]
