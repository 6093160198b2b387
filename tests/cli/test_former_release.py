"""A data folder of an earlier release keeps working: its tables, its registry and the models in it.

``tests/data/former_release.tar.xz`` was made by the release before the modules moved into rooms (docs/adr/0038-rooms.md), by
these commands; landing files and submission were left out of it:

    santander generate --customers 1000
    santander ingest data/raw/train_ver2.csv data/raw/test_ver2.csv
    santander features
    santander train --rounds 4
    santander train --rounds 6 --no-promote
    santander promote --version 2 --override --reason "a second version, to roll back from"
    santander score --month 2016-06
    santander promote --version 3
"""

import json
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
import pytest

from santander.config.settings import Settings
from santander.lake.lake import Lake
from santander.registry.tracking import open_tracking
from santander.schema.catalogue import ADDITIONS, CUSTOMERS, RECOMMENDATIONS
from santander.schema.months import Month

FOLDER = Path(__file__).parents[1] / "data" / "former_release.tar.xz"
SANTANDER = Path(sys.executable).with_name("santander")


@pytest.fixture(scope="module")
def former(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    data = tmp_path_factory.mktemp("former") / "data"
    with tarfile.open(FOLDER) as packed:
        packed.extractall(data, filter="data")
    settings = Settings.load(data_dir=str(data))
    told(settings, "maintain", "--upgrade")  # recommendations has gained a column, and a refusal names this command
    return settings


# each starts Feast, MLflow and an engine in processes of its own
dear = pytest.mark.sample(push=1, of="verbs on a folder of the former release")


def told(settings: Settings, *words: object) -> dict[str, Any]:
    command = [SANTANDER, "--json", *words, "--data-dir", settings.data_dir]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    payload: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return payload


def recommended(settings: Settings) -> list[dict[str, Any]]:
    return sorted(Lake(settings).rows(RECOMMENDATIONS), key=lambda row: (row["customer_id"], row["rank"]))


def test_nothing_of_a_former_folder_is_lost_or_out_of_date(former: Settings) -> None:
    status = told(former, "status")
    assert len(status["months"]) == 18
    # customers were read by other rules, and lists have chances now; what else was made is as it was
    stale = {month: set(facts["stale"]) - {"customers"} for month, facts in status["months"].items()}
    assert {month: made for month, made in stale.items() if made} == {"2016-06": {"recommendations"}}
    assert told(former, "models")["champion"] == 2


@dear
def test_a_former_model_gives_the_lists_that_it_gave(former: Settings) -> None:
    before = recommended(former)
    assert len(before) == 6_804
    told(former, "score", "--month", "2016-06")
    assert recommended(former) == before


def test_a_former_model_loads_where_this_package_is_imported_already(former: Settings) -> None:
    open_tracking(former)
    uri = f"models:/{former.mlflow.registered_model}/2"
    model = mlflow.pyfunc.load_model(uri)
    example = Path(mlflow.artifacts.download_artifacts(uri)) / "input_example.json"
    rows = pd.read_json(example, orient="split").astype(float)
    assert model.predict(rows)["products"].map(len).tolist() == [7] * 5


@dear
def test_a_former_run_is_reproduced(former: Settings) -> None:
    assert told(former, "reproduce", "--version", "3")["reproduced"] is True


@dear
def test_a_former_champion_is_rolled_back_to_and_scores(former: Settings) -> None:
    assert told(former, "promote", "--rollback", "--reason", "as before")["champion"] == 1
    told(former, "score", "--month", "2016-06")
    assert {row["model_version"] for row in recommended(former)} == {1}


def test_additions_come_to_a_former_folder_with_its_features(former: Settings) -> None:
    assert told(former, "status")["tables"]["additions"] is None
    made = told(former, "features", "--month", "2016-05")["additions"]["2016-05"]
    assert 0 < made == Lake(former).rows_by_month(ADDITIONS)[Month(2016, 5)]
    audit = told(former, "audit", "--tables-only")
    assert (len(audit["months"]), audit["differences"]) == (len(Lake(former).months(CUSTOMERS)), 0)
