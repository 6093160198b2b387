"""Feast's online store and the service have the same features of each customer, and the model is given these."""

import json
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from santander.config.settings import Settings
from santander.lake.lake import Lake
from santander.schema.catalogue import CUSTOMERS, PARTITION
from santander.schema.columns import PROFILE_COLUMNS
from santander.serving.snapshot.folders import folder_of
from santander.serving.snapshot.reading import open_snapshot
from santander.store.access import open_store
from santander.store.materialization import materialize_month
from santander.store.serving import read_online
from santander.suppression.objections import objectors
from tests.banks import TARGET
from tests.serving.http.served import Served
from tests.serving.http.test_score import score
from tests.store.conftest import redis_address

__all__ = ["redis_address"]
ASKED = 300


@pytest.fixture(params=["sqlite", "redis"])
def feast(request: pytest.FixtureRequest, own: Settings) -> Settings:
    """The published bank with each of the online stores."""
    if request.param == "sqlite":
        return own
    return Settings.load(data_dir=own.data_dir, store={"online": "redis", "redis": request.getfixturevalue("redis_address")})


def test_features_online_are_those_of_the_snapshot_and_those_that_the_model_is_given(
    feast: Settings, session: SparkSession, service: Served
) -> None:
    lake = Lake(feast, session)
    store = open_store(feast, lake)
    in_month = lake.delta(CUSTOMERS).to_pyarrow_table(filters=[(PARTITION, "=", TARGET.snapshot)]).sort_by("customer_id")
    everyone = in_month["customer_id"].to_pylist()
    assert materialize_month(lake, store, TARGET) == len(everyone)

    snapshot = open_snapshot(Path(str(folder_of(feast.data, TARGET))))
    published = snapshot.ids.tolist()
    online = read_online(store, published)
    assert online["customer_id"].to_pylist() == published
    assert online.drop_columns("customer_id").equals(snapshot.layout.unpack([row.tobytes() for row in snapshot.features]))
    # who objects to marketing has no list, and features all the same
    assert set(everyone) - set(published) == objectors(feast, lake).among(everyone)

    names = [column.name for column in PROFILE_COLUMNS]
    rows = [row for row in in_month.select(names).to_pylist() if snapshot.row(row["customer_id"]) is not None][:ASKED]
    results = score(service, json.loads(json.dumps(rows, default=str)), features=True).json["results"]
    by_customer = {row["customer_id"]: row for row in online.to_pylist()}
    for row, result in zip(rows, results, strict=True):
        used, known = result["features"], by_customer[row["customer_id"]]
        assert used == {name: known[name] for name in used}
        assert {"owned", "household_income", "holdings_lag_1", "was_active"} <= used.keys()
    assert len(results) == ASKED
