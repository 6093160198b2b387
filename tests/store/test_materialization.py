"""A month goes online: what is read there, and what a second run, a correction and a crash leave."""

import datetime as dt
import shutil
from unittest.mock import patch

import pyarrow as pa
import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from santander.errors import InputError
from santander.schema.catalogue import FEATURES_TABLE, ONLINE_FEATURES
from santander.schema.features import FEATURE_NAMES
from santander.schema.months import Month
from santander.store.access import open_store, retrieve
from santander.store.materialization import materialize_month, month_to_serve
from santander.store.packing import ONLINE_VIEW
from santander.store.serving import read_online, withdraw
from tests.store.conftest import Shop

APRIL, MAY = Month(2016, 4), Month(2016, 5)


def features_of(shop: Shop, month: Month) -> DataFrame:
    return shop.lake.read_months(FEATURES_TABLE, [month])


def customers_of(shop: Shop, month: Month) -> list[int]:
    return sorted(row["customer_id"] for row in features_of(shop, month).select("customer_id").collect())


def batch_columns(shop: Shop, month: Month) -> pa.Table:
    """What batch scoring reads of every customer of the month, in the order of their ids."""
    entities = features_of(shop, month).select("customer_id", "snapshot_date")
    return retrieve(shop.store, entities).orderBy("customer_id").toArrow()


def assert_serves_exactly(shop: Shop, month: Month) -> None:
    everyone = sorted({*customers_of(shop, APRIL), *customers_of(shop, MAY)})
    assert read_online(shop.store, everyone).equals(batch_columns(shop, month))


def replace_features(shop: Shop, month: Month, frame: DataFrame) -> None:
    rows = frame.toArrow()
    held = shop.lake.session.createDataFrame(rows)
    same = held.select(*(F.col(name).cast(type_).alias(name) for name, type_ in FEATURES_TABLE.columns))
    shop.lake.replace_months(FEATURES_TABLE, same, {month: rows.num_rows})


@pytest.mark.plan
def test_every_customer_is_read_online_as_batch_scoring_reads_it(served: Shop) -> None:
    assert materialize_month(served.lake, served.store, MAY) == len(customers_of(served, MAY))
    assert_serves_exactly(served, MAY)


def test_another_month_replaces_the_first_forwards_and_back(served: Shop) -> None:
    assert set(customers_of(served, APRIL)) - set(customers_of(served, MAY)), "somebody leaves in May, or nothing is tested"
    for month in (APRIL, MAY, APRIL):
        materialize_month(served.lake, served.store, month)
        assert_serves_exactly(served, month)


def test_a_corrected_month_is_served_corrected(served: Shop) -> None:
    materialize_month(served.lake, served.store, MAY)
    older = features_of(served, MAY).withColumn("age", (F.coalesce("age", F.lit(0)) + 1).cast("smallint"))
    replace_features(served, MAY, older)
    materialize_month(served.lake, served.store, MAY)
    assert_serves_exactly(served, MAY)


def test_a_run_cut_off_in_the_middle_is_completed_by_the_next(served: Shop) -> None:
    materialize_month(served.lake, served.store, APRIL)
    online = served.store._get_provider().online_store
    served.store.config.materialization_config.online_write_batch_size = 500
    write, batches = online.online_write_batch, iter(range(10))

    def write_two(*arguments: object) -> None:
        if next(batches) == 2:
            raise ConnectionError("cut off")
        write(*arguments)

    with patch.object(online, "online_write_batch", write_two), pytest.raises(ConnectionError):
        materialize_month(served.lake, served.store, MAY)
    between = read_online(served.store, customers_of(served, MAY))
    assert set(between.column("snapshot_date").to_pylist()) == {APRIL.snapshot, MAY.snapshot}
    materialize_month(served.lake, served.store, MAY)
    assert_serves_exactly(served, MAY)


def test_feast_knows_which_month_was_materialized(shop: Shop) -> None:
    materialize_month(shop.lake, shop.store, MAY)
    reopened = open_store(shop.settings, shop.lake)
    view = reopened.get_feature_view(ONLINE_VIEW)
    assert view.most_recent_end_time == dt.datetime(2016, 5, 28, tzinfo=dt.UTC)
    assert shop.lake.rows_by_month(ONLINE_FEATURES) == {MAY: len(customers_of(shop, MAY))}


def test_reading_goes_on_while_a_month_is_written(shop: Shop) -> None:
    materialize_month(shop.lake, shop.store, APRIL)
    other_process = open_store(shop.settings, shop.lake)
    customer = customers_of(shop, MAY)[0]
    online = shop.store._get_provider().online_store
    write = online.online_write_batch
    seen: list[int] = []

    def read_and_write(*arguments: object) -> None:
        other_process.refresh_registry()
        seen.append(read_online(other_process, [customer]).num_rows)
        write(*arguments)

    with patch.object(online, "online_write_batch", read_and_write):
        materialize_month(shop.lake, shop.store, MAY)
    assert set(seen) == {1}


def test_a_withdrawn_customer_is_gone_and_the_others_stay(served: Shop) -> None:
    materialize_month(served.lake, served.store, MAY)
    first, *others = customers_of(served, MAY)
    assert withdraw(served.store, [first, 10**15]) == 2
    assert read_online(served.store, [first]).num_rows == 0
    assert read_online(served.store, others).num_rows == len(others)


def test_the_order_asked_for_is_kept_and_strangers_are_left_out(shop: Shop) -> None:
    materialize_month(shop.lake, shop.store, MAY)
    first, second, third, *_ = customers_of(shop, MAY)
    read = read_online(shop.store, [third, 10**15, first, second])
    assert read.column("customer_id").to_pylist() == [third, first, second]
    assert read.column_names == ["customer_id", "snapshot_date", *FEATURE_NAMES]


def test_nobody_asked_for_is_an_empty_answer(shop: Shop) -> None:
    assert read_online(shop.store, []).num_rows == 0
    assert read_online(shop.store, [10**15]).num_rows == 0


def test_a_month_without_features_is_refused_and_leaves_what_is_served(shop: Shop) -> None:
    materialize_month(shop.lake, shop.store, MAY)
    with pytest.raises(InputError, match=r"month 2017-01 has no features .* to 2016-06"):
        materialize_month(shop.lake, shop.store, Month(2017, 1))
    assert_serves_exactly(shop, MAY)


def test_the_latest_month_is_served_unless_told_otherwise(shop: Shop) -> None:
    assert month_to_serve(shop.lake, None) == Month(2016, 6)
    assert month_to_serve(shop.lake, APRIL) == APRIL
    shutil.rmtree(shop.lake.path(FEATURES_TABLE))
    with pytest.raises(InputError, match="no features to materialize yet"):
        month_to_serve(shop.lake, None)
