"""Two runs at once: one waits or is refused in one line, no commit is lost, and who is killed leaves no lock behind.

The first run is frozen where it holds a lock or is about to commit, so that the two meet on every machine.
"""

from pathlib import Path

import pytest

from tests.faults.landmarks import Landmarks
from tests.faults.processes import Running
from tests.faults.tally import TALLY
from tests.faults.wholeness import check_same, check_whole, is_locked
from tests.faults.world import World
from tests.needs import need_java

pytestmark = [pytest.mark.faults, pytest.mark.timeout(7200), pytest.mark.sample(push=4, of="two runs at once")]

WAITS = "waiting for it"
TRIES = 5
"""Between a landmark and the end of a run lie few seconds: on a busy machine the freeze may come after them."""


def frozen(world: World, data: Path, at: str, engine: str, *words: object, **environment: str) -> Running:
    """A run that stands still since it reached a landmark."""
    landmarks = Landmarks(data)
    running = world.start(engine, *words, data=data, **environment)
    running.wait_until(lambda: at in landmarks.reached(), at)
    running.freeze()
    return running


def frozen_with_its_lock(world: World, at: str, engine: str, *words: object) -> tuple[Path, Running]:
    """The first data folder, and an ingest there that stands still with its lock: one that had let go of it already is left."""
    for _ in range(TRIES):
        data = world.copy_of("first")
        running = frozen(world, data, at, engine, *words)
        if is_locked(data, "ingest"):
            return data, running
        running.kill()
    raise AssertionError(f"{TRIES} times the ingest had let go of its lock before it was frozen")


def waiting(world: World, data: Path, engine: str, *words: object, **environment: str) -> Running:
    """A run that has said that it waits for another one."""
    running = world.start(engine, *words, data=data, **environment)
    running.wait_until(lambda: WAITS in running.said(), "it waits for the other run")
    return running


@pytest.mark.parametrize("engine", ["sail", "spark"])
def test_a_second_ingest_of_the_same_months_waits_and_is_the_one_that_holds(world: World, engine: str) -> None:
    if engine == "spark":
        need_java()
    data, one = frozen_with_its_lock(world, "staging", engine, *world.words("ingest", "one"))
    two = waiting(world, data, engine, *world.words("ingest", "two"))
    one.thaw()
    one.wait().check_done()
    two.wait().check_done()
    check_same(data, world.data("ingested"), "customers", "quarantine", "ingestions")
    TALLY.faults += 1


def test_a_second_ingest_that_may_not_wait_is_refused_in_one_line(world: World) -> None:
    data, one = frozen_with_its_lock(world, "staged", "sail", *world.words("ingest", "two"))
    refused = world.run("sail", *world.words("ingest", "one"), data=data, SANTANDER_LOCKS__WAIT="0.2")
    assert "another run is writing ingest: waited 0.2 s" in refused.refusal()
    check_whole(data, world.data("first"), locks_held=True)
    one.thaw()
    one.wait().check_done()
    check_same(data, world.data("ingested"))
    TALLY.faults += 1


@pytest.mark.parametrize("holder", ["sail", "spark"])
def test_a_killed_run_hands_its_lock_to_the_one_that_waits(world: World, holder: str) -> None:
    if holder == "spark":
        need_java()
    data, one = frozen_with_its_lock(world, "customers:commit:1", holder, *world.words("ingest", "two"))
    two = waiting(world, data, "sail", *world.words("ingest", "two"))
    assert one.kill()
    two.wait().check_done()
    check_same(data, world.data("ingested"))
    TALLY.faults += 1


def test_ingests_of_different_months_both_arrive(world: World) -> None:
    expected = world.copy_of("first")
    march, april = (["ingest", "--replace", world.month_of("two", month)] for month in ("2016-03", "2016-04"))
    data, one = frozen_with_its_lock(world, "staging", "sail", *march)
    two = waiting(world, data, "sail", *april)
    one.thaw()
    for running in (one, two):
        running.wait().check_done()
    for words in (march, april):
        world.run("sail", *words, data=expected).check_done()
    check_same(data, expected)
    TALLY.faults += 1


def test_two_builds_of_the_same_features_leave_them_once(world: World) -> None:
    data = world.copy_of("ingested")
    one, two = (world.start("sail", "features", data=data) for _ in range(2))
    for running in (one, two):
        running.wait().check_done()
    check_same(data, world.data("built"))
    TALLY.faults += 1


def test_a_build_that_an_ingest_overtakes_is_told_or_found_stale_and_built_anew(world: World) -> None:
    data = world.copy_of("first")
    one = frozen(world, data, "features:commit:1", "sail", "features")
    world.run("sail", *world.words("ingest"), data=data).check_done()
    one.thaw()
    ended = one.wait()
    if ended.code:
        assert "rows were meant" in ended.refusal()
    refused = world.run("sail", "score", data=data)
    assert "are out of date: run 'santander features" in refused.refusal(code=2)
    world.run("sail", "features", data=data).check_done()
    check_same(data, world.data("built"))
    TALLY.faults += 1


@pytest.mark.parametrize("engine", ["sail", "spark"])
def test_writers_with_other_locks_are_kept_apart_by_the_commits_themselves(world: World, engine: str) -> None:
    """Two state folders on one data folder, as of two machines: the later commit of the same months must not pass unseen."""
    if engine == "spark":
        need_java()
    data = world.copy_of("ingested")
    elsewhere = str(world.copy_of("ingested") / "state")
    one = frozen(world, data, "features:commit:1", engine, "features")
    world.run("sail", "features", data=data, SANTANDER_STATE_DIR=elsewhere).check_done()
    one.thaw()
    ended = one.wait()
    if ended.code:  # else it had not yet begun to write its next months
        assert "another run with another state folder was writing features too" in ended.refusal()
    check_whole(data, world.data("built"))
    world.run("sail", "features", data=data).check_done()
    check_same(data, world.data("built"))
    TALLY.faults += 1


def test_two_runs_of_everything_end_as_one(world: World) -> None:
    data = world.copy_of("first")
    words = world.words("run")
    other_customers = {"SANTANDER_INGEST__MIN_SHARED_CUSTOMERS": "0"}  # the other delivery's, and run has no --replace
    one, two = (world.start("sail", *words, data=data, **other_customers) for _ in range(2))
    for ended in (one.wait(), two.wait()):
        if ended.code:
            ended.refusal()
    world.run("sail", *words, data=data, **other_customers).check_done()
    check_same(data, world.data("built"), "customers", "quarantine", "ingestions", "features")
    again = world.run("sail", *words, "--json", data=data)
    again.check_done()
    assert '"done": ["' not in again.out, "something was not up to date"
    TALLY.faults += 1
