"""The stamp: features of month M are found at M's snapshot and say nothing of M's products."""

import datetime as dt

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE
from santander.schema.features import HISTORY_MONTHS
from santander.schema.months import Month
from santander.store.access import retrieve
from tests.conftest import Bank
from tests.store.conftest import Shop

ASKED = Month(2016, 3)


def assert_nothing_leaks(retrieved: DataFrame, customers: DataFrame) -> None:
    """Every lag that was retrieved for a month is what the customer held so many months before."""
    for lag in range(1, HISTORY_MONTHS + 1):
        held = (
            customers.where(F.col("snapshot_date") == (ASKED - lag).snapshot)
            .select("customer_id", F.col("holdings").alias("held"))
            .alias("held")
        )
        both = retrieved.alias("row").join(held, F.col("row.customer_id") == F.col("held.customer_id"), how="left")
        wrong = both.where(~F.col(f"row.holdings_lag_{lag}").eqNullSafe(F.col("held.held"))).count()
        assert wrong == 0, f"lag {lag} of {wrong} customers is not what they held {lag} month(s) before {ASKED}"


def entities_of(bank: Bank) -> DataFrame:
    return bank.lake.read_months(CUSTOMERS, [ASKED]).select("customer_id", "snapshot_date")


@pytest.mark.plan
def test_features_of_a_month_know_the_months_before_it_and_not_the_month(bank: Bank, shop: Shop) -> None:
    retrieved = retrieve(shop.store, entities_of(bank))
    assert retrieved.where("holdings_lag_1 is not null").count() > 1000
    assert_nothing_leaks(retrieved, bank.lake.read(CUSTOMERS))


@pytest.mark.parametrize("months", [-1, 1])
def test_a_stamp_that_is_a_month_off_is_caught(bank: Bank, shop: Shop, months: int) -> None:
    """Stamped a month early, a row shows the products of the month that is to be predicted."""
    table = shop.lake.path(FEATURES_TABLE)
    shifted = shop.lake.read(FEATURES_TABLE).withColumn("snapshot_date", F.add_months("snapshot_date", months))
    shifted.write.format("delta").partitionBy("snapshot_date").save(table + "_shifted")
    snapshot = shop.lake.session.read.format("delta").load(table + "_shifted")
    snapshot.write.format("delta").mode("overwrite").save(table)
    retrieved = retrieve(shop.store, entities_of(bank))
    assert retrieved.where("months_known is not null").count() > 0
    with pytest.raises(AssertionError, match=r"lag 1 of .* is not what they held"):
        assert_nothing_leaks(retrieved, bank.lake.read(CUSTOMERS))


@pytest.mark.plan
def test_between_two_snapshots_the_earlier_one_is_seen(bank: Bank, shop: Shop) -> None:
    entities = entities_of(bank).select("customer_id", F.lit(ASKED.snapshot - dt.timedelta(days=10)).alias("snapshot_date"))
    retrieved = retrieve(shop.store, entities).where("month_of_year is not null")
    assert [row["month_of_year"] for row in retrieved.select("month_of_year").distinct().collect()] == [ASKED.number - 1]
