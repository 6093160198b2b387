"""Segments: whole up to the byte at which a worker was killed, and without a person in place."""

import struct
from pathlib import Path

import numpy as np
import pytest

from santander.config.settings import Settings
from santander.serving.log.segments import (
    ERASED,
    Segment,
    SegmentHeader,
    customers_in,
    erase_records,
    read_blocks,
    segments_in,
)
from tests.serving.log.answers import answer, folder_of, opened

PERSON = 1375586


@pytest.fixture
def segment(settings: Settings) -> Segment:
    """Five blocks of three answers, one of them for the person, with features."""
    for _ in range(5):
        log = opened(settings)
        for customer in (7, PERSON, 9):
            log.append(*answer(customer, features=b"features of %d" % customer))
        log.close()
    segments = segments_in(folder_of(settings))
    whole = segments[0].path.with_name(f"{'a' * 32}.000001.segment")
    header = SegmentHeader(0, 1, "a" * 32, 0, 0).packed()
    whole.write_bytes(header + b"".join(each.content()[len(header) :] for each in segments))
    return Segment(whole)


def test_cut_at_any_byte_all_blocks_before_are_read(segment: Segment) -> None:
    content = segment.content()
    ends = [*[block.offset for block in read_blocks(content)][1:], len(content)]
    assert len(ends) == 5
    for cut in range(len(content)):
        assert len(list(read_blocks(content[:cut]))) == sum(end <= cut for end in ends)


def test_a_byte_that_changed_ends_what_is_read(segment: Segment) -> None:
    content = bytearray(segment.content())
    third = [block.offset for block in read_blocks(bytes(content))][2]
    content[third + 50] ^= 1
    assert len(list(read_blocks(bytes(content)))) == 2


def test_a_segment_of_another_layout_is_not_read(segment: Segment) -> None:
    content = bytearray(segment.content())
    content[8] += 1
    assert list(read_blocks(bytes(content))) == []


def test_the_erased_leave_no_byte_and_all_others_stay(segment: Segment) -> None:
    before = list(read_blocks(segment.content()))
    assert erase_records(segment, np.array([PERSON])) == 5
    content = segment.content()
    assert struct.pack("<q", PERSON) not in content
    assert str(PERSON).encode() not in content
    assert customers_in(content).tolist() == [7, 9]
    after = list(read_blocks(content))
    assert [(block.end, block.names) for block in after] == [(block.end, block.names) for block in before]
    for old, new in zip(before, after, strict=True):
        assert new.records["customer_id"].tolist() == [7, ERASED, 9]
        assert new.records[[0, 2]].tobytes() == old.records[[0, 2]].tobytes()
        assert new.features == b"features of 7" + bytes(len(f"features of {PERSON}")) + b"features of 9"
    assert erase_records(segment, np.array([PERSON])) == 0


def test_an_erasure_that_was_killed_in_the_middle_leaves_a_segment_that_can_be_read(segment: Segment) -> None:
    content = bytearray(segment.content())
    second = list(read_blocks(bytes(content)))[1].offset
    content[second + 4 : second + 8] = bytes(4)  # what it writes first
    content[second + 100 : second + 150] = bytes(50)
    assert len(list(read_blocks(bytes(content)))) == 5


def test_a_segment_that_is_closed_meanwhile_is_erased_under_its_new_name(segment: Segment) -> None:
    former = Segment(Path(str(segment.path).replace(".segment", ".open")))
    assert erase_records(former, np.array([PERSON])) == 5
    assert former.content() == segment.content()
