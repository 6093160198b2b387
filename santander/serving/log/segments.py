"""Segments: files below ``<state>/serving/log`` in which a worker leaves its answers for the table ``predictions``.

A segment is a header and blocks. A block has a number of records of one size, then the names of keys that they speak of, then
what is longer: the features that were scored. Blocks are only ever added, and each has a checksum, so that whatever moment a
worker is killed at, all blocks but the last are whole. A record keeps its place for good: that of an erased person is zeroed.

A segment is called ``LOG.NUMBER.open`` while its worker adds to it, ``LOG.NUMBER.segment`` after; a log is one life of a worker.
"""

import errno
import json
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

FOLDER = ("serving", "log")
"""The folder of the log below the state folder."""
OPEN, CLOSED = ".open", ".segment"
LISTED = 7
"""Products of an answer."""
NOBODY, ERASED = -1, -2
"""In place of the id: a record that was scored without one, and one of a person who was erased."""

RECORD = np.dtype(
    [
        ("sequence", "<u8"), ("time_ns", "<i8"), ("customer_id", "<i8"), ("request_id", "V16"), ("chances", "<f4", (LISTED,)),
        ("version", "<u4"), ("microseconds", "<u4"), ("features", "<u4"), ("month", "<i2"), ("key", "<u2"),
        ("products", "u1", (LISTED,)), ("source", "u1"), ("list", "u1"), ("pad", "V3"),
    ]
)  # fmt: skip
"""One answer; ``features`` is the length of its features, ``key`` the place of the key's name among those of the block."""
PACKED_RECORD = struct.Struct("<Qqq16s28sIIIhH7sBB3x")
"""The same for one record at a time."""

_MAGIC, _LAYOUT = b"ANSWERS\0", 1
_HEADER = struct.Struct("<8sHHI16sQQ16x")
_BLOCK = struct.Struct("<4sIIIIQ4x")
_BLOCK_MAGIC = b"BLCK"
_CHECKED_FROM = 8
_UNCHECKED = 0
"""The checksum of a block while a record in it is being erased, which a kill may leave so: it is whole, as it was before."""

Records = npt.NDArray[np.void]


class SegmentHeader(NamedTuple):
    """Whose segment it is, and what came before: the sequence number it begins after, and records written before it."""

    worker: int
    number: int
    log: str
    start_sequence: int
    start: int

    def packed(self) -> bytes:
        """The bytes a segment begins with."""
        return _HEADER.pack(_MAGIC, _LAYOUT, self.worker, self.number, bytes.fromhex(self.log), self.start_sequence, self.start)

    @classmethod
    def of(cls, content: bytes) -> Self | None:
        """Read it; None for a segment that has no whole one, or one of another layout."""
        if len(content) < _HEADER.size:
            return None
        magic, layout, worker, number, log, sequence, start = _HEADER.unpack_from(content)
        return cls(worker, number, log.hex(), sequence, start) if (magic, layout) == (_MAGIC, _LAYOUT) else None


@dataclass(frozen=True, slots=True)
class Block:
    """Records that were written together; ``end`` counts all that the log has written up to its last."""

    offset: int
    records: Records
    names: Sequence[str]
    features: bytes
    end: int


def block_header(parts: Sequence[bytes | memoryview], records: int, end: int) -> bytes:
    """The header of a block of these parts: records, names of keys as JSON, features."""
    _, names, features = parts
    rest = _BLOCK.pack(_BLOCK_MAGIC, 0, records, len(names), len(features), end)[_CHECKED_FROM:]
    return struct.pack("<4sI", _BLOCK_MAGIC, _checksum(rest, *parts)) + rest


def _checksum(*parts: bytes | memoryview) -> int:
    crc = 0
    for part in parts:
        crc = zlib.crc32(part, crc)
    return crc or 1  # 0 means unchecked


def read_blocks(content: bytes) -> Iterator[Block]:
    """The whole blocks of a segment, up to the first that is not."""
    at = _HEADER.size if SegmentHeader.of(content) else len(content)
    while at + _BLOCK.size <= len(content):
        magic, crc, records, names, features, end = _BLOCK.unpack_from(content, at)
        begin = at + _BLOCK.size
        lengths = (records * RECORD.itemsize, names, features)
        if magic != _BLOCK_MAGIC or begin + sum(lengths) > len(content):
            return
        whole = content[begin : begin + sum(lengths)]
        if crc not in (_UNCHECKED, _checksum(content[at + _CHECKED_FROM : begin], whole)):
            return
        named = whole[lengths[0] : lengths[0] + names]
        yield Block(at, np.frombuffer(whole, RECORD, records), json.loads(named), whole[lengths[0] + names :], end)
        at = begin + sum(lengths)


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment's file, as it is called at a moment."""

    path: Path

    @property
    def log(self) -> str:
        """The log it belongs to."""
        return self.path.name.split(".")[0]

    @property
    def is_open(self) -> bool:
        """Whether its worker adds to it, or did when it was killed."""
        return self.path.suffix == OPEN

    def content(self) -> bytes:
        """All bytes that it has now, under the name that it has by now."""
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return self.path.with_suffix(CLOSED).read_bytes()  # its worker has closed it since


def segments_in(folder: Path) -> list[Segment]:
    """The segments there are, by log and number."""
    return [Segment(path) for path in sorted(folder.glob("*.*")) if path.suffix in (OPEN, CLOSED)]


def no_space(path: Path) -> OSError:
    """The error of a disk that took a part of what was to be written."""
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))


def waiting_in(folder: Path) -> tuple[int, float | None]:
    """Bytes of all segments, and when the one that has waited longest was last added to, in seconds since 1970."""
    bytes_, oldest = 0, None
    for segment in segments_in(folder):
        try:
            state = segment.path.stat()
        except FileNotFoundError:
            continue  # committed, or called otherwise by now: the next look finds it
        bytes_ += state.st_size
        oldest = state.st_mtime if oldest is None else min(oldest, state.st_mtime)
    return bytes_, oldest


def customers_in(content: bytes) -> npt.NDArray[np.int64]:
    """The customers that a segment has answers for, each once."""
    found = [block.records["customer_id"] for block in read_blocks(content)]
    ids = np.unique(np.concatenate(found)) if found else np.empty(0, np.int64)
    return ids[ids >= 0]


def erase_records(segment: Segment, ids: npt.NDArray[np.int64], in_table: int = 0) -> int:
    """Zero the answers for these customers where they stand; the worker may be adding to the segment meanwhile.

    Returns how many were beyond the first ``in_table`` of the log, which the table has as rows.
    """
    try:
        file = segment.path.open("r+b")
    except FileNotFoundError:
        file = segment.path.with_suffix(CLOSED).open("r+b")  # its worker has closed it since
    with file:
        content, erased = file.read(), 0
        for block in read_blocks(content):
            theirs = np.flatnonzero(np.isin(block.records["customer_id"], ids))
            if theirs.size:
                _erase(file.fileno(), block, theirs)
                erased += int((theirs >= in_table - block.end + len(block.records)).sum())
    return erased


def blank(records: Records, which: npt.NDArray[np.intp]) -> None:
    """Empty these records of all but their place: the sequence number and the length of their features."""
    empty = np.zeros(which.size, RECORD)
    for kept in ("sequence", "features"):
        empty[kept] = records[kept][which]
    empty["customer_id"] = ERASED
    records[which] = empty


def _erase(file: int, block: Block, theirs: npt.NDArray[np.intp]) -> None:
    records, features = block.records.copy(), bytearray(block.features)
    ends = np.cumsum(records["features"], dtype=np.int64)
    for each in theirs:
        end, length = int(ends[each]), int(records["features"][each])
        features[end - length : end] = bytes(length)
    blank(records, theirs)
    names = json.dumps(block.names).encode()
    parts = (records.tobytes(), names, bytes(features))
    os.pwrite(file, struct.pack("<I", _UNCHECKED), block.offset + 4)
    os.pwrite(file, b"".join(parts), block.offset + _BLOCK.size)
    os.pwrite(file, block_header(parts, len(records), block.end), block.offset)
