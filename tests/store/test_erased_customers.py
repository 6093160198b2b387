"""An erased customer is out of either online store, and out of every byte of a SQLite file."""

import shutil
import struct
from pathlib import Path

from pyspark.sql import SparkSession

from santander.config.settings import Settings
from santander.forget.forget import forget
from santander.forget.online import erase_online, held_online
from santander.lake.lake import Lake
from santander.relocation.settle import remember, settle
from santander.schema.catalogue import ONLINE_FEATURES
from santander.schema.months import Month
from santander.store.materialization import materialize_month
from santander.store.serving import read_online
from santander.store.written import remember_written
from santander.suppression.spellings import sorted_ids
from tests.conftest import Bank
from tests.store.conftest import Shop, open_shop


def test_erased_customers_are_served_no_more(served: Shop) -> None:
    materialize_month(served.lake, served.store, Month(2016, 5))
    everybody = sorted(row["customer_id"] for row in served.lake.rows(ONLINE_FEATURES))
    persons, others = everybody[:300], everybody[300:]
    assert read_online(served.store, persons).num_rows == 300
    assert held_online(served.settings, served.lake, sorted_ids(persons)) == (300, [])
    assert erase_online(served.settings, served.lake, sorted_ids(persons)) == ([served.settings.store.online], [])
    assert held_online(served.settings, served.lake, sorted_ids(persons)) == (0, [])
    assert read_online(served.store, persons).num_rows == 0
    assert read_online(served.store, others).num_rows == len(others)
    for file in Path(served.settings.state).rglob("online.db*"):
        content = file.read_bytes()
        assert not any(b"customer_id\x04\0\0\0\x08\0\0\0" + struct.pack("<q", person) in content for person in persons)


def test_a_store_of_earlier_settings_is_reached_under_later_ones(
    bank: Bank, tmp_path: Path, session: SparkSession, redis_address: str
) -> None:
    shop = open_shop(bank, tmp_path / "shop", session, online="redis", redis=f"{redis_address},db=1,client_name=shop")
    materialize_month(shop.lake, shop.store, Month(2016, 5))
    persons = sorted(row["customer_id"] for row in shop.lake.rows(ONLINE_FEATURES))[:5]
    by_now = Settings.load(data_dir=str(tmp_path / "shop"), store={"online": "sqlite"})
    assert erase_online(by_now, Lake(by_now), sorted_ids(persons)) == (["redis"], [])
    assert read_online(shop.store, persons).num_rows == 0
    assert erase_online(by_now, Lake(by_now), sorted_ids(persons)) == (["redis"], [])


def test_a_copy_leaves_the_store_to_the_original_as_long_as_that_is_there(
    bank: Bank, tmp_path: Path, session: SparkSession, redis_address: str
) -> None:
    shop = open_shop(bank, tmp_path / "shop", session, online="redis", redis=f"{redis_address},db=1,client_name=copied")
    materialize_month(shop.lake, shop.store, Month(2016, 5))
    persons = sorted(row["customer_id"] for row in shop.lake.rows(ONLINE_FEATURES))[:5]
    remember(shop.settings)
    shutil.copytree(tmp_path / "shop", tmp_path / "copy")
    copy = Settings.load(data_dir=str(tmp_path / "copy"), store={"online": "sqlite"})
    settle(copy)
    assert erase_online(copy, Lake(copy), sorted_ids(persons)) == ([], [])
    assert read_online(shop.store, persons).num_rows == 5
    (tmp_path / "shop").rename(tmp_path / "elsewhere")
    assert erase_online(copy, Lake(copy), sorted_ids(persons)) == (["redis"], [])
    assert read_online(shop.store, persons).num_rows == 0


def test_a_store_that_cannot_be_reached_is_named_and_ends_with_1(settings: Settings) -> None:
    remember_written(settings.state, "127.0.0.1:1,password=secret,db=2")
    assert "secret" not in (settings.state / "online_stores.json").read_text()
    erasure = forget(settings, [1375586], [])
    assert not erasure.complete
    (said,) = erasure.left
    assert said.startswith("online store 127.0.0.1:1,db=2: was written and cannot be reached (")
