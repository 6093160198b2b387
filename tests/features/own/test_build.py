"""A file becomes a table: in SQL and in PySpark, of customers, provinces and segments; and what is wrong is named."""

import sys
from typing import Any

import pytest

from santander.errors import InputError
from santander.features.own.build import build_family
from santander.schema.months import Month, month_range
from tests.features.own.world import FIRST, HEADER, MONTH, World, _no_families_left, module, select, world

__all__ = ["_no_families_left", "world"]

CUSTOMERS_OF_APRIL = [(1, 3, 1.0), (2, 2, 0.666667), (3, 0, 0.0), (4, None, None)]


@pytest.mark.plan
@pytest.mark.parametrize(("name", "text"), [("in_sql.sql", select()), ("in_pyspark.py", module())])
def test_each_customer_of_the_month_has_one_row(world: World, name: str, text: str) -> None:
    family = world.family(name, text)
    assert build_family(world.lake, family, month_range(FIRST, MONTH), 3) == dict(
        zip(month_range(FIRST, MONTH), (3, 3, 2, 4), strict=True)
    )
    assert world.rows(family) == CUSTOMERS_OF_APRIL
    assert [str(share) for _, _, share in world.rows(family)][2] == "0.0", "-0.0 is 0.0"
    assert world.rows(family, FIRST) == [(customer, None, None) for customer in (1, 2, 3)]
    assert not [name for name in sys.modules if name.startswith("_own_family")]


@pytest.mark.parametrize(
    ("entity", "rows"),
    [("province_code", [(8, 0, 0.0), (28, 3, 0.833333)]), ("segment", [("student", 2, 0.4), ("top", 3, 1.0)])],
)
def test_each_province_and_segment_of_the_month_has_one_row(world: World, entity: str, rows: list[object]) -> None:
    months = select(entity).replace("SUM(CASE", "COUNT(DISTINCT CASE").replace("THEN 1 ELSE 0", "THEN snapshot_date")
    family = world.family(f"of_{entity}.sql", months)
    build_family(world.lake, family, [MONTH], 1)
    assert world.rows(family) == rows


def test_the_views_hide_the_products_of_the_month_and_count_months_back(world: World) -> None:
    seen = (
        "SELECT customer_id, MAX(months_before) AS n FROM history WHERE payroll IS NOT NULL AND holdings > 0 GROUP BY customer_id"
    )
    back = "SELECT c.customer_id, CAST(n AS smallint) AS months_active, 0D AS share_active FROM customers c"
    text = f"{HEADER.format(entity='customer_id')}WITH seen AS ({seen})\n{back} JOIN seen ON c.customer_id = seen.customer_id"
    build_family(world.lake, family := world.family("back.sql", text), [MONTH], 1)
    assert [months for _, months, _ in world.rows(family)] == [3, 3, 3, None]
    for hidden in ("holdings", "payroll"):
        wrong = world.family("back.sql", text.replace("0D AS", f"CAST({hidden} AS double) AS"))
        with pytest.raises(InputError, match=f"unknown column '{hidden}'"):
            build_family(world.lake, wrong, [MONTH], 1)


def test_a_view_of_the_user_is_neither_hidden_nor_read(world: World) -> None:
    session = world.lake.session
    session.sql("SELECT 99 AS customer_id").createOrReplaceTempView("history")
    build_family(world.lake, family := world.family("in_sql.sql", select()), [MONTH], 1)
    assert world.rows(family) == CUSTOMERS_OF_APRIL
    assert [row.tableName for row in session.sql("SHOW VIEWS").collect() if row.tableName.startswith("own_")] == []
    assert session.table("history").collect()[0][0] == 99
    session.catalog.dropTempView("history")


def test_a_month_is_replaced_and_the_others_stay(world: World) -> None:
    family = world.family("replaced.sql", select())
    build_family(world.lake, family, [MONTH - 1, MONTH], 1)
    before = world.lake.fingerprints(family.table)
    build_family(world.lake, family, [MONTH], 1)
    after = world.lake.fingerprints(family.table)
    assert (after[MONTH - 1] == before[MONTH - 1], after[MONTH] == before[MONTH]) == (True, False)
    assert world.rows(family) == CUSTOMERS_OF_APRIL


def test_a_table_of_other_columns_is_made_anew_as_a_whole(world: World) -> None:
    build_family(world.lake, world.family("changed.sql", select()), [MONTH - 1, MONTH], 2)
    family = world.family("changed.sql", select().replace("smallint", "int").replace("share_active", "share"))
    build_family(world.lake, family, [MONTH], 1)
    assert world.lake.months(family.table) == [MONTH]
    assert world.lake.stored_columns(family.table) == family.table.columns
    assert world.rows(family) == CUSTOMERS_OF_APRIL


WRONG_SQL = [
    ("is_active", "is_activ", 6, r"unknown column 'is_activ'.*did you mean is_active\?"),
    ("AS share_active", "AS share", 6, r"the result has no column 'share_active'"),
    ("AS share_active", "AS Share_Active", 7, r"no column 'share_active': write AS share_active, not Share_Active"),
    ("AS share_active", "AS share_active, 1 AS other", 7, r"a column 'other' that is not declared"),
    ("CAST(SUM(", "(SUM((", 6, r"'months_active' is declared smallint, made bigint.*CAST\(… AS smallint\)"),
    ("FROM history", "FROM histories", 8, r"unknown view 'histories'.*customers and history"),
    ("SUM(", "SUMM(", 6, r"(sail|Apache Spark) knows no function '(SUMM|summ)'"),
    ("GROUP BY customer_id", "GROUP BY age", 6, "neither grouped nor aggregated"),
    ("FROM history", "FROM history ? z", 8, r"(sail|Apache Spark) cannot read this SQL: .*: look for a mistyped"),
    ("GROUP BY customer_id", "GROUP BY customer_id, snapshot_date", 6, r"[23] rows for customer_id 1 in 2016-04"),
    ("SUM(CASE", "4 + SUM(CASE", 6, r"months_active is 7 for customer_id 1 in 2016-04, declared is 0 to 3"),
    ("AVG(", "CAST('NaN' AS double) * AVG(", 7, r"share_active is nan for customer_id 1 in 2016-04"),
    ("SUM(CASE", "SUM(1 / 0) + SUM(CASE", 6, r"[Dd]ivi"),
]  # fmt: skip


ON_SPARK_TOO = {"is_active", "FROM history", "SUM(", "GROUP BY customer_id", "WHOLE * active", 'F.col("is_active")'}


def cases(wrong: list[tuple[str, str, int, str]]) -> list[Any]:
    """Return the cases, of which those run on Spark too whose message an engine decides."""
    return [pytest.param(*case, marks=[pytest.mark.plan] if case[0] in ON_SPARK_TOO else []) for case in wrong]


@pytest.mark.parametrize(("was", "instead", "line", "message"), cases(WRONG_SQL))
def test_what_is_wrong_in_a_select_is_named_in_one_line(world: World, was: str, instead: str, line: int, message: str) -> None:
    text = select().replace(was, instead) if was != "CAST(SUM(" else select().replace(was, instead).replace(" AS smallint)", "))")
    refused_in_one_line(world, "wrong.sql", text, line, message)


def refused_in_one_line(world: World, name: str, text: str, line: int, message: str) -> None:
    family = world.family(name, text)
    with pytest.raises(InputError, match=message) as refusal:
        build_family(world.lake, family, [MONTH], 1)
    assert "\n" not in str(refusal.value)
    assert f"{family.file}, line {line}: " in str(refusal.value)
    assert (refusal.value.line, refusal.value.month) == (line, str(MONTH))
    assert not world.lake.exists(family.table)


WRONG_PYTHON = [
    ('F.col("is_active")', 'F.col("is_activ")', 20, r"unknown column 'is_activ'"),
    ("return counted.select", "counted.select", 19, r"the function returns nothing.*return a DataFrame"),
    ("return counted.select", "return len #", 19, r"the function returns a builtin"),
    ("WHOLE * active", "int('a')", 16, r"ValueError: invalid literal"),
    ("active = F.sum", "active = {}['a'] + F.sum", 20, r"KeyError: 'a'"),
    ("import pandas as pd", "import pandaz as pd", 3, r"No module named 'pandaz'"),
    ('.cast("smallint")', "", 22, r"'months_active' is declared smallint, made bigint.*\.cast\('smallint'\)"),
]


@pytest.mark.parametrize(("was", "instead", "line", "message"), cases(WRONG_PYTHON))
def test_what_is_wrong_in_a_module_is_named_in_one_line(world: World, was: str, instead: str, line: int, message: str) -> None:
    refused_in_one_line(world, "wrong.py", module().replace(was, instead), line, message)


def test_a_month_without_customers_is_refused(world: World) -> None:
    with pytest.raises(InputError, match="no customers for 2020-01"):
        build_family(world.lake, world.family("in_sql.sql", select()), [Month(2020, 1)], 1)
