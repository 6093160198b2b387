"""The survey of landing files: by tasks of the engine, lines and UTF-8 by ranges of bytes, each fingerprint by one task; or here.

A range has the lines that begin in it, so that ranges need nothing of each other; what comes before them is summed up last.
"""

import hashlib
import socket
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import BinaryIO

import pyarrow as pa

from santander.ingest.arrangement import Arrangement
from santander.ingest.file_kind import LandingFileRefused, file_state
from santander.ingest.header import read_header
from santander.ingest.landing import (
    CHANGED,
    WHEN_WHOLE,
    Chunk,
    LandingFile,
    check_utf8,
    copy_of,
    plain_place,
    readable,
    survey,
    survey_all,
    unpack,
)
from santander.lake.lake import Lake
from santander.lake.month_file_writer import in_tasks
from santander.storage.kinds import UNREADABLE, is_packed, open_plain
from santander.storage.places import Place, open_read, size_of

_BLOCK = 1 << 16
_RANGES_OF_A_TASK = 8
"""Ranges that a task looks at, about. No setting: what is found is the same with any."""
_FOUND = pa.schema(
    [
        ("file", pa.int32()),
        ("start", pa.int64()),
        ("end", pa.int64()),
        ("lines", pa.int64()),
        ("sha256", pa.string()),
        ("trouble", pa.string()),
    ]
)
"""Whole lines of a file; or the file's fingerprint; or why a worker cannot say."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """What a task looks at: bytes ``start`` to ``end`` of a file, or all of it where ``end`` is None."""

    file: int
    path: Place
    plain: Place
    first: int
    """Where the first record begins."""
    start: int = 0
    end: int | None = None


def survey_files(
    lake: Lake, paths: Sequence[Place], chunk_bytes: int, scratch: Place, *, corrections: bool = False
) -> tuple[LandingFile, ...]:
    """Survey files by workers, or here while the engine starts, one reading and hashing, the other importing."""
    if lake.has_workers:
        return survey_in_tasks(lake, paths, chunk_bytes, scratch, corrections=corrections)
    with ThreadPoolExecutor(1) as surveyor:
        surveying = surveyor.submit(survey_all, paths, chunk_bytes, scratch, corrections=corrections)
        lake.start_engine()
        return surveying.result()


def survey_in_tasks(
    lake: Lake, paths: Sequence[Place], chunk_bytes: int, scratch: Place, *, corrections: bool = False
) -> tuple[LandingFile, ...]:
    """Survey files as ``landing.survey_all`` does; only their headers are read here."""
    before = [file_state(path) for path in paths]
    headers = [_header(path, corrections=corrections) for path in paths]
    whole = [_Piece(i, path, plain_place(path, scratch), len(headers[i][0])) for i, path in enumerate(paths)]
    packed = [piece for piece in whole if is_packed(piece.path)]
    found = _found(lake, packed)
    _refuse_troubled(found, paths, chunk_bytes, scratch, corrections=corrections)
    ranges = [each for piece in whole for each in _ranges(piece, chunk_bytes)]
    found += _found(lake, [*(piece for piece in whole if piece not in packed), *ranges])
    _refuse_troubled(found, paths, chunk_bytes, scratch, corrections=corrections)
    files: dict[str, LandingFile] = {}
    for piece, (_, columns) in zip(whole, headers, strict=True):
        if file_state(piece.path) != before[piece.file]:
            raise LandingFileRefused(piece.path, CHANGED, hint=WHEN_WHOLE)
        file = _file(piece, columns, [row for row in found if row["file"] == piece.file])
        if file.sha256 in files:
            raise copy_of(files[file.sha256].name, piece.path)
        files[file.sha256] = file
    return tuple(files.values())


def _header(path: Place, *, corrections: bool) -> tuple[bytes, Arrangement]:
    with readable(path), open_plain(path) as source:
        return read_header(path, source, corrections=corrections)


def _ranges(piece: _Piece, chunk_bytes: int) -> list[_Piece]:
    with readable(piece.path):
        size = size_of(piece.plain)  # no range goes beyond it: in a bucket nobody may even look there
        return [
            replace(piece, start=start, end=min(start + chunk_bytes, size)) for start in range(piece.first, size, chunk_bytes)
        ]


def _file(piece: _Piece, columns: Arrangement, found: Sequence[dict[str, int | str]]) -> LandingFile:
    chunks, line = [], 2
    for row in sorted((row for row in found if row["lines"]), key=lambda row: row["start"]):
        chunks.append(Chunk(int(row["start"]), int(row["end"]), line, int(row["lines"])))
        line += int(row["lines"])
    sha256 = next(str(row["sha256"]) for row in found if row["sha256"])
    return LandingFile(piece.plain, str(piece.path), sha256, columns, line - 2, tuple(chunks), file_state(piece.plain))


def _found(lake: Lake, pieces: Sequence[_Piece]) -> list[dict[str, int | str]]:
    if not pieces:
        return []
    tasks = max(lake.cores(), len(pieces) // _RANGES_OF_A_TASK)
    rows: list[dict[str, int | str]] = in_tasks(lake.session, pieces, tasks, _looked_at, _FOUND).toArrow().to_pylist()
    return rows


def _refuse_troubled(
    found: Sequence[dict[str, int | str]], paths: Sequence[Place], chunk_bytes: int, scratch: Place, *, corrections: bool
) -> None:
    """Raise LandingFileRefused for the first file that a task could not read: as the survey in the driver says it, if it does."""
    for row in sorted((row for row in found if row["trouble"]), key=lambda row: row["file"]):
        path = paths[int(row["file"])]
        survey(path, chunk_bytes, scratch, corrections=corrections)
        hint = "put it into a folder that all workers have under one name, or into a bucket (s3a://)"
        raise LandingFileRefused(path, str(row["trouble"]), hint=hint)


def _looked_at(pieces: Iterator[_Piece]) -> Iterator[pa.RecordBatch]:
    found = []
    for piece in pieces:
        try:
            found.append({"file": piece.file, **(_digest(piece) if piece.end is None else _lines(piece, piece.end))})
        except (LandingFileRefused, *UNREADABLE) as error:
            found.append({"file": piece.file, "trouble": f"the worker {socket.gethostname()} cannot read it ({error})"})
    yield pa.RecordBatch.from_pylist(found, schema=_FOUND)


def _digest(piece: _Piece) -> dict[str, str]:
    unpack(piece.path, piece.plain)
    digest = hashlib.sha256()
    with open_read(piece.plain) as source:
        while block := source.read(_BLOCK):
            digest.update(block)
    return {"sha256": digest.hexdigest()}


def _lines(piece: _Piece, end: int) -> dict[str, int]:
    with open_read(piece.plain) as source:
        begin = piece.start if piece.start == piece.first else _next_line(source, piece.start - 1)
        stop = _next_line(source, end - 1)
        source.seek(begin)
        block = source.read(stop - begin)
    if block:
        check_utf8(piece.path, memoryview(block), 0)
    return {"start": begin, "end": stop, "lines": block.count(b"\n") + (block[-1:] not in {b"", b"\n"})}


def _next_line(source: BinaryIO, position: int) -> int:
    """Where the line after the one that has this byte begins; the end of the file where there is none."""
    source.seek(position)
    while block := source.read(_BLOCK):
        if (place := block.find(b"\n")) >= 0:
            return position + place + 1
        position += len(block)
    return position
