"""When work that needs all its slots at once waits, starts again or gives up; slots follow a script here, and are real in
test_lost_worker.py and test_distributed.py."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from santander.errors import SantanderError
from santander.training import barrier
from santander.training.barrier import ATTEMPTS, Guard, MissingSlots

PATIENCE = 0.2


class Cluster:
    """Stands in for a session: as many slots as the test says, and jobs that can be cancelled."""

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self.cancelled = threading.Event()
        self.tags: list[str] = []

    def addTag(self, tag: str) -> None:  # noqa: N802  (as Spark calls it)
        self.tags.append(tag)

    def interruptTag(self, tag: str) -> None:  # noqa: N802
        assert tag in self.tags
        self.cancelled.set()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(barrier, "slots_of", lambda session: session.slots)
    monkeypatch.setattr(barrier, "_BETWEEN_LOOKS", 0.01)
    monkeypatch.setattr(barrier, "_UNTIL_A_LOSS_SHOWS", 0.1)


def guard(cluster: Any, workers: int = 2, patience: float = PATIENCE) -> Guard:
    return Guard(cluster, workers, patience)


def later(act: Callable[[], None]) -> None:
    timer = threading.Timer(0.05, act)
    timer.daemon = True
    timer.start()


def test_work_runs_when_its_slots_are_there() -> None:
    assert guard(Cluster(2)).run(lambda: "done") == "done"


def test_work_is_not_begun_while_slots_are_missing() -> None:
    begun: list[str] = []
    with pytest.raises(MissingSlots, match=r"needs 2 task slots at once and the cluster has 1; it waited 0.2 s"):
        guard(Cluster(1)).run(lambda: begun.append("work"))
    assert not begun


def test_slots_that_come_in_time_are_waited_for() -> None:
    cluster = Cluster(1)
    later(lambda: setattr(cluster, "slots", 2))
    assert guard(cluster, patience=60).run(lambda: "done") == "done"


def test_work_that_hangs_with_a_slot_missing_is_cancelled_and_given_up() -> None:
    cluster = Cluster(2)
    later(lambda: setattr(cluster, "slots", 1))
    with pytest.raises(MissingSlots):
        guard(cluster).run(lambda: cluster.cancelled.wait(60))
    assert cluster.cancelled.is_set()


def test_work_that_lost_a_worker_starts_again_when_the_slots_are_back() -> None:
    cluster, runs = Cluster(2), []

    def work() -> str:
        runs.append("run")
        if len(runs) == 1:
            cluster.slots = 1
            later(lambda: setattr(cluster, "slots", 2))
            raise OSError("a worker is gone")
        return "done"

    assert guard(cluster, patience=60).run(work) == "done"
    assert len(runs) == 2


def test_a_slot_that_is_missed_for_a_moment_does_not_stop_work() -> None:
    cluster, ended = Cluster(2), threading.Event()

    def back() -> None:
        cluster.slots = 2
        later(ended.set)

    later(lambda: (setattr(cluster, "slots", 1), later(back)))  # type: ignore[func-returns-value]
    assert guard(cluster, patience=60).run(lambda: ended.wait(60)) is True
    assert not cluster.cancelled.is_set()


def test_work_that_fails_with_all_its_slots_there_is_not_run_again() -> None:
    runs: list[str] = []

    def work() -> None:
        runs.append("run")
        raise SantanderError("too little to learn from")

    with pytest.raises(SantanderError, match="too little"):
        guard(Cluster(2)).run(work)
    assert len(runs) == 1


def test_work_that_loses_a_worker_every_time_is_given_up() -> None:
    cluster, runs = Cluster(2), []

    def work() -> None:
        runs.append("run")
        cluster.slots = 1
        later(lambda: setattr(cluster, "slots", 2))
        raise OSError("a worker is gone")

    with pytest.raises(OSError, match="a worker is gone"):
        guard(cluster, patience=60).run(work)
    assert len(runs) == ATTEMPTS
