"""A person's lines in a csv file, landing files above all: found in one pass, cut out in another.

``layout`` says whose a line is. The file is read block by block, packed or not, and replaced as a whole. A csv that is no landing
file is left as it is where a field of it spans lines: what looks like a line there may be a part of somebody else's text.
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

from santander.errors import SantanderError
from santander.forget.layout import Csv, Layout, Of, fields_of, layout_of
from santander.lake.ingestions import UNKNOWN_MONTH
from santander.storage.kinds import is_packed, open_plain
from santander.storage.places import Place, whole_file
from santander.suppression.spellings import SHORTEST, Numbers, find, plain_digits

_BLOCK = 16 << 20
_LONGEST_LINE = 64 << 20
"""Bytes that are read at a time, and of the longest line that a csv may have. No settings: no line of a landing file is near
it."""
_ESCAPED = re.compile(rb"\\[\"\r\n]")
_MONTH = re.compile(r"\s*([0-9]{4}-(0[1-9]|1[0-2]))-[0-9]{2}\s*")


class LongLine(SantanderError):
    """A file has a line that cannot be one of a csv."""

    def __init__(self) -> None:
        super().__init__(f"a line is longer than {_LONGEST_LINE >> 20} MiB")


@dataclass(frozen=True, slots=True)
class PersonLine:
    """A line that names a person: number (the header is 1), month of its date, bytes in the plain file, and whose it is."""

    number: int
    month: str
    start: int
    end: int
    of: Of = Of.THEM

    def __str__(self) -> str:
        return f"line {self.number}" if self.of is Of.THEM else f"line {self.number}, {self.of}"


@dataclass(frozen=True, slots=True)
class Scan:
    """What one pass found; ``sha256`` is of the plain bytes, by which an ingest knows a file."""

    path: Place
    sha256: str
    lines: tuple[PersonLine, ...]
    """Lines of theirs, to be cut out."""
    beside: tuple[PersonLine, ...] = ()
    """Lines that name them and are, or may be, somebody else's."""
    has_long_fields: bool = False
    """Fields of it span lines, so its lines cannot be cut out."""


def scan(path: Place, ids: Numbers) -> Scan:
    """Find the lines of these persons; raises LongLine, or one of ``packed.UNREADABLE`` where the file cannot be read."""
    with open_plain(path) as source:
        sha256, found, layout = lines_in(source, ids)
    theirs = tuple(line for line in found if line.of is Of.THEM)
    beside = tuple(line for line in found if line.of is not Of.THEM)
    if not theirs or layout is None or layout.kind is not Csv.KEYED:
        return Scan(path, sha256, theirs, beside)
    with open_plain(path) as source:
        return Scan(path, sha256, theirs, beside, has_long_fields=_span_lines(source, layout.delimiter))


def lines_in(source: BinaryIO, ids: Numbers) -> tuple[str, list[PersonLine], Layout | None]:
    """The fingerprint of a csv in UTF-8, the lines that name these persons, and its layout; raises LongLine."""
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
        offsets, _ = find(plain, ids, shortest, glued=True)
        for line in np.unique(np.searchsorted(ends if plain is block else _ends_of_lines(plain), offsets, side="right")).tolist():
            start, end = int(ends[line - 1]) if line else 0, int(ends[line]) if line < ends.size else len(block)
            of = layout.whose(block[start:end], ids, is_first=number + line == 1)
            if of is not Of.NOBODY:
                month = _month_of(block[start:end], layout)
                found.append(PersonLine(number + line, month, position + start, position + end, of))
        number += int(ends.size)
        position += len(block)
    return fingerprint.hexdigest(), found, layout


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


def _span_lines(source: BinaryIO, delimiter: str) -> bool:
    """Whether a field of the csv may go on in the next line: a quote is open at the end of one, or a return stands inside.

    Other writers than Python's escape by a backslash, or quote by an apostrophe; where either might be, nothing is sure.
    """
    apostrophe = re.compile(rb"(?:^|" + re.escape(delimiter.encode()) + rb")'[^'\n]*$", re.MULTILINE)
    for block in _whole_lines(source):
        if _ESCAPED.search(block) or (b"'" in block and apostrophe.search(block)):
            return True
        if b'"' not in block:
            continue
        quoted = [f"{line}\n" for line in block.decode("latin-1").split("\n") if '"' in line]
        reader = csv.reader(quoted, delimiter=delimiter)
        last: list[str] = []
        try:
            for count, record in enumerate(reader, 1):
                if reader.line_num != count:
                    return True
                last = record
        except csv.Error:
            return True
        if last and last[-1].endswith("\n"):
            return True
    return False


def _ends_of_lines(block: bytes) -> Numbers:
    return (np.flatnonzero(np.frombuffer(block, np.uint8) == ord("\n")) + 1).astype(np.int64)


def _month_of(line: bytes, layout: Layout) -> str:
    fields = fields_of(line, layout.delimiter)[0] if layout.date else [line[:40].partition(b",")[0].decode("utf-8", "replace")]
    dated = _MONTH.fullmatch(fields[layout.date]) if layout.date < len(fields) else None
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
