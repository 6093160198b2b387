"""Every rule that looks at rows: it holds for good rows, and its own break breaks it."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from santander.config.settings import Settings
from santander.ingest.column_values import clean_column
from santander.quality.declaration import suite
from santander.quality.made_rules import column_rules
from santander.quality.rules import PRODUCTS_DELIVERED, ROWS, Judgement, MonthFigures, Rule
from santander.schema.between_columns import BETWEEN_COLUMNS
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE, Table
from santander.schema.columns import COLUMNS, Column
from santander.schema.features import FEATURES
from santander.schema.months import Month
from tests.quality.rows import MAY, customer, days_after, feature_row, frame_of, without_products

pytestmark = pytest.mark.plan

ROWS_OF_A_CASE = 20
JUNE_2015 = Month(2015, 6)


def broken_value(column: Column) -> Any:
    """A value that the rule of the column does not allow."""
    if isinstance(column.low, dt.date):
        return column.low - dt.timedelta(days=1)
    if column.low is not None:
        return float(column.low - 1) if column.type == "double" else int(column.low - 1)
    if column.values:
        return "?" if column.type == "string" else 1 + max(map(int, column.values))
    return "" if column.longest else column.unreadable


def values_of(texts: Mapping[str, str]) -> dict[str, Any]:
    """The values of texts that are legal by themselves."""
    columns = [column for column in COLUMNS if column.name in texts]
    cleaned = {c.name: clean_column(c, pa.array([texts[c.name]]).dictionary_encode()).values for c in columns}
    return {name: values[0].as_py() for name, values in cleaned.items()}


CUSTOMERS_BREAKS: dict[str, dict[str, Any]] = {
    **{rule.name: {column.name: broken_value(column)} for column, rule in column_rules()},
    **{rule.name: values_of(rule.breaks_it) for rule in BETWEEN_COLUMNS if rule.sql},
    "snapshot_day": {"snapshot_date": days_after(MAY, -1)},
    "left_has_last_day": {"primary_status": 99},
    "last_day_in_month": {"primary_status": 99, "last_primary_on": days_after(MAY, 10)},
    "seniority_since_joining": {"seniority_months": 27},
    "relation_known_together": {"relation_kind": None},
    "province_known_together": {"province": None},
    "holdings_as_flags": {"mortgage": True},
    "flags_without_holdings": {"holdings": None},
    "flags_unknown_share": {"payroll": None, "pension_deposit": None},
    "age_mean": {"age": 80},
    "age_spread": {"age": 40},
    "women_share": {"sex": "H"},
    "seniority_mean": {"seniority_months": 24},
    "income_mean": {"household_income": 12_000.0},
    "individuals_share": {"segment": "01 - TOP"},
    "active_share": {"is_active": True},
    "residents_share": {"is_resident": False},
    "products_mean": {"holdings": 0},
} | {
    f"{name}_nulls": {name: value}
    for name, value in dict.fromkeys((name for name, _ in CUSTOMERS.columns[2:24])).items()
    if name not in {"last_primary_on", "is_employee_spouse"}
}  # fmt: skip
CUSTOMERS_BREAKS |= {
    "last_primary_on_nulls": {"last_primary_on": MAY.snapshot},
    "is_employee_spouse_nulls": {"is_employee_spouse": True},
}

FEATURES_BREAKS: dict[str, dict[str, Any]] = {
    "stamped_with_month": {"month_of_year": 6},
    "income_known": {"income_imputed": None},
    "owned_is_latest": {"owned": 0},
    "months_known_counted": {"months_known": 3},
    "products_held_counted": {"products_held": None},
    "added_in_window": {"months_since_added_bit_2": 4},
    "added_has_additions": {"additions": 0},
    "season_circle": {"season_sine": 0.5},
}

RANGES = {each.name: each.range for each in FEATURES if each.range is not None}
OUTSIDE: dict[str, dict[str, Any]] = {
    f"{name} {side}": {name: bound + step}
    for name, legal in RANGES.items()
    for side, bound, step in (("below", legal.low, -1), ("beyond", legal.high, 1))
    if bound is not None
}
"""Each feature at a value on either side of the range that it declares."""
GOOD = "none"


def judged(
    settings: Settings, session: SparkSession, table: Table, cases: dict[str, list[dict[str, Any]]], month: Month = MAY
) -> dict[str, list[Judgement]]:
    """The judgements of each case: all cases are counted in one pass."""
    few = settings.quality.model_copy(update={"min_rows": 1, "distributions": settings.quality.distributions | TOY_RANGES})
    rules: list[Rule] = suite(table.name, few)
    aggregates = {ROWS: "count(*)"} | {name: sql for rule in rules for name, sql in rule.aggregates().items()}
    rows = [row | {"case": name} for name, of_case in cases.items() for row in of_case]
    frame = frame_of(session, table, rows, ("case", "string"))
    found = {}
    for row in frame.groupBy("case").agg(*(F.expr(sql).alias(name) for name, sql in aggregates.items())).toArrow().to_pylist():
        name = row.pop("case")
        counts = {key: int(value or 0) for key, value in row.items()}
        counts.setdefault(PRODUCTS_DELIVERED, int(counts.get("known_holdings", 0) > 0))
        judgements = (rule.judge(MonthFigures(table.name, month, counts), few) for rule in rules)
        found[name] = [judgement for judgement in judgements if judgement is not None]
    return found


# the twenty customers of a case are no bank: these ranges hold for them and not for the breaks
TOY_RANGES = {"seniority_mean": (0, 23), "active_share": (0.25, 0.70), "flags_unknown_share": (0.0, 0.05), "age_spread": (5, 25)}


def broken(judgements: list[Judgement]) -> dict[str, int]:
    """Offending counts of the rules that do not hold."""
    return {
        j.rule.name: j.offending
        for j in judgements
        if (j.low is not None and j.figure < j.low) or (j.high is not None and j.figure > j.high)
    }


def good_customers() -> list[dict[str, Any]]:
    joined = (MAY - 22).snapshot
    return [customer(i, joined_on=joined, seniority_months=22) for i in range(1, ROWS_OF_A_CASE + 1)]


def test_good_customers_keep_every_rule_and_each_break_breaks_its_own(settings: Settings, session: SparkSession) -> None:
    good = good_customers()
    cases = {GOOD: good} | {rule: [row | change for row in good] for rule, change in CUSTOMERS_BREAKS.items()}
    found = judged(settings, session, CUSTOMERS, cases)
    assert broken(found[GOOD]) == {}
    assert {rule for rule in CUSTOMERS_BREAKS if rule not in broken(found[rule])} == set()
    assert broken(found["sex_values"])["sex_values"] == ROWS_OF_A_CASE


def test_every_rule_on_rows_of_customers_has_its_break_here(settings: Settings) -> None:
    on_rows = {rule.name for rule in suite("customers", settings.quality) if rule.aggregates()}
    elsewhere = {name for name in on_rows if name.endswith("_nulls_change")} | {"seniority_frozen"}
    assert on_rows - elsewhere == set(CUSTOMERS_BREAKS)


def test_good_features_keep_every_rule_and_each_break_breaks_its_own(settings: Settings, session: SparkSession) -> None:
    good = [feature_row(i) for i in range(1, ROWS_OF_A_CASE + 1)]
    breaks = FEATURES_BREAKS | OUTSIDE
    found = judged(
        settings,
        session,
        FEATURES_TABLE,
        {GOOD: good} | {name: [row | change for row in good] for name, change in breaks.items()},
    )
    assert broken(found[GOOD]) == {}
    assert {rule for rule in FEATURES_BREAKS if rule not in broken(found[rule])} == set()
    of_range = {name: legal.rule or f"{name}_range" for name, legal in RANGES.items()}
    assert {case for case in OUTSIDE if of_range[case.split()[0]] not in broken(found[case])} == set()
    on_rows = {rule.name for rule in suite("features", settings.quality) if rule.aggregates()}
    assert {name for name in on_rows if not name.endswith("_as_in_customers")} == {*FEATURES_BREAKS, *of_range.values()}


def test_seniority_is_a_warning_while_it_is_frozen(settings: Settings, session: SparkSession) -> None:
    rows = [customer(i, JUNE_2015, seniority_months=30) for i in range(1, ROWS_OF_A_CASE + 1)]
    judgements = judged(settings, session, CUSTOMERS, {GOOD: rows}, JUNE_2015)[GOOD]
    assert "seniority_frozen" in broken(judgements)
    assert "seniority_since_joining" not in {judgement.rule.name for judgement in judgements}


def test_a_month_without_products_is_not_asked_for_them(settings: Settings, session: SparkSession) -> None:
    june = Month(2016, 6)
    rows = [without_products(row) | {"snapshot_date": june.snapshot} for row in good_customers()]
    judgements = judged(settings, session, CUSTOMERS, {GOOD: rows}, june)[GOOD]
    assert broken(judgements) == {}
    asked = {judgement.rule.name for judgement in judgements}
    assert not asked & {"holdings_as_flags", "flags_unknown_share", "products_mean", "payroll_with_pension"}


@pytest.mark.parametrize("rule", ["sex_values", "age_range"])
def test_one_row_is_enough(settings: Settings, session: SparkSession, rule: str) -> None:
    first, *others = good_customers()
    found = judged(settings, session, CUSTOMERS, {GOOD: [first | CUSTOMERS_BREAKS[rule], *others]})[GOOD]
    assert broken(found) == {rule: 1}
