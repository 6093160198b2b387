"""A full disk: one line and exit code 1, nothing lost, and the same command completes once there is room.

A small tmpfs is filled up to some room, drawn anew for each round, so that different writes meet the end. Where that may not
be mounted, a limit on the size of a file stands for it, which any user can set.
"""

import resource
from pathlib import Path

import pytest

from santander.cli.app import OUT_OF_SPACE
from tests.faults.full_disks import MEBIBYTE, small_disk
from tests.faults.tally import TALLY
from tests.faults.wholeness import check_same, check_whole
from tests.faults.world import AFTER, BEFORE, World
from tests.needs import need_java
from tests.sample import amount, chance

pytestmark = [pytest.mark.faults, pytest.mark.timeout(7200), pytest.mark.sample(push=2, of="full disks")]

ROUNDS_ON_A_PUSH = 2
ROUNDS = {("sail", "ingest"): 4, ("sail", "features"): 3, ("sail", "score"): 2, ("spark", "ingest"): 1}


@pytest.mark.parametrize(("engine", "verb"), list(ROUNDS))
def test_a_verb_on_a_full_disk_says_so_and_completes_once_there_is_room(
    world: World, tmp_path: Path, engine: str, verb: str
) -> None:
    if engine == "spark":
        need_java()
    sizes = chance(f"disk {engine} {verb}")
    wanted = ROUNDS[engine, verb]
    before, after = world.data(BEFORE[verb]), world.data(AFTER[verb])
    needed = _size(after) - _size(before)
    with small_disk(tmp_path / "disk", _size(after) * 4 // MEBIBYTE + 8) as disk:
        data = world.copy_of(BEFORE[verb], to=disk.folder)
        for round_ in range(amount(push=min(ROUNDS_ON_A_PUSH, wanted), whole=wanted)):
            disk.leave_free(0 if round_ == 0 else sizes.randrange(0, needed))
            ended = world.run(engine, *world.words(verb), data=data)
            disk.make_room()
            assert OUT_OF_SPACE in ended.refusal()
            check_whole(data, before, after)
            TALLY.faults += 1
        world.run(engine, *world.words(verb), data=data).check_done()
        check_same(data, after)


def test_a_file_that_may_not_grow_is_a_full_disk_too(world: World) -> None:
    verb = "ingest"
    before, after = world.data(BEFORE[verb]), world.data(AFTER[verb])
    data = world.copy_of(BEFORE[verb])
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8_192, limits[1]))  # the command inherits it; the log of a run is shorter
    try:
        running = world.start("sail", *world.words(verb), data=data)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert OUT_OF_SPACE in running.wait().refusal()
    check_whole(data, before, after)
    world.run("sail", *world.words(verb), data=data).check_done()
    check_same(data, after)
    TALLY.faults += 1


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
