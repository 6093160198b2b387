"""Retrieval through Feast, on the bank's features."""

import datetime as dt
import shutil
from pathlib import Path

import pandas as pd
import pytest
from chispa import assert_df_equality
from pyspark.sql import functions as F

from santander.errors import InputError, SantanderError
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE
from santander.schema.features import FEATURE_NAMES, FEATURE_SET, FEATURES
from santander.schema.months import Month
from santander.store.access import open_store, retrieve
from tests.conftest import Bank
from tests.store.conftest import Shop

pytestmark = pytest.mark.plan

MAY = dt.date(2016, 5, 28)


def test_a_service_gives_the_declared_columns_in_order_and_type(shop: Shop) -> None:
    entities = shop.lake.read(FEATURES_TABLE).where(F.col("snapshot_date") == MAY).select("snapshot_date", "customer_id")
    found = retrieve(shop.store, entities)
    declared = [(feature.name, feature.type) for feature in FEATURES]
    assert found.dtypes == [("snapshot_date", "date"), ("customer_id", "bigint"), *declared]


def test_all_customers_of_several_months_get_exactly_their_rows(shop: Shop) -> None:
    months = [dt.date(2015, 6, 28), dt.date(2016, 4, 28), MAY]
    table = shop.lake.read(FEATURES_TABLE).where(F.col("snapshot_date").isin(months))
    found = retrieve(shop.store, table.select("customer_id", "snapshot_date"))
    assert_df_equality(found, table.select(found.columns), ignore_row_order=True, ignore_nullable=True)


def test_other_columns_pass_through_and_repeated_customers_stay_apart(shop: Shop) -> None:
    customer = shop.lake.read(FEATURES_TABLE).where(F.col("snapshot_date") == MAY).first()
    assert customer is not None
    rows = [(customer["customer_id"], MAY, "loan"), (customer["customer_id"], MAY, "funds"), (10**15, MAY, "none")]
    entities = shop.lake.session.createDataFrame(rows, "customer_id bigint, snapshot_date date, label string")
    found = {row["label"]: row for row in retrieve(shop.store, entities).collect()}
    assert found["loan"]["age"] == found["funds"]["age"] == customer["age"]
    assert [found["none"][name] for name in FEATURE_NAMES] == [None] * len(FEATURE_NAMES)


def test_a_month_the_customer_is_missing_from_is_not_filled_with_the_month_before(shop: Shop) -> None:
    after_the_data = [(1, dt.date(2016, 7, 28))]
    table = shop.lake.read(FEATURES_TABLE)
    last = table.agg(F.max("snapshot_date")).collect()[0][0]
    assert last == dt.date(2016, 6, 28)
    customer = table.where(F.col("snapshot_date") == last).select("customer_id").limit(1)
    entities = customer.withColumn("snapshot_date", F.lit(after_the_data[0][1]))
    assert retrieve(shop.store, entities).collect()[0]["month_of_year"] is None


def test_only_the_months_asked_for_are_read(shop: Shop) -> None:
    entities = shop.lake.read(FEATURES_TABLE).where(F.col("snapshot_date") == MAY).select("customer_id", "snapshot_date")
    expected = entities.count()
    for partition in Path(shop.lake.path(FEATURES_TABLE)).glob("snapshot_date=*"):
        if not partition.name.endswith(str(MAY)):
            shutil.rmtree(partition)
    assert retrieve(shop.store, entities).where("months_known is not null").count() == expected


def test_months_that_the_caller_knows_are_not_looked_for(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    months = [Month(2016, 4), Month(2016, 5)]
    entities = shop.lake.read_months(FEATURES_TABLE, months).select("customer_id", "snapshot_date")
    looked_for = retrieve(shop.store, entities)

    def fail(*_: object) -> None:
        raise AssertionError("the entity rows were looked at")

    monkeypatch.setattr("santander.store.entity_rows.moments_of", fail)
    told = retrieve(shop.store, entities, months=reversed(months))
    assert_df_equality(told, looked_for, ignore_row_order=True, ignore_nullable=True)
    assert looked_for.count() == looked_for.where("months_known IS NOT NULL").count() > 1000


def test_three_views_read_their_source_once(shop: Shop, capfd: pytest.CaptureFixture[str]) -> None:
    entities = shop.lake.session.createDataFrame([(1, MAY)], "customer_id bigint, snapshot_date date")
    retrieve(shop.store, entities).explain()
    plan = capfd.readouterr().out
    # each engine has words of its own for reading the files of a table
    assert plan.count("file_type=parquet") + plan.count("FileScan parquet") == 1


def test_a_query_and_a_pandas_frame_are_entity_rows_too(shop: Shop) -> None:
    customer = shop.lake.read(FEATURES_TABLE).where(F.col("snapshot_date") == MAY).first()
    assert customer is not None
    service = shop.store.get_feature_service(FEATURE_SET)
    query = f"SELECT {customer['customer_id']}L AS customer_id, TIMESTAMP '2016-05-28 00:00:00' AS event_timestamp"
    pandas = pd.DataFrame({"customer_id": [customer["customer_id"]], "event_timestamp": [pd.Timestamp(MAY, tz="UTC")]})
    for entities in (query, pandas):
        job = shop.store.get_historical_features(entity_df=entities, features=service)
        assert job.to_arrow().column("owned").to_pylist() == [customer["owned"]]


def test_names_carry_their_view_when_asked_for(shop: Shop) -> None:
    entities = shop.lake.session.createDataFrame([(1, MAY)], "customer_id bigint, snapshot_date date")
    job = shop.store.get_historical_features(
        entity_df=entities, features=["season:month_of_year", "customer_profile:age"], full_feature_names=True
    )
    assert job.to_spark_df().columns == ["customer_id", "snapshot_date", "season__month_of_year", "customer_profile__age"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (["15889", "15890"], "customer_id is string and must be bigint: cast it, as by "),
        ([15889, "15890"], "customer_id mixes int and str: give the column one type, as by df.'customer_id'..astype.'int64'."),
        ([True, False], "customer_id is boolean and must be bigint"),
        ([b"1", b"2"], "customer_id is binary and must be bigint"),
        ([2**63, 1], "customer_id holds int values that are too large"),
    ],
)
def test_keys_that_are_no_numbers_are_refused_by_name_and_type(shop: Shop, keys: list[object], message: str) -> None:
    entities = pd.DataFrame({"customer_id": pd.Series(keys, dtype=object), "event_timestamp": pd.Timestamp(MAY, tz="UTC")})
    with pytest.raises(InputError, match=message) as refused:
        shop.store.get_historical_features(entity_df=entities, features=["customer_profile:age"])
    assert "\n" not in str(refused.value)


def test_keys_of_any_number_type_find_their_rows_and_a_missing_key_finds_none(shop: Shop) -> None:
    customer = shop.lake.read(FEATURES_TABLE).where(F.col("snapshot_date") == MAY).first()
    assert customer is not None
    known = customer["customer_id"]
    forms = [
        pd.Series([known, None], dtype="Int64"),
        pd.Series([known, None], dtype=object),
        pd.Series([known, float("nan")]),
        pd.Series([known, 10**15], dtype="uint64"),
        pd.Series([known, 10**15], dtype="category"),
    ]
    for keys in forms:
        entities = pd.DataFrame({"customer_id": keys, "event_timestamp": pd.Timestamp(MAY)})
        found = shop.store.get_historical_features(entity_df=entities, features=["customer_profile:age"]).to_arrow()
        assert sorted(found["age"].to_pylist(), key=str) == sorted([customer["age"], None], key=str), keys.dtype


@pytest.mark.parametrize(
    "entities",
    [
        pd.DataFrame({"customer_id": [], "event_timestamp": []}),
        pd.DataFrame({"customer_id": pd.Series([], dtype="int64"), "event_timestamp": pd.to_datetime([], utc=True), "label": []}),
    ],
    ids=["untyped", "typed"],
)
def test_no_entity_rows_give_no_rows_with_all_columns(shop: Shop, entities: pd.DataFrame) -> None:
    found = shop.store.get_historical_features(entity_df=entities, features=["customer_profile:age"]).to_arrow()
    assert found.num_rows == 0
    assert found.column_names == [*entities.columns, "age"]
    assert [str(found.schema.field(name).type) for name in ("customer_id", "age")] == ["int64", "int16"]


def test_a_frame_without_columns_and_a_column_of_two_types_are_refused(shop: Shop) -> None:
    with pytest.raises(InputError, match="entity rows have no columns: give customer_id and event_timestamp"):
        shop.store.get_historical_features(entity_df=pd.DataFrame(), features=["customer_profile:age"])
    mixed = pd.DataFrame({"customer_id": [1, 2], "event_timestamp": pd.Timestamp(MAY), "label": ["a", 3]})
    with pytest.raises(InputError, match="label mixes int and str: give the column one type"):
        shop.store.get_historical_features(entity_df=mixed, features=["customer_profile:age"])


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ("customer_id string, a date", "customer_id is string and must be bigint"),
        ("customer_id boolean, a date", "customer_id is boolean and must be bigint"),
        ("customer_id bigint, day string", "exactly one date or timestamp column; found none"),
        ("customer_id bigint, a date, b timestamp", "found a, b"),
        ("customer bigint, a date", "lack customer_id"),
        ("customer_id bigint, a date, age int", "named like features: age"),
    ],
)
def test_entity_rows_that_cannot_be_matched_are_refused(shop: Shop, columns: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        retrieve(shop.store, shop.lake.session.createDataFrame([], columns))


def test_without_features_the_remedy_is_named(bank: Bank, shop: Shop) -> None:
    shutil.rmtree(shop.lake.path(FEATURES_TABLE))
    store = open_store(shop.settings, shop.lake)
    entities = bank.lake.read(CUSTOMERS).select("customer_id", "snapshot_date")
    with pytest.raises(SantanderError, match="no table features yet"):
        retrieve(store, entities)


def test_the_session_keeps_its_settings(shop: Shop) -> None:
    name = "spark.sql.parser.quotedRegexColumnNames"
    before = shop.lake.session.conf.get(name, "false")
    entities = shop.lake.session.createDataFrame([(1, MAY)], "customer_id bigint, snapshot_date date")
    retrieve(shop.store, entities).collect()
    assert shop.lake.session.conf.get(name, "false") == before
