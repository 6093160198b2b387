"""A search that is killed with kill -9 goes on where it was, by the same command."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from santander.registry.tracking import experiment_id, open_tracking
from tests.tune.world import World, finished

ROOT = Path(__file__).parents[2]
WANTED = 6


def start(world: World, conf: Path, parallel: int) -> subprocess.Popen[bytes]:
    """The same search in a process of its own."""
    mlflow = world.settings.mlflow
    environment = {
        "SANTANDER_CONF_DIR": str(conf),
        "SANTANDER_DATA_DIR": str(world.settings.data),
        "SANTANDER_MLFLOW__TRACKING_URI": str(mlflow.tracking_uri),
        "SANTANDER_MLFLOW__EXPERIMENT": mlflow.experiment,
        "SANTANDER_MLFLOW__REGISTERED_MODEL": mlflow.registered_model,
    }
    words = [sys.executable, "-m", "tests.tune.world", world.space, str(WANTED), str(parallel)]
    return subprocess.Popen(words, cwd=ROOT, env=os.environ | environment, stdin=subprocess.DEVNULL)


def states(world: World) -> list[str]:
    """The states of the trials as they stand in the file, in the order they were begun in."""
    file = world.settings.state / "tuning.db"
    if not file.exists():
        return []
    try:
        with sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30) as store:
            return [state for (state,) in store.execute("select state from trials order by trial_id")]
    except sqlite3.OperationalError:  # its tables are being made
        return []


def kill_in_the_middle(world: World, conf: Path, parallel: int) -> None:
    """Kill it when two trials are finished and others are under way."""
    process = start(world, conf, parallel)
    deadline = time.monotonic() + 120
    while not (states(world).count("COMPLETE") >= 2 and "RUNNING" in states(world)):
        assert process.poll() is None, "ended before it was killed"
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=30)
    assert "RUNNING" in states(world)


@pytest.mark.sample(push=1, of="long verbs")
def test_a_killed_search_ends_with_as_many_trials_as_were_asked_for(world: World, conf: Path) -> None:
    kill_in_the_middle(world, conf, parallel=2)
    left = states(world).count("RUNNING")
    result = world.search(WANTED, parallel=2)
    assert len(finished(result)) == WANTED
    assert "RUNNING" not in states(world)
    assert "WAITING" not in states(world)
    killed = [trial.settings for trial in result.in_state("killed")]
    assert len(killed) == left
    made = [trial.settings for trial in finished(result)]
    assert all(settings in made for settings in killed if len(settings) == 2)

    client = open_tracking(world.settings)
    runs = client.search_runs([experiment_id(world.settings, client)])
    parents = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    assert len(parents) == 1
    ended = [run.info.status for run in runs if run not in parents]
    assert ended.count("FINISHED") == WANTED
    assert set(ended) <= {"FINISHED", "KILLED"}
    assert parents[0].info.status == "FINISHED"
