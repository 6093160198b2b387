import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyspark.sql import SparkSession

from santander.schema.months import Month
from santander.training.drawn import A_MONTH, drawn, with_numbers_stood_for

APRIL, MAY = Month(2016, 4), Month(2016, 5)
LARGE, SMALL = 4 * A_MONTH, 1_000


def keys(month: Month, customers: int) -> pa.Table:
    ids = pa.array(range(15_889, 15_889 + customers), pa.int64())
    return pa.table({"customer_id": ids, "snapshot_date": pa.repeat(pa.scalar(month.snapshot, pa.date32()), customers)})


@pytest.mark.plan
def test_a_large_month_is_drawn_from_evenly_a_small_one_whole_and_every_month_otherwise(session: SparkSession) -> None:
    rows = session.createDataFrame(pa.concat_tables([keys(APRIL, LARGE), keys(MAY, LARGE), keys(MAY + 1, SMALL)]))
    sizes = {APRIL: LARGE, MAY: LARGE, MAY + 1: SMALL}
    found = rows.where(drawn(sizes)).toArrow()
    by_month = {month: found.filter(pc.field("snapshot_date") == month.snapshot)["customer_id"].to_pylist() for month in sizes}
    assert len(by_month[MAY + 1]) == SMALL
    for month in (APRIL, MAY):
        assert len(by_month[month]) == pytest.approx(A_MONTH, rel=0.01)
        halves = [sum(1 for one in by_month[month] if one % 2 == parity) for parity in (0, 1)]
        assert halves[0] == pytest.approx(halves[1], rel=0.02)
    shared = set(by_month[APRIL]) & set(by_month[MAY])
    assert len(shared) < 0.5 * A_MONTH
    stands_for = with_numbers_stood_for(found, sizes).group_by("snapshot_date").aggregate([("stands_for", "sum")])
    assert dict(zip(*(stands_for[name].to_pylist() for name in stands_for.column_names), strict=True)) == pytest.approx(
        {APRIL.snapshot: LARGE, MAY.snapshot: LARGE, (MAY + 1).snapshot: SMALL}, rel=0.01
    )
