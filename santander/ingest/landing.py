"""A landing file surveyed: whether it may be read at all, its fingerprint, and where its chunks of whole lines begin.

One record is one line. The survey is a single pass over the bytes; nothing of the file is kept.
"""

import gzip
import hashlib
import shutil
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, cast

import pyarrow as pa

from santander.errors import is_out_of_space
from santander.ingest.arrangement import Arrangement
from santander.ingest.file_kind import FileState, LandingFileRefused, file_state, refuse_other_than_files
from santander.ingest.header import read_header
from santander.schema.columns import LEGAL_HEADERS
from santander.storage.kinds import UNREADABLE, is_packed, open_plain
from santander.storage.places import Place, open_read, whole_file

_SHOWN_TEXT = 60
"""Bytes of a text that a line shows."""
_BLOCK = 1 << 20
"""Bytes that are unpacked at a time; how much is parsed at a time is ingest.chunk_bytes."""
_WHOLE = "copy or download it again, whole, where you may read it"
CHANGED = "it changed while it was read; nothing was taken in"
WHEN_WHOLE = "run the same command again when it is written whole"


@dataclass(frozen=True, slots=True)
class Chunk:
    """Whole lines of a landing file: bytes ``start`` to ``end``; the header is line 1."""

    start: int
    end: int
    first_line: int
    n_lines: int


@dataclass(frozen=True, slots=True)
class LandingFile:
    """A file whose header is legal and whose bytes are UTF-8; ``lines`` counts records, the header left out."""

    path: Place
    """Where the plain csv bytes are; for a gzip file an unpacked copy."""
    name: str
    """The file as the user gave it."""
    sha256: str
    columns: Arrangement
    lines: int
    chunks: tuple[Chunk, ...]
    state: FileState | None = None
    """Size and times of ``path`` when reading began."""

    @property
    def has_products(self) -> bool:
        """False for the competition's test file, whose header ends after the profile."""
        return self.columns.n_columns == len(LEGAL_HEADERS[0])


def survey_all(paths: Sequence[Place], chunk_bytes: int, scratch: Place, *, corrections: bool = False) -> tuple[LandingFile, ...]:
    """Survey files in order; raises LandingFileRefused, also for two of the same content: the content identifies lines."""
    files: dict[str, LandingFile] = {}
    for path in paths:
        file = survey(path, chunk_bytes, scratch, corrections=corrections)
        if file.sha256 in files:
            raise copy_of(files[file.sha256].name, path)
        files[file.sha256] = file
    return tuple(files.values())


def survey(path: Place, chunk_bytes: int, scratch: Place, *, corrections: bool = False) -> LandingFile:
    """Check a landing file and find its chunks; raises LandingFileRefused.

    ``scratch`` takes the unpacked copy of a gzip file; workers read it there. ``corrections``: as ``read_header`` has it.
    """
    with readable(path):
        before = file_state(path)
        try:
            file = _survey(path, chunk_bytes, scratch, corrections=corrections)
        finally:
            if file_state(path) != before:
                raise LandingFileRefused(path, CHANGED, hint=WHEN_WHOLE)
        return replace(file, state=before if file.path == path else file_state(file.path))


@contextmanager
def readable(path: Place) -> Iterator[None]:
    """Read the file inside this; raises LandingFileRefused for what is no file or cannot be read or unpacked."""
    try:
        refuse_other_than_files(path)
        yield
    except UNREADABLE as error:
        if is_out_of_space(error):
            raise  # it is no fault of the file
        if not isinstance(error, OSError) or isinstance(error, gzip.BadGzipFile):
            raise LandingFileRefused(path, f"the gzip data cannot be unpacked ({error})", hint=_WHOLE) from None
        raise LandingFileRefused(path, f"it cannot be read ({error.strerror or error})", hint=_WHOLE) from None


def refuse_changed(files: Sequence[LandingFile]) -> None:
    """Raise LandingFileRefused for a file that is not what was surveyed: by size and times, by content where these differ.

    Tasks read a file piece by piece, long after the survey: one that grew or was replaced meanwhile is never taken half.
    """
    for file in files:
        if file.state != file_state(file.path) and (file_state(file.path) is None or sha256_of(file.path) != file.sha256):
            raise LandingFileRefused(file.name, CHANGED, hint=WHEN_WHOLE)


@contextmanager
def unchanged(files: Sequence[LandingFile]) -> Iterator[None]:
    """Read the files inside this; raises LandingFileRefused, instead of any other error, where one has changed meanwhile."""
    try:
        yield
    finally:
        refuse_changed(files)


def _survey(path: Place, chunk_bytes: int, scratch: Place, *, corrections: bool) -> LandingFile:
    plain = plain_place(path, scratch)
    unpack(path, plain)
    with open_read(plain) as source:
        header, columns = read_header(path, source, corrections=corrections)
        fingerprint = hashlib.sha256(header)
        chunks: list[Chunk] = []
        position, line = len(header), 2
        with ThreadPoolExecutor(1) as hasher:
            hashed = hasher.submit(lambda: None)
            while (taken := _whole_lines(source, position, chunk_bytes))[1]:
                block, n_lines = taken
                hashed.result()
                hashed = hasher.submit(fingerprint.update, block)
                check_utf8(path, block, line)
                chunks.append(Chunk(position, position + len(block), line, n_lines))
                position += len(block)
                line += n_lines
            hashed.result()
    return LandingFile(plain, str(path), fingerprint.hexdigest(), columns, line - 2, tuple(chunks))


def sha256_of(path: Place) -> str:
    """The fingerprint that ``survey`` gives the file: that of its plain bytes, also where the file is packed."""
    with readable(path), open_plain(path) as plain:
        return hashlib.file_digest(cast("Any", plain), "sha256").hexdigest()


def refuse_unreadable(paths: Iterable[Place]) -> None:
    """Raise LandingFileRefused before a folder or a lock is made: for what is no landing file by its first line, and for copies.

    Only files of one size are read whole; that packed files of two sizes hold the same, ``survey_all`` finds out.
    """
    of_size: dict[object, list[Place]] = {}
    for path in paths:
        with readable(path), open_plain(path) as plain:
            read_header(path, plain, corrections=False)
        of_size.setdefault((file_state(path) or (0,))[0], []).append(path)
    for same_size in of_size.values():
        seen: dict[str, Place] = {}
        for path in same_size if len(same_size) > 1 else ():
            if (other := seen.setdefault(sha256_of(path), path)) is not path:
                raise copy_of(other, path)


def copy_of(other: Place | str, path: Place) -> LandingFileRefused:
    """The refusal of a file that has the content of another."""
    return LandingFileRefused(path, f"has the same content as {other}", hint="name one of them")


def read_chunk(path: Place, chunk: Chunk) -> bytes:
    """The bytes of one chunk."""
    with open_read(path) as source:
        source.seek(chunk.start)
        return source.read(chunk.end - chunk.start)


def _whole_lines(source: BinaryIO, position: int, size: int) -> tuple[memoryview, int]:
    """About ``size`` bytes from ``position`` that end with a line, and their lines; a view, as a copy costs like a hash."""
    source.seek(position)
    block = source.read(size)
    while len(block) % size == 0 and block and b"\n" not in block:
        more = source.read(size)
        if not more:
            break
        block += more
    end = len(block) if len(block) < size else block.rfind(b"\n") + 1 or len(block)
    ends_open = end > 0 and not block.endswith(b"\n", 0, end)
    return memoryview(block)[:end], block.count(b"\n", 0, end) + ends_open


def plain_place(path: Place, scratch: Place) -> Place:
    """Where the plain bytes of a landing file are: in itself, or in a copy of a packed one."""
    if not is_packed(path):
        return path
    whole_name = str(path.resolve() if isinstance(path, Path) else path)
    place = hashlib.sha256(whole_name.encode()).hexdigest()[:12]  # two folders may hold files of one name
    return scratch / f"{place}.{path.name}.csv"


def unpack(path: Place, plain: Place) -> None:
    """Write the plain bytes of a packed file to their place."""
    if plain != path:
        with open_plain(path) as packed, whole_file(plain) as unpacked:
            shutil.copyfileobj(packed, unpacked, _BLOCK)


def check_utf8(path: Place, block: memoryview, first_line: int) -> None:
    """Raise LandingFileRefused for the first field of these lines that is not UTF-8."""
    whole = pa.Array.from_buffers(
        pa.large_binary(), 1, [None, pa.array([0, len(block)], pa.int64()).buffers()[1], pa.py_buffer(block)]
    )
    try:
        whole.cast(pa.large_string())
    except pa.ArrowInvalid:
        raise _not_utf8(path, bytes(block), first_line) from None


def _not_utf8(path: Place, block: bytes, first_line: int) -> LandingFileRefused:
    try:
        block.decode()
        place = 0
    except UnicodeDecodeError as error:
        place = error.start
    line = first_line + block.count(b"\n", 0, place)
    start = max(block.rfind(b",", 0, place), block.rfind(b"\n", 0, place)) + 1
    field = block[start : start + _SHOWN_TEXT].split(b",")[0].split(b"\n")[0].decode("latin-1")
    hint = "save it as UTF-8 (from a Windows program: iconv -f CP1252 -t UTF-8 FILE > NEW.csv)"
    return LandingFileRefused(path, f"line {line} is not UTF-8 text", example=field, line=line, hint=hint)
