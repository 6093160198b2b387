"""Tables of the lake by Delta's own Python package: opened on Apache Spark, refused by the embedded engine."""

import pytest
from delta.tables import DeltaTable
from pyspark.errors import UnsupportedOperationException
from pyspark.sql import SparkSession

from santander.lake.lake import Lake
from santander.schema.catalogue import Table
from santander.schema.months import Month

JANUARY = Month(2015, 1)
NUMBERS = Table(
    name="numbers",
    row="one number of one month",
    key=("number", "snapshot_date"),
    columns=(("number", "int"), ("snapshot_date", "date")),
)


def test_delta_spark_opens_a_table_of_ours_on_spark(lake: Lake, session: SparkSession) -> None:
    rows = session.createDataFrame([(number, JANUARY.snapshot) for number in (1, 2)], "number int, snapshot_date date")
    lake.replace_months(NUMBERS, rows, {JANUARY: 2}, {"why": "a test"})
    if not lake.has_workers:
        with pytest.raises(UnsupportedOperationException):
            DeltaTable.forPath(session, lake.path(NUMBERS)).toDF().collect()
        return
    table = DeltaTable.forPath(session, lake.path(NUMBERS))
    assert {row["number"] for row in table.toDF().collect()} == {1, 2}
    assert '"why": "a test"' in table.history(1).collect()[0]["userMetadata"]
    # and what it writes is read by us
    new = session.createDataFrame([(2, JANUARY.snapshot), (3, JANUARY.snapshot)], rows.schema)
    table.alias("old").merge(new.alias("new"), "old.number = new.number").whenNotMatchedInsertAll().execute()
    table.delete("number = 1")
    assert {row["number"] for row in lake.read(NUMBERS).collect()} == {2, 3}
    assert lake.rows_by_month(NUMBERS) == {JANUARY: 2}
