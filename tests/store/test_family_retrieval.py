"""Features of a user's families through Feast: joined point in time by customer, province and segment."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from pyspark.sql import DataFrame, SparkSession

from santander.config.family_files import own_family
from santander.errors import InputError
from santander.lake.lake import Lake
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE
from santander.schema.features import FEATURE_NAMES
from santander.schema.months import Month
from santander.store.access import open_store, retrieve
from santander.store.materialization import materialize_month
from santander.store.serving import read_online
from tests import family_bank
from tests.conftest import Bank
from tests.environment import CONF_LOCAL
from tests.store.conftest import Shop, open_shop

pytestmark = pytest.mark.plan

APRIL, MAY = Month(2016, 4), Month(2016, 5)
OWN = ["id_digit", "is_even", "neighbours", "oldest"]


@pytest.fixture(scope="module")
def shop(bank: Bank, session: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("families")
    with pytest.MonkeyPatch.context() as patch:
        family_bank.write_files(folder / "conf")
        patch.setenv(CONF_LOCAL, str(folder / "conf"))
        shutil.copytree(bank.lake.path(CUSTOMERS), folder / "shop" / "lake" / CUSTOMERS.name)
        shop = open_shop(bank, folder / "shop", session)
        family_bank.write_tables(shop.lake, [APRIL, MAY])
        yield shop


def entities(lake: Lake, *months: Month) -> DataFrame:
    return lake.read_months(CUSTOMERS, months).select("customer_id", "snapshot_date")


def test_features_are_those_of_the_customers_own_row_province_and_segment_of_the_month(shop: Shop) -> None:
    found = retrieve(shop.store, entities(shop.lake, APRIL, MAY), families=family_bank.FILES)
    assert found.columns == ["customer_id", "snapshot_date", *FEATURE_NAMES, *OWN]
    assert found.dtypes[-4:] == [("id_digit", "smallint"), ("is_even", "boolean"), ("neighbours", "bigint"), ("oldest", "int")]
    rows = found.select("customer_id", "snapshot_date", *OWN).toPandas().set_index(["customer_id", "snapshot_date"]).sort_index()
    own = shop.lake.read_months(CUSTOMERS, [APRIL, MAY]).select("customer_id", "snapshot_date", "province_code", "segment", "age")
    known = own.toPandas().set_index(["customer_id", "snapshot_date"]).sort_index()
    assert rows.index.equals(known.index)
    ids = known.index.get_level_values("customer_id")
    assert (rows["id_digit"].to_numpy() == ids % 10).all()
    assert (rows["is_even"].to_numpy() == (ids % 2 == 0)).all()
    for key, made, figure in (("province_code", len, "neighbours"), ("segment", pd.Series.max, "oldest")):
        expected = known.groupby([key, "snapshot_date"], dropna=True)["age"].transform(made)
        pd.testing.assert_series_equal(rows[figure].astype("float64"), expected.astype("float64"), check_names=False)


def test_no_family_is_read_unless_it_is_named(shop: Shop) -> None:
    found = retrieve(shop.store, entities(shop.lake, MAY), families=["activity"])
    assert found.columns[-2:] == ["id_digit", "is_even"]


def test_users_of_feast_ask_by_customer_or_by_the_key_of_the_family(shop: Shop) -> None:
    known = shop.lake.read_months(CUSTOMERS, [MAY]).where("province_code is not null and segment is not null")
    customer, province, segment = known.select("customer_id", "province_code", "segment").collect()[0]
    refs = ["by_province:neighbours", "by_segment:oldest", "activity:id_digit"]
    moment = pd.Timestamp(MAY.snapshot, tz="UTC")
    asked = pd.DataFrame({"customer_id": [customer], "event_timestamp": [moment]})
    by_customer = shop.store.get_historical_features(entity_df=asked, features=refs).to_df().iloc[0]
    keys = pd.DataFrame({"province_code": [province], "segment": [segment], "event_timestamp": [moment]})
    by_key = shop.store.get_historical_features(entity_df=keys, features=refs[:2]).to_df().iloc[0]
    assert by_customer["id_digit"] == customer % 10
    assert (by_customer["neighbours"], by_customer["oldest"]) == (by_key["neighbours"], by_key["oldest"])


def test_every_customer_is_read_online_with_the_families_that_batch_scoring_reads(shop: Shop) -> None:
    families = ["activity", "by_province", "by_segment"]
    asked = shop.lake.read_months(FEATURES_TABLE, [MAY]).select("customer_id", "snapshot_date")
    batch = retrieve(shop.store, asked, families=families).orderBy("customer_id").toArrow()
    assert materialize_month(shop.lake, shop.store, MAY, families) == batch.num_rows
    everyone = batch["customer_id"].to_pylist()
    other_process = open_store(shop.settings, shop.lake)
    assert read_online(other_process, everyone).equals(batch)
    found = other_process.get_online_features(
        ["activity:id_digit", "customer_profile:age"], [{"customer_id": everyone[0]}]
    ).to_dict()
    assert (found["id_digit"], found["age"]) == ([everyone[0] % 10], [batch["age"][0].as_py()])
    with pytest.raises(InputError, match="features of by_province are online by customer_id alone, not by province_code"):
        other_process.get_online_features(["by_province:neighbours"], [{"province_code": 28}])


def test_a_family_that_was_not_packed_is_said_not_to_be_online(shop: Shop) -> None:
    materialize_month(shop.lake, shop.store, MAY)
    customer = shop.lake.read_months(FEATURES_TABLE, [MAY]).select("customer_id").collect()[0][0]
    assert read_online(shop.store, [customer]).column_names == ["customer_id", "snapshot_date", *FEATURE_NAMES]
    with pytest.raises(InputError, match="features of activity are not online"):
        shop.store.get_online_features(["activity:id_digit"], [{"customer_id": customer}])


def test_a_month_that_was_not_built_is_refused_with_the_command_that_builds_it(shop: Shop) -> None:
    remedy = r"family activity has no features of 2016-03: run 'santander features --family activity --month 2016-03' first"
    with pytest.raises(InputError, match=remedy):
        retrieve(shop.store, entities(shop.lake, MAY - 2, MAY), families=["activity"])


def test_a_family_whose_table_is_not_built_is_refused(shop: Shop, tmp_path: Path) -> None:
    lake = Lake(shop.settings.model_copy(update={"data_dir": str(tmp_path)}), shop.lake.session)
    shutil.copytree(shop.lake.path(CUSTOMERS), lake.path(CUSTOMERS))
    store = open_store(lake.settings, lake)
    asked = entities(lake, MAY)
    with pytest.raises(InputError, match=r"no features of 2016-05: run 'santander features --family by_segment --month 2016-05'"):
        store.get_historical_features(entity_df=asked, features=["by_segment:oldest"])


def test_the_view_of_a_file_that_was_removed_goes_at_the_next_apply(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    family_bank.write_files(tmp_path, activity=family_bank.ACTIVITY)
    assert {"activity", "by_province", "by_segment"} <= {view.name for view in shop.store.list_feature_views()}
    monkeypatch.setenv(CONF_LOCAL, str(tmp_path))
    views = {view.name for view in open_store(shop.settings, shop.lake).list_feature_views()}
    assert "activity" in views
    assert not {"by_province", "by_segment"} & views
    with pytest.raises(InputError, match="no family of features 'by_province'"):
        own_family("by_province")
