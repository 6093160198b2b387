"""The cluster of the tests itself: it is real, it can lose a worker, and nothing of it stays."""

import os
import sys
from pathlib import Path

import pytest

from tests.engines.sampled import drawn_as
from tests.needs import need_java
from tests.standalone_cluster import _members, environment, standalone_cluster

pytestmark = [pytest.mark.engines, drawn_as("the cluster of the tests")]


@pytest.fixture(autouse=True)
def java() -> None:
    need_java()


def test_workers_register_one_can_be_killed_another_started_and_nothing_stays(tmp_path: Path) -> None:
    with standalone_cluster(tmp_path / "cluster", workers=2) as cluster:
        assert cluster.url.startswith("spark://127.0.0.1:")
        assert [worker["cores"] for worker in cluster.alive_workers()] == [1, 1]
        cluster.kill_worker(0)
        cluster.wait_for_workers(1)
        cluster.start_worker()
        cluster.wait_for_workers(2)
        started = [daemon.process.pid for daemon in cluster.daemons]
        assert len(started) == 4
    assert not [pid for pid in started if _members(pid)]


def test_a_test_that_fails_leaves_nothing_and_sees_the_logs(tmp_path: Path) -> None:
    started: list[int] = []

    def fail() -> None:
        with standalone_cluster(tmp_path / "cluster", workers=1) as cluster:
            started.extend(daemon.process.pid for daemon in cluster.daemons)
            raise ValueError("the test")

    with pytest.raises(ValueError, match="the test") as caught:
        fail()
    assert "Successfully registered with master" in caught.value.__notes__[0]
    assert len(started) == 2
    assert not [pid for pid in started if _members(pid)]


def test_the_workers_know_nothing_of_this_environment(tmp_path: Path) -> None:
    known = environment(tmp_path)
    assert "PYTHONPATH" not in known
    assert not any(name.startswith("SANTANDER") for name in known)
    assert str(Path(sys.prefix, "bin")) not in known["PATH"].split(os.pathsep)
