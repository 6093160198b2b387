"""A landing file surveyed: whether it may be read at all, its fingerprint, and where its chunks of whole lines begin.

One record is one line. The survey is a single pass over the bytes; nothing of the file is kept.
"""

import csv
import gzip
import hashlib
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa

from santander.bank.columns import LEGAL_HEADERS
from santander.errors import InputError
from santander.storage import Place, open_read, whole_file

_BOM = b"\xef\xbb\xbf"
_GZIP_MAGIC = b"\x1f\x8b"
_LONGEST_HEADER = 16_384
_BLOCK = 1 << 20


class LandingFileRefused(InputError):
    """A landing file breaks a rule that makes all of it unreadable; nothing of any file is ingested."""

    def __init__(self, path: Place, rule: str) -> None:
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

    @property
    def has_products(self) -> bool:
        """False for the competition's test file, whose header ends after the profile."""
        return self.n_columns == len(LEGAL_HEADERS[0])


def survey(path: Place, chunk_bytes: int, scratch: Place) -> LandingFile:
    """Check a landing file and find its chunks; raises LandingFileRefused.

    ``scratch`` takes the unpacked copy of a gzip file; workers read it there.
    """
    if not path.is_file():
        raise LandingFileRefused(path, "there is no such file")
    plain = _unpacked(path, scratch)
    with open_read(plain) as source:
        header = _first_line(source)
        n_columns = _check_header(path, header)
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
    return LandingFile(plain, str(path), fingerprint.hexdigest(), n_columns, line - 2, tuple(chunks))


def sha256_of(path: Place) -> str:
    """The fingerprint that ``survey`` gives the file: that of its plain bytes, also where the file is packed."""
    if not path.is_file():
        raise LandingFileRefused(path, "there is no such file")
    try:
        with open_read(path) as source:
            packed = source.read(2) == _GZIP_MAGIC
            source.seek(0)
            if not packed:
                return _sha256(source)
            with gzip.open(source) as plain:
                return _sha256(cast("BinaryIO", plain))
    except (OSError, EOFError) as error:
        raise LandingFileRefused(path, f"it cannot be read ({error})") from None


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
    with open_read(path) as source:
        if source.read(2) != _GZIP_MAGIC:
            return path
    whole_name = str(path.resolve() if isinstance(path, Path) else path)
    place = hashlib.sha256(whole_name.encode()).hexdigest()[:12]  # two folders may hold files of one name
    plain = scratch / f"{place}.{path.name}.csv"
    try:
        with open_read(path) as source, gzip.open(source) as packed, whole_file(plain) as unpacked:
            shutil.copyfileobj(packed, unpacked, _BLOCK)
    except (OSError, EOFError) as error:
        raise LandingFileRefused(path, f"the gzip data cannot be unpacked ({error})") from None
    return plain


def _check_header(path: Place, line: bytes) -> int:
    try:
        text = line.removeprefix(_BOM).decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise LandingFileRefused(path, "the header is not UTF-8 text: is this a csv file?") from None
    if not text:
        raise LandingFileRefused(path, "the file is empty")
    if len(line) == _LONGEST_HEADER:
        raise LandingFileRefused(path, f"the first line is longer than {_LONGEST_HEADER:,} bytes: is this a csv file?")
    fields = tuple(field.strip() for field in next(csv.reader([text])))
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
