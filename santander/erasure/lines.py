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

from santander.erasure.spellings import find, number_named, plain_digits
from santander.erasure.tokens import SHORTEST, Numbers
from santander.errors import SantanderError
from santander.ingest.cleaning import UNKNOWN_MONTH
from santander.packed import is_packed, open_plain
from santander.storage import Place, whole_file

_KEYS = ("ncodpers", "customer_id")
_DELIMITERS = ",;\t|"
_BLOCK = 16 << 20
_LONGEST_LINE = 64 << 20
_MONTH = re.compile(r"\s*([0-9]{4}-(0[1-9]|1[0-2]))-[0-9]{2}\s*")


class LongLine(SantanderError):
    """A file has a line that cannot be one of a csv."""

    def __init__(self) -> None:
        super().__init__(f"a line is longer than {_LONGEST_LINE >> 20} MiB")


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
    """Find the lines of these persons; raises LongLine, or one of ``packed.UNREADABLE`` where the file cannot be read."""
    with open_plain(path) as source:
        sha256, found = lines_in(source, ids)
    return Scan(path, sha256, tuple(found))


def lines_in(source: BinaryIO, ids: Numbers) -> tuple[str, list[PersonLine]]:
    """The fingerprint of a csv in UTF-8, and the lines of these persons in it; raises LongLine."""
    fingerprint = hashlib.sha256()
    found: list[PersonLine] = []
    number, position = 1, 0
    layout: Layout | None = None
    shortest = min(len(str(int(ids.min()))), SHORTEST) if ids.size else SHORTEST
    for block in _whole_lines(source):
        fingerprint.update(block)
        ends = _ends_of_lines(block)
        layout = layout or layout_of(block[: int(ends[0])] if ends.size else block)
        plain = plain_digits(block)
        offsets, _ = find(plain, ids, shortest)
        for line in np.unique(np.searchsorted(ends if plain is block else _ends_of_lines(plain), offsets, side="right")).tolist():
            start, end = int(ends[line - 1]) if line else 0, int(ends[line]) if line < ends.size else len(block)
            if number + line > 1 and _is_theirs(block[start:end], layout, ids):
                found.append(PersonLine(number + line, _month_of(block[start:end]), position + start, position + end))
        number += int(ends.size)
        position += len(block)
    return fingerprint.hexdigest(), found


@dataclass(frozen=True, slots=True)
class Layout:
    """What the first line of a csv says: its delimiter, how many fields, and which is the key (None: it has none)."""

    delimiter: str
    width: int
    key: int | None


def layout_of(line: bytes) -> Layout:
    """The layout by the delimiter under which a field is named as a key; by commas where none is."""
    for delimiter in _DELIMITERS:
        names = [name.strip(" '\"") for name in _fields(line, delimiter)[0]]
        if key := next((name for name in _KEYS if name in names), None):
            return Layout(delimiter, len(names), names.index(key))
    return Layout(",", len(_fields(line, ",")[0]), None)


def is_writable(path: Place) -> bool:
    """Whether the file can be replaced; of a bucket only the attempt tells."""
    return not isinstance(path, Path) or (os.access(path, os.W_OK) and os.access(path.resolve().parent, os.W_OK))


@contextmanager
def cut_out(found: Scan) -> Iterator[str]:
    """Write the file without the lines; yields the new fingerprint, and the file is replaced when the block ends well."""
    fingerprint = hashlib.sha256()
    # what a link leads to is replaced, and not the link
    file = found.path.resolve() if isinstance(found.path, Path) else found.path
    with ExitStack() as stack:
        target = stack.enter_context(whole_file(file))
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


def _is_theirs(line: bytes, layout: Layout, ids: Numbers) -> bool:
    fields, is_record = _fields(line, layout.delimiter)
    key = layout.key
    if key is not None and is_record and len(fields) == layout.width:
        return _names(fields[key], ids)
    if key is not None and len(fields) > key and _names(fields[key], ids):
        return True
    return find(plain_digits(line), ids)[0].size > 0 or (key is None and any(_names(field, ids) for field in fields))


def _names(field: str, ids: Numbers) -> bool:
    number = number_named(field)
    return number is not None and bool(np.isin(number, ids))


def _ends_of_lines(block: bytes) -> Numbers:
    return (np.flatnonzero(np.frombuffer(block, np.uint8) == ord("\n")) + 1).astype(np.int64)


def _fields(line: bytes, delimiter: str) -> tuple[list[str], bool]:
    """The fields of a line, and whether it is a record on its own."""
    text = line.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace").rstrip("\r\n")
    if "\r" in text or "\x00" in text:
        return text.replace("\x00", delimiter).split(delimiter), False
    fields = next(csv.reader([text + "\n"], delimiter=delimiter), [])
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
            if len(rest) > _LONGEST_LINE:
                raise LongLine
    if rest:
        yield rest


@contextmanager
def _packed_like(path: Place, target: BinaryIO) -> Iterator[BinaryIO]:
    if not is_packed(path):
        yield target
        return
    with gzip.GzipFile(fileobj=target, mode="wb", mtime=0) as out:
        yield cast("BinaryIO", out)
