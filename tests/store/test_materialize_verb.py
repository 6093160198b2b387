"""The verb as it is called: its JSON, and its one-line refusal."""

import datetime as dt
import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from santander.config.settings import Settings
from santander.schema.catalogue import FEATURES_TABLE
from tests.store.conftest import Shop


def materialize(data_dir: str, *words: str) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("santander"), "materialize", "--data-dir", data_dir, "--json", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_the_last_line_says_which_month_is_served_where_and_to_how_many(shop: Shop) -> None:
    done = materialize(shop.settings.data_dir, "--month", "2016-05")
    assert done.returncode == 0, done.stderr
    payload = json.loads(done.stdout)
    assert payload.pop("seconds") > 0
    there = shop.lake.read(FEATURES_TABLE).where("snapshot_date = DATE '2016-05-28'").count()
    assert payload == {"month": "2016-05", "customers": there, "store": "sqlite", "families": []}


@pytest.mark.parametrize(
    ("month", "message"),
    [
        ("2016-05", "month 2016-05 has no features to materialize: choose one of 2016-03 to 2016-03"),
        ("May", "'May' is not a month: write it like 2015-06"),
    ],
)
def test_a_month_that_cannot_be_served_is_refused_in_one_line(tmp_path: Path, month: str, message: str) -> None:
    settings = Settings.load(data_dir=str(tmp_path))
    one = pa.table({"customer_id": [1], "snapshot_date": [dt.date(2016, 3, 28)]})
    write_deltalake(f"{settings.lake}/{FEATURES_TABLE.name}", one, partition_by=["snapshot_date"])
    done = materialize(str(tmp_path), "--month", month)
    assert done.returncode == 2
    assert done.stderr == f"error: {message}\n"
    assert json.loads(done.stdout)["error"] == message
