"""A person's lines in a csv file, landing files above all: found in one pass, cut out in another.

A whole record is a person's when its key column says so; an income of 87218 names nobody. A line that is no record (another
number of fields than the header, an open quote), or of a file without such a column, is theirs when the id stands in it as
a whole token. The file is read block by block, packed or not, and replaced as a whole.
"""

import csv
import gzip
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from santander.erasure.tokens import LONGEST, SHORTEST, Numbers, find
from santander.ingest.cleaning import UNKNOWN_MONTH
from santander.packed import is_packed, open_plain
from santander.storage import Place, whole_file

_KEYS = ("ncodpers", "customer_id")
_BLOCK = 16 << 20
_ID = re.compile(rf"[0-9]{{1,{LONGEST}}}(\.0+)?")
_MONTH = re.compile(r"\s*([0-9]{4}-(0[1-9]|1[0-2]))-[0-9]{2}\s*")


@dataclass(frozen=True, slots=True)
class PersonLine:
    """One line to go: its number (the header is 1), the month its date says, and its bytes in the plain file."""

    number: int
    month: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Scan:
    """What one pass found; ``sha256`` is of the plain bytes, by which an ingest knows a file."""

    path: Place
    sha256: str
    lines: tuple[PersonLine, ...]


def scan(path: Place, ids: Numbers) -> Scan:
    """Find the lines of these persons; raises one of ``packed.UNREADABLE`` where the file cannot be read."""
    fingerprint = hashlib.sha256()
    found: list[PersonLine] = []
    number, position = 1, 0
    header: list[str] | None = None
    shortest = min(len(str(int(ids.min()))), SHORTEST) if ids.size else SHORTEST
    with open_plain(path) as source:
        for block in _whole_lines(source):
            fingerprint.update(block)
            ends = np.flatnonzero(np.frombuffer(block, np.uint8) == ord("\n")) + 1
            if header is None:
                header = _fields(block[: int(ends[0])] if ends.size else block)[0]
            offsets, _ = find(block, ids, shortest)
            for line in np.unique(np.searchsorted(ends, offsets, side="right")).tolist():
                start, end = int(ends[line - 1]) if line else 0, int(ends[line]) if line < ends.size else len(block)
                if number + line > 1 and _is_theirs(block[start:end], header, ids):
                    found.append(PersonLine(number + line, _month_of(block[start:end]), position + start, position + end))
            number += int(ends.size)
            position += len(block)
    return Scan(path, fingerprint.hexdigest(), tuple(found))


def is_writable(path: Place) -> bool:
    """Whether the file can be replaced; of a bucket only the attempt tells."""
    return not isinstance(path, Path) or (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK))


@contextmanager
def cut_out(found: Scan) -> Iterator[str]:
    """Write the file without the lines; yields the new fingerprint, and the file is replaced when the block ends well."""
    fingerprint = hashlib.sha256()
    with ExitStack() as stack:
        target = stack.enter_context(whole_file(found.path))
        with open_plain(found.path) as source, _packed_like(found.path, target) as out:
            position = 0
            for line in (*found.lines, None):
                stop = line.start if line else None
                while block := source.read(_BLOCK if stop is None else min(_BLOCK, stop - position)):
                    fingerprint.update(block)
                    out.write(block)
                    position += len(block)
                if line:
                    source.seek(line.end)
                    position = line.end
        yield fingerprint.hexdigest()


def _is_theirs(line: bytes, header: list[str], ids: Numbers) -> bool:
    fields, is_record = _fields(line)
    key = next((header.index(name) for name in _KEYS if name in header), None)
    if key is not None and is_record and len(fields) == len(header):
        return _names(fields[key], ids)
    if key is not None and len(fields) > key and _names(fields[key], ids):
        return True
    return find(line, ids)[0].size > 0 or (key is None and any(_names(field, ids) for field in fields))


def _names(field: str, ids: Numbers) -> bool:
    text = field.strip()
    return bool(_ID.fullmatch(text)) and bool(np.isin(int(text.partition(".")[0]), ids))


def _fields(line: bytes) -> tuple[list[str], bool]:
    """The fields of a line, and whether it is a record on its own."""
    text = line.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace").rstrip("\r\n")
    if "\r" in text or "\x00" in text:
        return text.replace("\x00", ",").split(","), False
    fields = next(csv.reader([text + "\n"]), [])
    is_open = bool(fields) and fields[-1].endswith("\n")
    return [field.strip() for field in fields], not is_open


def _month_of(line: bytes) -> str:
    dated = _MONTH.fullmatch(line[:40].partition(b",")[0].decode("utf-8", "replace"))
    return dated[1] if dated else UNKNOWN_MONTH


def _whole_lines(source: BinaryIO) -> Iterator[bytes]:
    rest = b""
    while block := source.read(_BLOCK):
        cut = block.rfind(b"\n") + 1
        if cut:
            yield rest + block[:cut]
            rest = block[cut:]
        else:
            rest += block
    if rest:
        yield rest


@contextmanager
def _packed_like(path: Place, target: BinaryIO) -> Iterator[BinaryIO]:
    if not is_packed(path):
        yield target
        return
    with gzip.GzipFile(fileobj=target, mode="wb", mtime=0) as out:
        yield cast("BinaryIO", out)
