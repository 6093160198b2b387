"""A family that sees what it must not is refused, in whatever way it looks; one that keeps to its views is not."""

from pathlib import Path

import pytest

from santander.errors import InputError
from santander.features.own.build import build_family
from santander.features.own.leakage import check_family
from santander.schema.months import Month
from tests.conftest import Bank
from tests.features.own.world import HEADER, World, _no_families_left, module, select, world

__all__ = ["_no_families_left", "world"]

MONTH = Month(2016, 5)
ENOUGH = 40
PEEKING = """from pathlib import Path
import os
import deltalake
import pandas as pd
from pyspark.sql import DataFrame, SparkSession, functions as F

from santander.lake.open_lake import open_lake

ENTITY = "customer_id"
MONTHS = 1
MEANING = "What somebody holds in the month itself"
FEATURES = ["held bigint [0, ] Products"]
FOLDER, PIECES, COLUMNS = "{folder}", {pieces}, ["customer_id", "payroll"]


def features(customers: DataFrame, history: DataFrame) -> DataFrame:
    session = SparkSession.getActiveSession()
    {look}
    counted = rows.groupBy("customer_id").agg(F.count(F.when(F.col("payroll"), 1)).alias("held"))
    return customers.select("customer_id").join(counted, "customer_id", "left")
"""
BY_LAKE = "session.createDataFrame(open_lake().arrow('customers', COLUMNS))"
LOOKS = {
    "by the engine": "rows = session.read.format('delta').load(FOLDER + '/lake/customers')",
    "by SQL": "rows = session.sql(f'SELECT * FROM delta.`{FOLDER}/lake/customers`')",
    "by open_lake": f"rows = {BY_LAKE}",
    "by deltalake": "table = deltalake.DeltaTable(FOLDER + '/lake/customers')\n"
    "    rows = session.createDataFrame(table.to_pyarrow_table(columns=COLUMNS))",
    "by pandas, piece by piece": "path = Path(*PIECES) / 'lake' / 'customers'\n"
    "    rows = session.createDataFrame(pd.read_parquet(path, columns=COLUMNS))",
    "by the environment": f"FOLDER = os.environ['SANTANDER_DATA_DIR']; rows = {BY_LAKE}",
    "into later months": "rows = session.createDataFrame(open_lake().arrow('customers', COLUMNS, '2016-06'))",
}  # fmt: skip


def refusal(world: World, bank: Bank, name: str, text: str) -> InputError:
    family = world.family(name, text)
    with pytest.raises(InputError) as refused:
        check_family(bank.lake, family, ENOUGH)
    assert "\n" not in str(refused.value)
    assert refused.value.file == str(family.file)
    return refused.value


@pytest.mark.plan
@pytest.mark.parametrize(("name", "text"), [("fair.sql", select()), ("fair_too.py", module("province_code"))])
def test_a_family_that_keeps_to_its_views_is_checked_on_the_last_month_with_a_later_one(
    world: World, bank: Bank, name: str, text: str
) -> None:
    assert check_family(bank.lake, world.family(name, text), ENOUGH) == MONTH


ON_SPARK_TOO = {"by the engine", "by open_lake"}


@pytest.mark.parametrize("look", [pytest.param(look, marks=[pytest.mark.plan] if look in ON_SPARK_TOO else []) for look in LOOKS])
def test_a_module_that_reads_the_lake_is_refused_with_feature_and_month(
    world: World, bank: Bank, look: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANTANDER_DATA_DIR", str(bank.settings.data))
    before = Path.cwd()
    text = PEEKING.replace("{look}", LOOKS[look]).replace("{folder}", str(bank.settings.data))
    text = text.replace("{pieces}", str(bank.settings.data.parts))
    said = str(refusal(world, bank, "peeking.py", text))
    assert "held of 2016-05" in said
    assert "take everything from customers and history" in said
    assert Path.cwd() == before


@pytest.mark.plan
def test_a_module_that_reads_the_lake_is_refused_even_where_it_sees_nothing_new(world: World, bank: Bank) -> None:
    look = "rows = session.read.format('delta').load(FOLDER + '/lake/customers').where(\"snapshot_date = '2016-04-28'\")"
    text = PEEKING.replace("{look}", look).replace("{folder}", str(bank.settings.data)).replace("{pieces}", "()")
    assert "held of 2016-05 are made of customers too" in str(refusal(world, bank, "peeking.py", text))


def test_a_family_may_do_without_history(world: World, bank: Bank) -> None:
    text = HEADER.format(entity="customer_id").replace("months: 3", "months: 0")
    now = "SELECT customer_id, CAST(1 AS smallint) AS months_active, CAST(age / 200 AS double) AS share_active FROM customers"
    assert check_family(bank.lake, world.family("now.sql", text + now), ENOUGH) == MONTH
    build_family(world.lake, family := world.family("now.sql", text + now), [Month(2016, 4)], 1)
    assert world.rows(family)[0] == (1, 1, 0.155)


def test_a_select_that_reads_a_path_is_refused(world: World, bank: Bank) -> None:
    peeking = "SELECT customer_id, CAST(payroll AS smallint) AS months_active, 0D AS share_active"
    there = f"delta.`{bank.settings.lake}/customers`\nWHERE snapshot_date = '2016-05-28'"
    text = f"{HEADER.format(entity='customer_id')}{peeking} FROM {there}"
    assert "of 2016-05" in str(refusal(world, bank, "peeking.sql", text))


@pytest.mark.parametrize(
    ("was", "instead", "message"),
    [
        ("WHOLE * active / months", "WHOLE * active / months * __import__('random').random()", "comes out otherwise"),
        ('F.sum(F.when(F.col("is_active"), 1).otherwise(0))', 'F.first("age").cast("bigint") % 4', "comes out otherwise"),
        ('F.count("*")', "F.count(F.current_date())", "current_date gives other values"),
        ("WHOLE = 1.0", "import datetime\nWHOLE = datetime.date.today().year", "today gives other values"),
    ],
)  # fmt: skip
def test_a_family_that_cannot_be_made_again_is_refused(world: World, bank: Bank, was: str, instead: str, message: str) -> None:
    assert message in str(refusal(world, bank, "other.py", module("province_code").replace(was, instead)))


def test_what_a_module_keeps_for_later_is_gone_in_the_next_month(world: World) -> None:
    """A module that computes once and gives the first month's values to all would be a family of the first month."""
    text = module().replace("WHOLE = 1.0", "KEPT = []").replace("WHOLE *", "1.0 *")
    text = text.replace("    active =", "    KEPT.append(customers)\n    assert len(KEPT) == 1\n    active =")
    build_family(world.lake, world.family("keeping.py", text), [Month(2016, 3), Month(2016, 4)], 2)
