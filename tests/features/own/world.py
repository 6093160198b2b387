"""A few customers whose features are known by heart, and families written to files beside them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from santander.config.family_files import own_family
from santander.config.settings import Settings
from santander.lake.lake import Lake
from santander.schema.catalogue import CUSTOMERS
from santander.schema.months import Month, month_range
from santander.schema.own_family import OwnFamily

FIRST, MONTH = Month(2016, 1), Month(2016, 4)
ACTIVE = {1: "yyyy", 2: "ynyn", 3: "nn n", 4: "   y"}
"""Customers from FIRST to MONTH: active, not active, not a customer."""
PROVINCE, SEGMENT = {1: 28, 2: 28, 3: 8, 4: None}, {1: "top", 2: "student", 3: "student", 4: "student"}

HEADER = """-- entity: {entity}
-- months: 3
-- meaning: How active somebody was lately
-- feature: months_active smallint [0, 3] Months as an active customer in the three before
-- feature: share_active double [0, 1] Share of active months
"""
SELECT = """SELECT {entity}, CAST(SUM(CASE WHEN is_active THEN 1 ELSE 0 END) AS smallint) AS months_active,
  AVG(CASE WHEN is_active THEN 1.0D ELSE -0.0D END) AS share_active
FROM history
GROUP BY {entity}
"""
MODULE = '''"""The same in PySpark, through a function that workers run."""

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

ENTITY = "{entity}"
MONTHS = 3
MEANING = "How active somebody was lately"
FEATURES = ["months_active smallint [0, 3] Months", "share_active double [0, 1] Share of active months"]
WHOLE = 1.0


@F.pandas_udf("double")
def share(active: pd.Series, months: pd.Series) -> pd.Series:
    return WHOLE * active / months


def features(customers: DataFrame, history: DataFrame) -> DataFrame:
    active = F.sum(F.when(F.col("is_active"), 1).otherwise(0))
    counted = history.groupBy("{entity}").agg(active.alias("active"), F.count("*").alias("months"))
    made = F.col("active").cast("smallint").alias("months_active"), share("active", "months").alias("share_active")
    return counted.select("{entity}", *made)
'''


def select(entity: str = "customer_id") -> str:
    return (HEADER + SELECT).format(entity=entity)


def module(entity: str = "customer_id") -> str:
    return MODULE.format(entity=entity)


class World:
    """The customers in a lake, and families of a folder."""

    def __init__(self, folder: Path, session: SparkSession) -> None:
        self.folder = folder / "conf" / "features"
        self.folder.mkdir(parents=True)
        self.settings = Settings.load(data_dir=str(folder / "data"))
        self.lake = Lake(self.settings, session)
        self.lake.append_rows(CUSTOMERS, [row for month in month_range(FIRST, MONTH) for row in customers_of(month)])

    def family(self, name: str, text: str) -> OwnFamily:
        """Write a file, whose language shows by its name, and read it."""
        (self.folder / name).write_text(text)
        return own_family(name.partition(".")[0])

    def rows(self, family: OwnFamily, month: Month = MONTH) -> list[tuple[object, ...]]:
        """Rows of the table in a month, by key: values of the key and of the features."""
        names = [name for name, _ in family.table.columns if name != "snapshot_date"]
        rows = [row for row in self.lake.rows(family.table) if Month.of(row["snapshot_date"]) == month]
        return [tuple(row[name] for name in names) for row in sorted(rows, key=lambda row: row[names[0]])]


def customers_of(month: Month) -> Iterator[dict[str, object]]:
    for customer, by_month in ACTIVE.items():
        active = by_month[month.number - FIRST.number]
        if active != " ":
            yield {
                "customer_id": customer,
                "snapshot_date": month.snapshot,
                "is_active": active == "y",
                "province_code": PROVINCE[customer],
                "segment": SEGMENT[customer],
                "age": 30 + customer,
                "holdings": customer,
                "payroll": customer % 2 == 1,
            }


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, session: SparkSession) -> Iterator[World]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("families")
        patch.setenv("SANTANDER_CONF_LOCAL", str(folder / "conf"))
        yield World(folder, session)


@pytest.fixture(autouse=True)
def _no_families_left(world: World) -> Iterator[None]:
    yield
    for file in world.folder.iterdir():
        if file.is_file():
            file.unlink()
