"""A worker of a real cluster is lost while it trains: the verb ends in one line, and running it again completes it."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Bank
from tests.engines.sampled import drawn_as
from tests.needs import need_java
from tests.standalone_cluster import StandaloneCluster, standalone_cluster

PATIENCE = 30
"""Seconds in which both workers must be there at the start too: on a busy machine one has taken more than six."""
ENDLESS = 100_000
"""Rounds that no fit of this test lives to see."""
LONG_ENOUGH = 600
"""Seconds for a verb on a busy machine; one that hangs fails the test."""


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[StandaloneCluster]:
    need_java()
    with standalone_cluster(tmp_path / "cluster", workers=2) as running:
        yield running


@pytest.fixture
def folder(bank: Bank, tmp_path: Path) -> Path:
    """A data folder of its own with the tables of the bank."""
    data = tmp_path / "data"
    shutil.copytree(bank.settings.lake, data / "lake")
    return data


def start_training(cluster: StandaloneCluster, folder: Path, rounds: int) -> subprocess.Popen[str]:
    # the embedded engine of this process leaves variables behind that keep another process from starting Spark
    own = {name: value for name, value in os.environ.items() if not name.startswith(("SPARK_", "PYSPARK_"))}
    wanted = {"SANTANDER_SPARK__WORKERS": "2", "SANTANDER_SPARK__BARRIER_WAIT": str(PATIENCE)}
    command = [sys.executable, "-m", "jobs.train", "--rounds", str(rounds), "--data-dir", str(folder), "--master", cluster.url]
    return subprocess.Popen([*command, "--json"], env=own | wanted, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_until_both_train(cluster: StandaloneCluster, training: subprocess.Popen[str]) -> None:
    """Return when the worker that will be lost has joined the other one, as xgboost says on its executor's error output."""

    def joined() -> bool:
        said = [file for executor in cluster.executors_on(1) for file in executor.glob("stderr")]
        return any("got rank" in file.read_text(errors="replace") for file in said)

    while not joined():
        assert training.poll() is None, training.communicate()[1]
        time.sleep(0.1)


@pytest.mark.engines
@drawn_as("training that loses a worker")
@pytest.mark.timeout(1800)
def test_a_lost_worker_ends_training_in_one_line_and_the_next_run_completes_it(cluster: StandaloneCluster, folder: Path) -> None:
    training = start_training(cluster, folder, ENDLESS)
    wait_until_both_train(cluster, training)
    cluster.kill_worker(1)
    out, err = training.communicate(timeout=LONG_ENOUGH)
    assert training.returncode == 1, err
    assert json.loads(out)["code"] == 1
    assert err.splitlines()[-1] == (
        f"error: training needs 2 task slots at once and the cluster has 1; it waited {PATIENCE} s (setting "
        "spark.barrier_wait): start the missing workers or set spark.workers lower, then run the same command again"
    )
    assert "Traceback" not in err

    cluster.start_worker()
    cluster.wait_for_workers(2)
    again = start_training(cluster, folder, rounds=3)
    out, err = again.communicate(timeout=LONG_ENOUGH)
    assert again.returncode == 0, err
    result = json.loads(out.splitlines()[-1])
    assert result["version"] == 2
    assert result["map7"] > 0
    assert _tags_of(folder, result["version"])["trained_on"] == "spark, 2 workers"


def _tags_of(folder: Path, version: int) -> dict[str, str]:
    from santander.config.settings import Settings
    from santander.registry.tracking import open_tracking

    settings = Settings.load(data_dir=str(folder))
    return dict(open_tracking(settings).get_model_version(settings.mlflow.registered_model, str(version)).tags)
