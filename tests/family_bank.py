"""A bank with the tables of two families that a user added: one of customers, one of provinces."""

from collections.abc import Sequence
from pathlib import Path

from pyspark.sql import functions as F

from santander.config.family_files import is_users_own, own_families
from santander.lake.lake import Lake
from santander.schema.catalogue import CUSTOMERS
from santander.schema.months import Month
from santander.schema.own_family import OwnFamily

ACTIVITY = """-- entity: customer_id
-- months: 0
-- meaning: How a customer counts
-- feature: id_digit smallint [0, 9] Last digit of the number of the customer
-- feature: is_even boolean Number of the customer is even
SELECT customer_id, CAST(customer_id % 10 AS smallint) AS id_digit, customer_id % 2 = 0 AS is_even FROM customers
"""
BY_PROVINCE = """-- entity: province_code
-- months: 0
-- meaning: How many live there
-- feature: neighbours bigint [1, ] Customers of the province
SELECT province_code, COUNT(*) AS neighbours FROM customers GROUP BY province_code
"""
BY_SEGMENT = """-- entity: segment
-- months: 0
-- meaning: How old they are
-- feature: oldest int [0, 164] Age of the oldest of the segment
SELECT segment, CAST(MAX(age) AS int) AS oldest FROM customers GROUP BY segment
"""
FILES = {"activity": ACTIVITY, "by_province": BY_PROVINCE, "by_segment": BY_SEGMENT}


def write_files(conf: Path, **files: str) -> None:
    """Write SQL files of families, by default all three, to the folder of a user's conf."""
    (conf / "features").mkdir(parents=True, exist_ok=True)
    for name, text in (files or FILES).items():
        (conf / "features" / f"{name}.sql").write_text(text)


def write_table(lake: Lake, family: OwnFamily, months: Sequence[Month]) -> None:
    """Write months of the table of a family whose SELECT needs no history."""
    for month in months:
        lake.read_months(CUSTOMERS, [month]).createOrReplaceTempView("customers")
        rows = lake.session.sql(family.code).where(F.col(family.entity.value).isNotNull())
        rows = rows.withColumn("snapshot_date", F.lit(month.snapshot)).select(*(name for name, _ in family.table.columns))
        lake.replace_months(family.table, rows, {month: rows.count()})


def write_tables(lake: Lake, months: Sequence[Month]) -> None:
    """Write these months of all families that files of the user declare."""
    for family in filter(is_users_own, own_families()):
        write_table(lake, family, months)
