"""``kill -9`` of ingest, features and score at random moments: what is there stays whole, the same command completes it.

The moments are drawn between landmarks of the work (staging, each commit), as far in as the same stretch lasts when nothing
disturbs it. A push kills a few, the night all; SANTANDER_FAULT_KILLS raises their number for a long soak, and
the seed of tests/sample.py moves them.
"""

import itertools
import os
import random
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.faults.landmarks import Landmark, Landmarks
from tests.faults.processes import Running
from tests.faults.tally import TALLY
from tests.faults.wholeness import check_part_of, check_same, check_whole
from tests.faults.world import AFTER, BEFORE, World
from tests.needs import need_java
from tests.sample import amount, chance

pytestmark = [pytest.mark.faults, pytest.mark.timeout(7200)]

KILLS = {
    ("sail", "ingest"): 12, ("sail", "features"): 8, ("sail", "score"): 6,
    ("spark", "ingest"): 4, ("spark", "features"): 2, ("spark", "score"): 1,
}  # fmt: skip
KILLS_ON_A_PUSH = {"sail": 2, "spark": 1}
FIRST_INGEST_KILLS = 4
FIRST_INGEST_KILLS_ON_A_PUSH = 2
IN_A_ROW = 4
"""Kills that follow each other before the command is left to complete."""
AT_ONCE = 2
"""Data folders that are worked on side by side."""
_WANTED = int(os.environ.get("SANTANDER_FAULT_KILLS", "0")) / sum(KILLS.values())
on_spark = pytest.mark.sample(push=1, of="kills on Spark")
CASES = [pytest.param(engine, verb, marks=[on_spark] if engine == "spark" else []) for engine, verb in KILLS]


@pytest.mark.parametrize(("engine", "verb"), CASES)
def test_a_killed_verb_loses_nothing_and_completes_when_run_again(world: World, engine: str, verb: str) -> None:
    if engine == "spark":
        need_java()
    moment = chance(f"{engine} {verb}")
    stretches = _stretches(world.timeline(engine, verb))
    kills = amount(push=min(KILLS_ON_A_PUSH[engine], KILLS[engine, verb]), whole=KILLS[engine, verb])
    wanted = max(kills, round(KILLS[engine, verb] * _WANTED))
    moments = [(stretch, moment.random()) for stretch in _places(moment, stretches, wanted)]

    def kill_some_then_complete(these: list[tuple[Stretch, float]]) -> None:
        data = world.copy_of(BEFORE[verb])
        for stretch, share in these:
            where = _kill_at(world, engine, verb, data, stretch, share)
            check_whole(data, world.data(BEFORE[verb]), world.data(AFTER[verb]))
            TALLY.survived(f"{engine} {verb} {where}")
        world.run(engine, *world.words(verb), data=data).check_done()
        check_same(data, world.data(AFTER[verb]))
        shutil.rmtree(data)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(kill_some_then_complete, [moments[i : i + IN_A_ROW] for i in range(0, wanted, IN_A_ROW)]))


def test_a_killed_first_ingest_leaves_whole_tables_or_none(world: World) -> None:
    """In an empty folder the tables themselves are made, which is several writes too."""
    moment = chance("first ingest")
    kills = amount(push=FIRST_INGEST_KILLS_ON_A_PUSH, whole=FIRST_INGEST_KILLS)
    expected, data = world.folder / "from-nothing", world.folder / "copies" / "from-nothing"
    world.undisturbed("ingest", expected, known_as="first-ingest")
    for stretch in _places(moment, _stretches(world.timeline("sail", "first-ingest")), kills):
        where = _kill_at(world, "sail", "ingest", data, stretch, moment.random(), timeline="first-ingest")
        check_part_of(data, expected)
        TALLY.survived(f"sail first-ingest {where}")
    world.run("sail", *world.words("ingest"), data=data).check_done()
    check_same(data, expected)


@on_spark
def test_what_a_killed_driver_leaves_running_on_spark_does_no_harm(world: World) -> None:
    """Only the command's own process is killed: the JVM beside it may be in the middle of a commit."""
    need_java()
    data = world.copy_of("ingested")
    landmarks = Landmarks(data)
    running = world.start("spark", *world.words("features"), data=data)
    running.wait_until(lambda: "features:commit:1" in landmarks.reached(), "the first commit")
    assert running.kill_driver()
    check_whole(data, world.data("ingested"), world.data("built"))
    world.run("sail", *world.words("features"), data=data).check_done()
    check_same(data, world.data("built"))
    TALLY.survived("spark features driver-only")


Stretch = tuple[Landmark, float]
"""A landmark and the seconds to the next one."""


def _stretches(timeline: list[Landmark]) -> list[Stretch]:
    """What lies between the landmarks, all but the end, when the work is done."""
    return [(one, after.seconds - one.seconds) for one, after in itertools.pairwise(timeline)][:-1]


def _places(moment: random.Random, stretches: list[Stretch], wanted: int) -> list[Stretch]:
    """As many stretches as there are kills wanted: each once before any twice, in a random order."""
    places: list[Stretch] = []
    while len(places) < wanted:
        places += moment.sample(stretches, len(stretches))
    return places[:wanted]


def _kill_at(
    world: World, engine: str, verb: str, data: Path, stretch: Stretch, share: float, timeline: str | None = None
) -> str:
    """Kill the verb at this share of the stretch and say what it had reached; one that ended before is killed earlier."""
    marks = world.timeline(engine, timeline or verb)
    stretches = _stretches(marks)
    earlier = stretches[stretches.index(stretch) :: -1]
    first, longest = stretches[0]
    for landmark, seconds in [*earlier, (first, longest / 2), (first, longest / 4)]:
        landmarks = Landmarks(data)
        running = world.start(engine, *world.words(verb), data=data)
        _wait_for(running, landmarks, landmark)
        time.sleep(share * seconds)
        reached = landmarks.reached()
        if running.kill():
            return [mark.place for mark in marks if mark.name in reached][-1]
    raise AssertionError(f"{verb} ended each time before it could be killed")


def _wait_for(running: Running, landmarks: Landmarks, landmark: Landmark) -> None:
    while running.is_running() and landmark.name not in landmarks.reached():
        time.sleep(0.002)
