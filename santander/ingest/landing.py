"""A landing file surveyed: whether it may be read at all, its fingerprint, and where its chunks of whole lines begin.

One record is one line. The survey is a single pass over the bytes; nothing of the file is kept.
"""

import csv
import hashlib
import shutil
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from santander.errors import InputError, is_out_of_space
from santander.ingest.file_kind import FileState, file_state, kind_refused
from santander.schema.columns import LEGAL_HEADERS
from santander.storage.packed import UNREADABLE, is_packed, open_plain
from santander.storage.places import Place, open_read, whole_file

_BOM = b"\xef\xbb\xbf"
_LONGEST_HEADER = 16_384
"""Bytes in which a header must end; both legal ones are far shorter."""
ID_COLUMN, REASON_COLUMN = "quarantine_id", "reason"
"""Columns that a file of corrections may have before and after those of a landing file."""
_BLOCK = 1 << 20
"""Bytes that are unpacked or hashed at a time; how much is parsed at a time is ingest.chunk_bytes."""
CHANGED = "it changed while it was read; nothing was taken in: run the same command again when it is written whole"


class LandingFileRefused(InputError):
    """A landing file breaks a rule that makes all of it unreadable; nothing of any file is ingested."""

    def __init__(self, path: Place | str, rule: str) -> None:
        super().__init__(f"{path}: {rule}")


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
    n_columns: int
    lines: int
    chunks: tuple[Chunk, ...]
    n_leading: int = 0
    """1 in a file of corrections whose lines begin with the quarantine id."""
    n_trailing: int = 0
    """1 in a file of corrections whose lines end with the reason."""
    state: FileState | None = None
    """Size and times of ``path`` when reading began."""

    @property
    def has_products(self) -> bool:
        """False for the competition's test file, whose header ends after the profile."""
        return self.n_columns == len(LEGAL_HEADERS[0])

    @property
    def n_fields(self) -> int:
        """Fields of a line."""
        return self.n_leading + self.n_columns + self.n_trailing


def survey_all(paths: Sequence[Place], chunk_bytes: int, scratch: Place, *, corrections: bool = False) -> tuple[LandingFile, ...]:
    """Survey files in order; raises LandingFileRefused, also for two of the same content: lines are told apart by it."""
    files: dict[str, LandingFile] = {}
    for path in paths:
        file = survey(path, chunk_bytes, scratch, corrections=corrections)
        if file.sha256 in files:
            raise LandingFileRefused(path, f"has the same content as {files[file.sha256].name}: name one of them")
        files[file.sha256] = file
    return tuple(files.values())


def survey(path: Place, chunk_bytes: int, scratch: Place, *, corrections: bool = False) -> LandingFile:
    """Check a landing file and find its chunks; raises LandingFileRefused.

    ``scratch`` takes the unpacked copy of a gzip file; workers read it there. A file of ``corrections`` may have the
    quarantine id before the columns and the reason after them.
    """
    try:
        refuse_other_than_files(path)
        before = file_state(path)
        try:
            file = _survey(path, chunk_bytes, scratch, corrections=corrections)
        finally:
            if file_state(path) != before:
                raise LandingFileRefused(path, CHANGED)
        return replace(file, state=before if file.path == path else file_state(file.path))
    except OSError as error:
        if is_out_of_space(error):
            raise  # it is no fault of the file
        raise LandingFileRefused(path, f"it cannot be read ({error.strerror or error})") from None


def refuse_changed(files: Sequence[LandingFile]) -> None:
    """Raise LandingFileRefused for a file that is not what was surveyed: by size and times, by content where these differ.

    Tasks read a file piece by piece, long after the survey: one that grew or was replaced meanwhile is never taken half.
    """
    for file in files:
        if file.state != file_state(file.path) and (file_state(file.path) is None or sha256_of(file.path) != file.sha256):
            raise LandingFileRefused(file.name, CHANGED)


@contextmanager
def unchanged(files: Sequence[LandingFile]) -> Iterator[None]:
    """Read the files inside this: they are the same at its end, or that they changed is what is said of any failure."""
    try:
        yield
    finally:
        refuse_changed(files)


def _survey(path: Place, chunk_bytes: int, scratch: Place, *, corrections: bool) -> LandingFile:
    plain = _unpacked(path, scratch)
    with open_read(plain) as source:
        header = _first_line(source)
        fields = _header_fields(path, header)
        n_leading = int(fields[0] == ID_COLUMN)
        n_trailing = int(fields[-1] == REASON_COLUMN)
        if (n_leading or n_trailing) and not corrections:
            raise LandingFileRefused(path, "is a file of corrections: 'santander quarantine --replay' takes it in")
        n_columns = _check_header(path, fields[n_leading : len(fields) - n_trailing])
        fingerprint = hashlib.sha256(header)
        chunks: list[Chunk] = []
        position, line = len(header), 2
        with ThreadPoolExecutor(1) as hasher:
            hashed = hasher.submit(lambda: None)
            while (taken := _whole_lines(source, position, chunk_bytes))[1]:
                block, n_lines = taken
                hashed.result()
                hashed = hasher.submit(fingerprint.update, block)
                _check_utf8(path, block, line)
                chunks.append(Chunk(position, position + len(block), line, n_lines))
                position += len(block)
                line += n_lines
            hashed.result()
    if line == 2:
        raise LandingFileRefused(path, "has a header but no records")
    return LandingFile(plain, str(path), fingerprint.hexdigest(), n_columns, line - 2, tuple(chunks), n_leading, n_trailing)


def sha256_of(path: Place) -> str:
    """The fingerprint that ``survey`` gives the file: that of its plain bytes, also where the file is packed."""
    try:
        refuse_other_than_files(path)
        with open_plain(path) as plain:
            return _sha256(plain)
    except UNREADABLE as error:
        raise LandingFileRefused(path, f"it cannot be read ({error})") from None


def refuse_other_than_files(path: Place) -> None:
    """Raise LandingFileRefused, in words that are true, for what is no file: it is not opened, as a pipe may never answer."""
    if (rule := kind_refused(path)) is not None:
        raise LandingFileRefused(path, rule)


def refuse_all_but_files(paths: Iterable[Place]) -> None:
    """Raise LandingFileRefused for the first that is no file: asked before a folder or a lock is made for the others."""
    for path in paths:
        refuse_other_than_files(path)


def read_chunk(path: Place, chunk: Chunk) -> bytes:
    """The bytes of one chunk."""
    with open_read(path) as source:
        source.seek(chunk.start)
        return source.read(chunk.end - chunk.start)


def _sha256(plain: BinaryIO) -> str:
    fingerprint = hashlib.sha256()
    while block := plain.read(_BLOCK):
        fingerprint.update(block)
    return fingerprint.hexdigest()


def _first_line(source: BinaryIO) -> bytes:
    head = source.read(_LONGEST_HEADER)
    return head[: head.find(b"\n") + 1] or head


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


def _unpacked(path: Place, scratch: Place) -> Place:
    if not is_packed(path):
        return path
    whole_name = str(path.resolve() if isinstance(path, Path) else path)
    place = hashlib.sha256(whole_name.encode()).hexdigest()[:12]  # two folders may hold files of one name
    plain = scratch / f"{place}.{path.name}.csv"
    try:
        with open_plain(path) as packed, whole_file(plain) as unpacked:
            shutil.copyfileobj(packed, unpacked, _BLOCK)
    except UNREADABLE as error:
        if is_out_of_space(error):
            raise  # it is no fault of the file
        raise LandingFileRefused(path, f"the gzip data cannot be unpacked ({error})") from None
    return plain


def _header_fields(path: Place, line: bytes) -> tuple[str, ...]:
    try:
        text = line.removeprefix(_BOM).decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise LandingFileRefused(path, "the header is not UTF-8 text: is this a csv file?") from None
    if not text:
        raise LandingFileRefused(path, "the file is empty")
    if len(line) == _LONGEST_HEADER:
        raise LandingFileRefused(path, f"the first line is longer than {_LONGEST_HEADER:,} bytes: is this a csv file?")
    try:
        fields = next(csv.reader([text + "\n"]))
    except csv.Error:  # a carriage return stands inside
        return (text,)
    if fields[-1].endswith("\n"):  # a quote is left open
        return (text,)
    return tuple(field.strip() for field in fields)


def _check_header(path: Place, fields: tuple[str, ...]) -> int:
    if fields in LEGAL_HEADERS:
        return len(fields)
    known = set(LEGAL_HEADERS[0])
    found = [field for field in fields if field in known]
    detail = f"{len(fields)} columns, {len(found)} of them known"
    unknown = next((field for field in fields if field not in known), None)
    if unknown is not None:
        detail += f", first unknown {unknown[:40]!r}"
    raise LandingFileRefused(
        path, f"the header must be the 48 columns of the training file or the first 24 of them, in order ({detail})"
    )


def _check_utf8(path: Place, block: memoryview, first_line: int) -> None:
    whole = pa.Array.from_buffers(
        pa.large_binary(), 1, [None, pa.array([0, len(block)], pa.int64()).buffers()[1], pa.py_buffer(block)]
    )
    try:
        whole.cast(pa.large_string())
    except pa.ArrowInvalid:
        line = first_line + _lines_before_invalid(bytes(block))
        raise LandingFileRefused(path, f"line {line} is not UTF-8 text") from None


def _lines_before_invalid(block: bytes) -> int:
    try:
        block.decode()
    except UnicodeDecodeError as error:
        return block.count(b"\n", 0, error.start)
    return 0
