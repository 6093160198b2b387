"""Answers become rows once: after kills at the worst moment, beside living workers, after maintenance and erasures."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from santander.config.settings import Settings
from santander.errors import SantanderError
from santander.forget.tables import leave_no_trace
from santander.lake.lake import Lake
from santander.maintain.tables import maintain
from santander.schema.catalogue import PREDICTIONS, SUPPRESSIONS
from santander.serving.log.accounts import settled
from santander.serving.log.committing import Committer, commit_until_told
from santander.serving.log.segments import segments_in
from santander.suppression.suppression_list import suppression_list
from tests.sample import amount
from tests.serving.log.answers import (
    answer,
    changed,
    commit_and_be_killed_before_a_segment_is_removed,
    folder_of,
    opened,
    predictions,
    process,
    worker,
)
from tests.waiting import wait_for


def check_each_once(settings: Settings) -> None:
    """Of each log that ended every answer that was logged is one row, and no other is."""
    rows = [(row["log"], row["sequence"]) for row in predictions(settings)]
    assert len(rows) == len(set(rows))
    lines = list(settled(folder_of(settings)))
    assert len(lines) == len({line.log for line in lines})
    for line in lines:
        assert sum(log == line.log for log, _ in rows) == line.logged
        assert line.served == line.logged + line.dropped + line.lost


def test_killed_between_the_commit_and_the_removal_of_the_segment_it_commits_nothing_twice(settings: Settings) -> None:
    log = opened(settings)
    for _ in range(10):
        log.append(*answer())
    log.close()
    with process(commit_and_be_killed_before_a_segment_is_removed, settings) as committer:
        committer.join(60)
        assert committer.exitcode == -signal.SIGKILL
    assert len(predictions(settings)) == 10
    assert segments_in(folder_of(settings))
    assert Committer(settings).commit() == 0
    assert len(predictions(settings)) == 10
    assert not segments_in(folder_of(settings))
    check_each_once(settings)


def test_how_far_it_went_is_known_after_maintenance_and_after_an_erasure(settings: Settings) -> None:
    lake, log = Lake(settings), opened(settings)
    for customer in range(1, 11):
        log.append(*answer(customer))
    wait_for(lambda: not log.waiting)
    Committer(settings).commit()
    for customer in range(11, 16):
        log.append(*answer(customer))
    wait_for(lambda: not log.waiting)
    Committer(settings).commit()
    assert segments_in(folder_of(settings))  # still open, and read from the beginning each time
    assert len(lake.delta(PREDICTIONS).file_uris()) == 2
    maintain(settings, lake, dry_run=False, upgrade=False)
    assert len(lake.delta(PREDICTIONS).file_uris()) == 1
    lake.delete_rows(PREDICTIONS, "customer_id = 3", 1)
    leave_no_trace(settings, lake, PREDICTIONS)
    assert Committer(settings).commit() == 0
    log.close()
    assert Committer(settings).commit() == 0
    assert [row["customer_id"] for row in predictions(settings)] == [each for each in range(1, 16) if each != 3]


def test_what_a_living_worker_has_written_is_committed_while_it_goes_on(settings: Settings) -> None:
    with worker(settings) as serving:
        for given in (100, 250):
            serving.give(given - len(predictions(settings)))
            wait_for(lambda: Committer(settings).commit() >= 0 and len(predictions(settings)) == given)  # noqa: B023
        assert serving.end(signal.SIGTERM) == 0
    Committer(settings).commit()
    assert [row["sequence"] for row in predictions(settings)] == list(range(1, 251))
    (line,) = settled(folder_of(settings))
    assert (line.served, line.logged, line.dropped, line.lost, line.closed) == (250, 250, 0, 0, True)


def test_sigterm_loses_nothing_though_the_ring_was_not_written_yet(settings: Settings) -> None:
    with worker(changed(settings, flush_seconds=600)) as serving:
        assert serving.give(5000)["waiting"] == 5000
        assert serving.end(signal.SIGTERM) == 0
    assert Committer(settings).commit() == 5000
    check_each_once(settings)


def test_a_killed_worker_loses_what_was_in_its_ring_and_that_is_counted(settings: Settings) -> None:
    with worker(changed(settings, flush_seconds=600, ring=1000)) as serving:
        assert serving.give(1200) == {"served": 1200, "logged": 0, "dropped": 200, "waiting": 1000}
        serving.end(signal.SIGKILL)
    Committer(settings).commit()
    (line,) = settled(folder_of(settings))
    assert (line.served, line.logged, line.dropped, line.lost, line.closed) == (1200, 0, 200, 1000, False)


def test_workers_killed_at_any_moment_lose_no_more_than_their_rings(settings: Settings) -> None:
    for _ in range(amount(push=2, whole=12)):
        with worker(changed(settings, ring=512)) as serving:
            for _ in range(50):
                serving.ask(300)
            serving.counts()
            serving.end(signal.SIGKILL)
        Committer(settings).commit()
    lines = list(settled(folder_of(settings)))
    assert all(line.lost <= 512 + 1 for line in lines), lines  # and the one that was being given
    assert all(line.served >= 300 for line in lines)
    assert not segments_in(folder_of(settings))
    check_each_once(settings)


def test_a_killed_committer_is_followed_by_one_that_goes_on_and_the_answers_never_stop(settings: Settings) -> None:
    rounds = amount(push=2, whole=8)
    with worker(settings) as serving:
        for killed in range(rounds):
            with process(commit_until_told, changed(settings, commit_seconds=0.1)) as committer:
                serving.give(400)
                wait_for(lambda: len(predictions(settings)) > 400 * killed)  # noqa: B023
                committer.kill()
                committer.join(60)
        with process(commit_until_told, changed(settings, commit_seconds=0.1)) as last:
            counts = serving.give(1)
            assert (counts["served"], counts["dropped"]) == (400 * rounds + 1, 0)
            wait_for(lambda: len(predictions(settings)) == counts["served"])
            counts = serving.give(300)
            assert serving.end(signal.SIGTERM) == 0
            last.terminate()
            last.join(60)  # it commits once more before it ends
            assert last.exitcode == 0
    assert len(predictions(settings)) == counts["served"]
    check_each_once(settings)


def test_a_store_that_is_away_stops_no_answer_and_loses_none(settings: Settings) -> None:
    lake = Path(settings.lake)
    lake.parent.mkdir(parents=True, exist_ok=True)
    lake.write_text("no folder")
    with worker(settings) as serving:
        serving.give(300)
        wait_for(lambda: segments_in(folder_of(settings)))
        with pytest.raises((SantanderError, OSError)):
            Committer(settings).commit()
        lake.unlink()
        assert serving.give(10)["dropped"] == 0
        serving.end(signal.SIGTERM)
    assert Committer(settings).commit() == 310
    check_each_once(settings)


def test_it_commits_in_parts_that_fit_into_memory(settings: Settings) -> None:
    for _ in range(3):
        log = opened(settings)
        for customer in range(1, 51):
            log.append(*answer(customer))
        log.close()
    assert Committer(changed(settings, rows_per_commit=60)).commit() == 150
    assert Lake(settings).version(PREDICTIONS) == 2
    check_each_once(settings)


def test_whoever_was_erased_by_another_host_gets_no_row(settings: Settings) -> None:
    lake, log = Lake(settings), opened(settings)
    for customer in (7, 8, 9):
        log.append(*answer(customer))
    log.close()
    digest = suppression_list(settings, lake, make_key=True).digest(8)
    lake.append_rows(SUPPRESSIONS, [{"digest": digest, "erasure_id": "x"}])
    assert Committer(settings).commit() == 2
    assert [row["customer_id"] for row in predictions(settings)] == [7, 9]
    assert not segments_in(folder_of(settings))


def test_a_committer_whose_parent_ended_before_it_looked_is_told_by_its_standard_input() -> None:
    """The pipe that the supervisor holds: once nobody does, there is nobody to commit for."""
    asks = "from santander.serving.log.committing import _hung_up; print(_hung_up())"
    for held in (True, False):
        ours, theirs = os.pipe()
        if not held:
            os.close(theirs)
        done = subprocess.run([sys.executable, "-c", asks], stdin=ours, capture_output=True, text=True, check=True)
        os.close(ours)
        if held:
            os.close(theirs)
        assert done.stdout.strip() == str(not held)
