"""Every rule once, to be read as a table: name, column it is about, what must hold, and the SQL that finds what breaks it.

docs/quality.md is made from these lists. A condition that is null for a row says nothing of it. Facts of the competition
files behind a rule stand in docs/data.md; thresholds stand in conf/base/quality.yaml.
"""

from functools import reduce

from santander.config.sections import QualitySettings
from santander.quality.made_rules import column_rules, range_rules, rules_between_columns
from santander.quality.rules import (
    PRODUCTS_DELIVERED,
    ROWS_BEFORE,
    CountRule,
    EqualRule,
    MeanRule,
    NullShareChangeRule,
    NullShareRule,
    RowRule,
    RowsChangeRule,
    Rule,
    Severity,
    ShareRule,
    SpreadRule,
)
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE
from santander.schema.columns import PROFILE_COLUMNS
from santander.schema.counting import counted
from santander.schema.features import HISTORY_MONTHS
from santander.schema.months import Month
from santander.schema.products import N_PRODUCTS, PRODUCTS

# ruff: noqa: E501  (one line per rule, to be read as a table)

UNFROZEN = Month(2015, 7)
"""In the months before, age and seniority of the competition files are frozen at their values of this month."""
PAYROLL, PENSION = (next(p.mask for p in PRODUCTS if p.name == name) for name in ("payroll", "pension_deposit"))

_FLAGS_AS_BITS = " + ".join(f"IF(coalesce({p.name}, false), {p.mask}, 0)" for p in PRODUCTS)
_NULL_FLAGS = " + ".join(f"IF({p.name} IS NULL, 1, 0)" for p in PRODUCTS)
_MONTHS_SINCE_JOINING = "((year(snapshot_date) - year(joined_on)) * 12 + month(snapshot_date) - month(joined_on))"
_LAGS = [f"holdings_lag_{lag}" for lag in range(1, HISTORY_MONTHS + 1)]
_PLANES = [f"months_since_added_bit_{plane}" for plane in range(3)]
STABLE = ("sex", "joined_on", "country")
"""Columns that stay with a customer: in the competition files sex changes for 46 customers in all."""
WARNING = Severity.WARNING


def _shared(table: str) -> list[Rule]:
    """Return the rules of every monthly table."""
    return [
        CountRule(name="schema", column="table", meaning=f"{table} has exactly the declared columns and types", of="columns", unit="columns"),
        CountRule(name="key_unique", column="customer_id", meaning="a customer has one row in the month"),
    ]  # fmt: skip


def _customers(settings: QualitySettings) -> list[Rule]:
    off = f"abs(seniority_months - {_MONTHS_SINCE_JOINING}) > {settings.seniority_tolerance_months}"
    joining = f"seniority is the months since joining, give or take {settings.seniority_tolerance_months}"
    return [
        *_shared("customers"),
        RowsChangeRule(name="rows_fall", column="table", meaning="the month has not many rows less than the month before", fall=True),
        RowsChangeRule(name="rows_rise", column="table", meaning="the month has not many rows more than the month before", fall=False, severity=WARNING),
        # the same customers as in the month before
        ShareRule(name="seen_again", column="customer_id", meaning="customers of the month before are seen again", part="seen_again", whole=ROWS_BEFORE, least=True, observed="{share} of the {whole} customers of {before} seen again"),
        ShareRule(name="without_history", column="is_new", meaning="customers who are not new have a row in the month before", part="without_history", whole="not_new", observed="{share} of {whole} customers who are not new have no row in {before}"),
        *(ShareRule(name=f"{name}_changes", column=name, meaning=f"{name} stays with a customer from the month before; nulls are no change", part=f"changed_{name}", whole=f"compared_{name}", observed=f"{{share}} of {{whole}} customers have another {name} than in {{before}}") for name in STABLE),
        # the ingestions
        EqualRule(name="rows_as_ingested", column="table", meaning="the rows are those the ingestions kept, but for customers who were erased", left="rows", right="rows_ingested", slack="customers_erased"),
        CountRule(name="ingestions_add_up", column="table", meaning="read = kept + quarantined in every ingestion of the month", of="ingestions", unit="ingestions"),
        RowRule(name="snapshot_day", column="snapshot_date", meaning="the snapshot is dated the 28th", broken="day(snapshot_date) <> 28"),
        # what landing files may hold: one rule a column, and those between columns
        *(rule for _, rule in column_rules()),
        *rules_between_columns(),
        # columns together
        RowRule(name="left_has_last_day", column="last_primary_on", meaning="primary_status is 99 exactly when last_primary_on is known", broken="(primary_status = 99) <> (last_primary_on IS NOT NULL)", excused_by=("last_primary_on",)),
        RowRule(name="last_day_in_month", column="last_primary_on", meaning="the last day as primary customer lies in the month", of="known_last_primary_on", broken="year(last_primary_on) <> year(snapshot_date) OR month(last_primary_on) <> month(snapshot_date)", severity=WARNING),
        RowRule(name="seniority_since_joining", column="seniority_months", meaning=joining, of="known_seniority_months", broken=off, since=UNFROZEN),
        RowRule(name="seniority_frozen", column="seniority_months", meaning=f"{joining}; before {UNFROZEN} the files say what it was then", of="known_seniority_months", broken=off, before=UNFROZEN, severity=WARNING),
        RowRule(name="relation_known_together", column="relation_type", meaning="relation_kind and relation_type are known together", broken="(relation_kind IS NULL) <> (relation_type IS NULL)", excused_by=("relation_kind", "relation_type"), severity=WARNING),
        RowRule(name="province_known_together", column="province", meaning="province and its code are known together", broken="(province_code IS NULL) <> (province IS NULL)", excused_by=("province_code", "province"), severity=WARNING),
        # products
        CountRule(name="holdings_delivered", column="holdings", meaning="holdings are known in every row of a month delivered with products, and in none of one without"),
        RowRule(name="holdings_as_flags", column="holdings", meaning="bit i of holdings is set exactly when product i is held", of="known_holdings", needs=PRODUCTS_DELIVERED, broken=f"holdings <> {_FLAGS_AS_BITS}"),
        RowRule(name="flags_without_holdings", column="holdings", meaning="without holdings no product flag is known", broken=f"holdings IS NULL AND {_NULL_FLAGS} < {N_PRODUCTS}"),
        MeanRule(name="flags_unknown_share", column="holdings", meaning="the share of product flags that are unknown", needs=PRODUCTS_DELIVERED, total=f"sum(CAST({_NULL_FLAGS} AS BIGINT))", count=f"count(holdings) * {N_PRODUCTS}"),
        CountRule(name="payroll_with_pension", column="holdings", meaning="whoever has payroll added holds pension_deposit in the month", needs=PRODUCTS_DELIVERED),
        # null shares against the usual
        *(NullShareRule(name=f"{c.name}_nulls", column=c.name, meaning="the share of nulls is about the usual one") for c in PROFILE_COLUMNS[2:]),
        *(NullShareChangeRule(name=f"{c.name}_nulls_change", column=c.name, meaning="the share of nulls is about that of the months before") for c in PROFILE_COLUMNS[2:]),
        # distributions
        MeanRule(name="age_mean", column="age", meaning="mean age in years", total="sum(CAST(age AS BIGINT))", count="count(age)"),
        SpreadRule(name="age_spread", column="age", meaning="standard deviation of age in years", total="sum(CAST(age AS BIGINT))", count="count(age)", squares="sum(CAST(age AS BIGINT) * age)"),
        MeanRule(name="women_share", column="sex", meaning="share of women among those whose sex is known", total="count_if(sex = 'H')", count="count(sex)"),
        MeanRule(name="seniority_mean", column="seniority_months", meaning="mean seniority in months", total="sum(CAST(seniority_months AS BIGINT))", count="count(seniority_months)"),
        MeanRule(name="income_mean", column="household_income", meaning="mean of the known incomes in whole euros", total="sum(CAST(floor(household_income) AS BIGINT))", count="count(household_income)"),
        MeanRule(name="individuals_share", column="segment", meaning="share of 02 - PARTICULARES among the known segments", total="count_if(segment = '02 - PARTICULARES')", count="count(segment)"),
        MeanRule(name="active_share", column="is_active", meaning="share of active customers", total="count_if(is_active)", count="count(is_active)"),
        MeanRule(name="residents_share", column="is_resident", meaning="share of customers who live in the country of the bank", total="count_if(is_resident)", count="count(is_resident)"),
        MeanRule(name="products_mean", column="holdings", meaning="mean number of products held", needs=PRODUCTS_DELIVERED, total="sum(CAST(bit_count(holdings) AS BIGINT))", count="count(holdings)"),
    ]  # fmt: skip


def _as_in_customers(name: str, meaning: str, sql: str) -> EqualRule:
    """Return a rule that a figure is the same in both tables: ``_in_customers`` is counted there."""
    column, right = name.removesuffix("_as_in_customers"), f"{name}_in_customers"
    return EqualRule(name=name, column=column, meaning=meaning, left=name, right=right, sql={name: sql})


AS_IN_CUSTOMERS: tuple[EqualRule, ...] = (
    _as_in_customers("age_as_in_customers", "the ages add up as in customers", "coalesce(sum(CAST(age AS BIGINT)), 0)"),
    _as_in_customers("seniority_months_as_in_customers", "the seniorities add up as in customers", "coalesce(sum(CAST(seniority_months AS BIGINT)), 0)"),
    _as_in_customers("province_code_as_in_customers", "as many provinces are known as in customers", "count(province_code)"),
    _as_in_customers("segment_as_in_customers", "as many segments are known as in customers", "count(segment)"),
    _as_in_customers("is_active_as_in_customers", "as many customers are active as in customers", "count_if(is_active)"),
)  # fmt: skip


def _features(_: QualitySettings) -> list[Rule]:
    known = " + ".join(f"IF({lag} IS NULL, 0, 1)" for lag in _LAGS)
    added = reduce(lambda left, right: f"{left} | {right}", _PLANES)
    return [
        *_shared("features"),
        EqualRule(name="rows_as_customers", column="table", meaning="the month has the rows of customers", left="rows", right="rows_of_customers"),
        RowRule(name="stamped_with_month", column="snapshot_date", meaning="a row is dated the 28th, and month_of_year is its month", broken="day(snapshot_date) <> 28 OR NOT (month_of_year <=> CAST(month(snapshot_date) AS TINYINT))"),
        *range_rules(),
        # the profile
        RowRule(name="income_known", column="household_income", meaning="income is known or imputed, where any income is known", needs="known_household_income", broken="household_income IS NULL OR income_imputed IS NULL"),
        *AS_IN_CUSTOMERS,
        # the history
        *(CountRule(name=f"{lag}_as_held", column=lag, meaning=f"holdings {counted(number, 'month')} before, null without them; compared by customer in a sample", of="lags_sampled") for number, lag in enumerate(_LAGS, start=1)),
        RowRule(name="owned_is_latest", column="owned", meaning="owned is the latest known lag, 0 without one", broken=f"NOT (owned <=> coalesce({', '.join(_LAGS)}, 0))"),
        RowRule(name="months_known_counted", column="months_known", meaning="months_known is how many lags are known", broken=f"NOT (months_known <=> CAST({known} AS TINYINT))"),
        RowRule(name="products_held_counted", column="products_held", meaning="products_held is how many bits the first lag has", broken=f"NOT (products_held <=> CAST(bit_count({_LAGS[0]}) AS TINYINT))"),
        RowRule(name="added_in_window", column="added", meaning="no product was added longer ago than the window sees", broken=f"({_PLANES[2]} & ({_PLANES[0]} | {_PLANES[1]})) <> 0"),
        RowRule(name="added_has_additions", column="added", meaning="a product that was added is counted in additions", broken=f"bit_count({added}) > additions"),
        # the season
        RowRule(name="season_circle", column="season", meaning="sine and cosine lie on the circle", broken="abs(season_sine * season_sine + season_cosine * season_cosine - 1) > 0.00001"),
    ]  # fmt: skip


SUITES = {CUSTOMERS.name: _customers, FEATURES_TABLE.name: _features}
"""The tables that have rules; a suite is made from the settings, which some meanings name."""


def suite(table: str, settings: QualitySettings) -> list[Rule]:
    """The rules of a table."""
    return SUITES[table](settings)
