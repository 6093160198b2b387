"""The log of a worker: what was given comes back as it was, what cannot be kept is counted, nobody waits for it."""

import struct
import time

import pytest

from santander.config.settings import Settings
from santander.lake.lake import Lake
from santander.schema.catalogue import SUPPRESSIONS
from santander.serving.log.committing import Committer
from santander.serving.log.segments import read_blocks, segments_in, waiting_in
from santander.suppression.suppression_list import suppression_list
from tests.serving.log.answers import NONE, answer, changed, folder_of, opened, predictions

PERSON = 87218


def test_an_answer_is_a_row_as_it_was_given(settings: Settings) -> None:
    log = opened(settings, worker=2)
    noon = 1_467_115_200_123_456_789
    log.append(*answer(PERSON, request_id=b"r" * 16, time_ns=noon))
    log.append(*answer(None, source=1, list=1, key="what-if", features=b'{"age": 31}', microseconds=2500))
    log.append(*answer(7, products=bytes([NONE] * 7), chances=struct.pack("<7f", *[float("nan")] * 7), source=2))
    log.close()
    assert (log.served, log.logged, log.dropped, log.waiting) == (3, 3, 0, 0)
    assert Committer(settings).commit() == 3
    first, second, third = predictions(settings)
    assert (first["request_id"], first["customer_id"], first["month"], first["model_version"]) == (
        "72" * 16,
        PERSON,
        "2016-06",
        3,
    )
    assert (first["products"], first["chances"]) == (["payroll_account", "pension_deposit", "direct_debit"], [0.5, 0.25, None])
    assert (first["key_name"], first["milliseconds"], first["features"]) == ("branch", 0.12, None)
    assert (str(first["day"]), first["time"].isoformat()) == ("2016-06-28", "2016-06-28T12:00:00.123456+00:00")
    assert (second["customer_id"], second["source"], second["list"], second["key_name"]) == (None, "model", "offers", "what-if")
    assert (second["features"], second["milliseconds"]) == (b'{"age": 31}', 2.5)
    assert (third["products"], third["chances"], third["source"]) == ([], [], "popularity")
    assert [row["sequence"] for row in (first, second, third)] == [1, 2, 3]
    assert len({row["log"] for row in (first, second, third)}) == 1


def test_a_full_ring_drops_and_counts_and_never_waits(settings: Settings) -> None:
    small = changed(settings, ring=8, flush_seconds=60)
    log = opened(small)
    for customer in range(1, 21):
        log.append(*answer(customer))
    assert (log.served, log.dropped, log.waiting) == (20, 12, 8)
    log.close()
    assert (log.served, log.logged, log.dropped) == (20, 8, 12)
    Committer(small).commit()
    assert [row["customer_id"] for row in predictions(small)] == list(range(1, 9))


def test_the_lists_of_one_answer_are_rows_with_one_request_id(settings: Settings) -> None:
    log = opened(settings)
    log.append(*answer(5, 3, None, 3, request_id=b"r" * 16))
    log.append(*answer(9))
    log.close()
    assert (log.served, log.logged, log.dropped) == (5, 5, 0)
    Committer(settings).commit()
    rows = predictions(settings)
    assert [(row["sequence"], row["customer_id"]) for row in rows] == [(1, 5), (2, 3), (3, None), (4, 3), (5, 9)]
    assert [row["request_id"] == "72" * 16 for row in rows] == [True] * 4 + [False]


def test_of_an_answer_with_more_lists_than_there_is_room_for_the_rest_is_dropped(settings: Settings) -> None:
    small = changed(settings, ring=8, flush_seconds=60)
    log = opened(small)
    log.append(*answer(*range(1, 6)))
    log.append(*answer(*range(6, 21)))
    assert (log.served, log.dropped, log.waiting) == (20, 12, 8)
    log.close()
    assert (log.served, log.logged, log.dropped) == (20, 8, 12)
    Committer(small).commit()
    assert [(row["sequence"], row["customer_id"]) for row in predictions(small)] == [(each, each) for each in range(1, 9)]


def test_of_an_answer_the_lists_that_can_be_logged_are(settings: Settings) -> None:
    log = opened(settings)
    of, lists = answer(1, 2, 3)
    lists[1] = lists[1]._replace(version=-1)
    log.append(of, lists)
    log.close()
    assert (log.served, log.logged, log.dropped) == (3, 2, 1)
    Committer(settings).commit()
    assert [(row["sequence"], row["customer_id"]) for row in predictions(settings)] == [(1, 1), (3, 3)]


def test_the_ring_goes_round(settings: Settings) -> None:
    small = changed(settings, ring=8, flush_seconds=0.001)
    log = opened(small)
    for customer in range(1, 101):
        while log.waiting == 8:
            time.sleep(0)  # the writer's turn
        log.append(*answer(customer, features=b"x" * customer if customer % 3 else None))
    log.close()
    Committer(small).commit()
    assert [(row["customer_id"], len(row["features"] or "")) for row in predictions(small)] == [
        (customer, customer if customer % 3 else 0) for customer in range(1, 101)
    ]


@pytest.mark.parametrize("wrong", [{"month": 1 << 20}, {"version": -1}, {"customer_id": "x"}, {"products": None}, {"key": []}])
def test_an_answer_that_cannot_be_logged_is_dropped_and_no_error_of_who_gives_it(
    settings: Settings, wrong: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    log = opened(settings)
    log.append(*answer(**wrong))
    log.append(*answer(7))
    log.close()
    assert (log.served, log.logged, log.dropped) == (2, 1, 1)
    assert "an answer could not be logged: " in caplog.text
    Committer(settings).commit()
    assert [(row["customer_id"], row["sequence"]) for row in predictions(settings)] == [(7, 2)]


def test_codes_that_stand_for_nothing_become_null(settings: Settings) -> None:
    log = opened(settings)
    log.append(*answer(7, source=9, list=9, products=bytes([99, 0, NONE, NONE, NONE, NONE, NONE])))
    log.close()
    Committer(settings).commit()
    (row,) = predictions(settings)
    assert (row["source"], row["list"], row["products"], row["chances"]) == (None, None, ["saving_account"], [0.25])


def test_of_whoever_was_erased_meanwhile_nothing_is_written(settings: Settings) -> None:
    lake = Lake(settings)
    slow = changed(settings, flush_seconds=60)
    log = opened(slow)
    log.append(*answer(PERSON, features=b'{"secret": 1}'))
    log.append(*answer(7))
    digest = suppression_list(settings, lake, make_key=True).digest(PERSON)
    lake.append_rows(SUPPRESSIONS, [{"digest": digest, "erasure_id": "x"}])
    log.close()
    assert (log.served, log.logged) == (2, 2)
    (segment,) = segments_in(folder_of(settings))
    assert struct.pack("<q", PERSON) not in segment.content()
    assert b"secret" not in segment.content()
    assert [block.end for block in read_blocks(segment.content())] == [2]
    Committer(settings).commit()
    assert [row["customer_id"] for row in predictions(settings)] == [7]


def test_segments_are_closed_by_size_and_no_more_are_begun_than_may_lie_there(settings: Settings) -> None:
    small = changed(settings, segment_bytes=2_000, max_bytes=20_000, ring=64)
    log = opened(small)
    given, folder = 0, folder_of(settings)
    while waiting_in(folder)[0] < 20_000 or not log.dropped:
        while log.waiting and waiting_in(folder)[0] < 20_000:
            time.sleep(0)  # the writer's turn
        log.append(*answer())
        given += 1
    assert given > 100
    assert len(segments_in(folder_of(settings))) > 3
    assert waiting_in(folder)[0] < 30_000
    Committer(small).commit()  # which makes room
    while log.waiting:
        time.sleep(0.001)
    log.append(*answer())
    log.close()
    Committer(small).commit()
    assert len(predictions(small)) == log.logged == log.served - log.dropped
    assert log.served == given + 1
