"""``forget`` beside a service that answers: nothing of the person in any byte after it, and nobody else's answer is lost."""

import os
import signal
import struct
from pathlib import Path

import pytest

from santander.config.settings import Settings
from santander.errors import SantanderError
from santander.forget.forget import forget
from santander.forget.search import search
from santander.lake.lake import Lake
from santander.schema.catalogue import CUSTOMERS, PREDICTIONS
from santander.schema.months import Month
from santander.serving.log.accounts import settled
from santander.serving.log.committing import Committer
from santander.serving.log.segments import segments_in
from santander.suppression.spellings import sorted_ids
from tests.serving.log.answers import changed, folder_of, predictions, worker
from tests.waiting import wait_for

PERSON, OTHER = 1375586, 1052611


@pytest.fixture
def served(settings: Settings) -> Settings:
    Lake(settings).append_rows(
        CUSTOMERS, [{"customer_id": each, "snapshot_date": Month(2016, 5).snapshot} for each in (PERSON, OTHER)]
    )
    return changed(settings, flush_seconds=0.005)


def files_with(settings: Settings, person: int) -> list[str]:
    wanted = (struct.pack("<q", person), str(person).encode())
    files = (file for file in Path(settings.data_dir).rglob("*") if file.is_file() and file.suffix != ".parquet")
    return [str(file) for file in files if any(each in file.read_bytes() for each in wanted)]


def test_the_person_goes_from_the_table_from_segments_and_from_what_is_being_written(served: Settings) -> None:
    with worker(served) as serving:
        serving.give(20, PERSON)
        wait_for(lambda: segments_in(folder_of(served)))
        wait_for(lambda: Committer(served).commit() >= 0 and len(predictions(served)) == 20)
        serving.give(5, OTHER)
        serving.give(30, PERSON)  # still in the ring, or just written
        erasure = forget(served, [PERSON], [])
        assert files_with(served, PERSON) == []
        assert erasure.complete
        assert erasure.rows["predictions"] == 50  # 20 rows, which their segment has too, and 30 that were to become rows
        serving.give(10, PERSON)  # a call that was under way
        serving.give(5, OTHER)
        assert serving.end(signal.SIGTERM) == 0
    Committer(served).commit()
    assert [row["customer_id"] for row in predictions(served)] == [OTHER] * 10
    assert files_with(served, PERSON) == []
    (line,) = settled(folder_of(served))
    assert (line.served, line.logged, line.dropped, line.lost) == (70, 70, 0, 0)


def test_who_is_in_a_segment_alone_is_found_and_erased(served: Settings) -> None:
    with worker(served) as serving:
        serving.give(3, stranger := 777_777)
        wait_for(lambda: segments_in(folder_of(served)))
        (trace,) = search(served, sorted_ids([stranger])).traces
        assert (trace.where, trace.count) == ("an answer of the service", 1)
        erasure = forget(served, [stranger], [])
        assert not erasure.nowhere
        assert erasure.rows["predictions"] == 3
    assert files_with(served, stranger) == []
    Committer(served).commit()
    assert not Lake(served).exists(PREDICTIONS)


def test_of_whom_nothing_is_anywhere_what_is_answered_meanwhile_is_not_written(served: Settings) -> None:
    with worker(changed(served, flush_seconds=0.2)) as serving:
        serving.give(3, stranger := 777_777)
        forget(served, [stranger], [])
        serving.end(signal.SIGTERM)
    assert files_with(served, stranger) == []


def test_a_worker_that_hangs_is_named_and_the_erasure_is_taken_up_again(served: Settings) -> None:
    impatient = served.model_copy(update={"locks": served.locks.model_copy(update={"wait": 0.3})})
    with worker(served) as serving:
        serving.give(3, PERSON)
        wait_for(lambda: segments_in(folder_of(served)))
        os.kill(serving.process.pid, signal.SIGSTOP)
        with pytest.raises(SantanderError, match=r"a worker of the service \(log [0-9a-f]{32}\) did not write its answers"):
            forget(impatient, [PERSON], [])
        os.kill(serving.process.pid, signal.SIGCONT)
        assert forget(impatient, [PERSON], []).complete
    assert files_with(served, PERSON) == []
