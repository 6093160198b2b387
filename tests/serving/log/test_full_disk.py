"""A disk that is full: answers go on, what cannot be kept is counted, and with room again the log goes on by itself."""

from pathlib import Path

import pytest

from santander.config.settings import Settings
from santander.serving.log.committing import Committer
from santander.serving.log.segments import read_blocks, segments_in
from tests.faults.full_disks import small_disk
from tests.serving.log.answers import answer, changed, folder_of, opened, predictions
from tests.waiting import wait_for

pytestmark = pytest.mark.faults

ROOM = 10_000


@pytest.fixture
def elsewhere(settings: Settings, tmp_path: Path) -> Settings:
    """The state on a small disk, the tables on the usual one."""
    return changed(settings.model_copy(update={"state_dir": str(tmp_path / "disk" / "state")}), ring=256)


def test_a_full_disk_drops_answers_and_counts_them_and_with_room_again_all_are_logged(
    elsewhere: Settings, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk", 4) as disk:
        log = opened(elsewhere)
        log.append(*answer())
        wait_for(lambda: log.logged == 1)
        disk.leave_free(ROOM)
        while not log.dropped:
            log.append(*answer())
        given, dropped = log.served, log.dropped
        log.append(*answer())
        assert log.dropped == dropped + 1
        (segment,) = segments_in(folder_of(elsewhere))
        assert list(read_blocks(segment.content()))[-1].end == log.logged  # nothing torn is in the middle of what follows
        disk.make_room()
        wait_for(lambda: log.waiting == 0)
        log.append(*answer())
        log.close()
        assert log.served == given + 2 == log.logged + log.dropped
        Committer(elsewhere).commit()
        assert len(predictions(elsewhere)) == log.logged


def test_a_log_that_begins_on_a_full_disk_counts_in_memory_until_there_is_room(elsewhere: Settings, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 4) as disk:
        disk.leave_free(0)
        log = opened(elsewhere)
        for _ in range(300):
            log.append(*answer())
        assert (log.served, log.dropped, log.logged) == (300, 300 - 256, 0)
        disk.make_room()
        wait_for(lambda: _served_one_more(log) and log.logged)
        log.close()
        assert log.served == log.logged + log.dropped
        Committer(elsewhere).commit()
        assert len(predictions(elsewhere)) == log.logged


def _served_one_more(log) -> bool:
    log.append(*answer())
    return True


def test_what_cannot_be_written_before_the_end_is_counted_as_dropped(elsewhere: Settings, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 4) as disk:
        log = opened(elsewhere)
        disk.leave_free(0)
        for _ in range(100):
            log.append(*answer())
        log.close()
        assert (log.served, log.logged, log.dropped) == (100, 0, 100)
        assert segments_in(folder_of(elsewhere)) == []
