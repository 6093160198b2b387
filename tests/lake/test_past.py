"""A table as it was at an earlier version."""

import pytest
from pyspark.sql import functions as F

from santander.lake.lake import Lake
from santander.lake.past import as_of
from santander.schema.catalogue import ADDITIONS
from santander.schema.months import Month

pytestmark = pytest.mark.plan
MAY, JUNE = Month(2016, 5), Month(2016, 6)


def write(lake: Lake, month: Month, customers: int) -> None:
    rows = lake.session.range(customers).select(
        F.col("id").alias("customer_id"),
        F.lit(month.snapshot).cast("date").alias("snapshot_date"),
        F.lit("loan").alias("product"),
    )
    lake.replace_months(ADDITIONS, rows, {month: customers})


def test_a_version_is_read_though_a_checkpoint_came_after_it(lake: Lake) -> None:
    write(lake, MAY, 3)
    for customers in range(1, 12):
        write(lake, JUNE, customers)
    assert list((lake.settings.data / "lake" / "additions" / "_delta_log").glob("*10.checkpoint.parquet"))
    for version, customers in ((1, 3), (4, 3 + 3), (9, 3 + 8), (11, 3 + 10)):
        past = as_of(lake, {ADDITIONS: version})
        assert past.read(ADDITIONS).columns == [name for name, _ in ADDITIONS.columns]
        assert past.read(ADDITIONS).count() == sum(past.rows_by_month(ADDITIONS).values()) == customers
    assert as_of(lake, {ADDITIONS: 9}, [MAY]).read(ADDITIONS).count() == 3
    assert as_of(lake, {ADDITIONS: 9}, []).read(ADDITIONS).count() == 0
