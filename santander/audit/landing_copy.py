"""A landing file made ready for DuckDB: its fingerprint checked, packed bytes unpacked, carriage returns settled.

DuckDB takes a lone carriage return for the end of a line, and to the ingest it is a fault of the line it stands in. So a
file that has carriage returns is read as a copy in which those before a newline are gone and the others are LONE_RETURN.
"""

import csv
import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from santander.audit.rules import CUSTOMER, DATE, PRODUCTS, PROFILE
from santander.storage.kinds import UNREADABLE, is_packed, open_plain
from santander.storage.places import Place, recorded_place

LONE_RETURN = "\ue00d"
"""Stands for a carriage return that is not part of a line's end."""

_BLOCK = 8 << 20
"""Bytes that are copied at a time."""
_PROFILE_FIELDS = 2 + len(PROFILE)
_FIELDS = (DATE.source, CUSTOMER.source, *(field.source for field in PROFILE), *(source for source, _ in PRODUCTS))
_ID, _REASON = "quarantine_id", "reason"
"""Fields that a file of corrections may have before and after those of a landing file."""


@dataclass(frozen=True, slots=True)
class LandingCopy:
    """A file that DuckDB can read line by line."""

    path: Path
    header: str
    """Its first line, with the fields in the usual order."""
    n_fields: int
    places: tuple[int, ...]
    """Where the own fields of a record stand in it, counted from 1, in the usual order of the fields."""
    has_products: bool

    @property
    def order(self) -> list[int]:
        """Places of all fields of a line in the usual order, those of a correction around its own."""
        first, last = min(self.places), max(self.places)
        return [*range(1, first), *self.places, *range(last + 1, self.n_fields + 1)]

    @property
    def is_usual(self) -> bool:
        """Whether the fields stand in their usual order."""
        return self.order == sorted(self.order)


class CannotBeAudited(Exception):
    """The source of some months is not what it was when it was ingested, or not there."""


def ready_copy(file: str, sha256: str, raw_folder: Place, scratch: Path) -> LandingCopy:
    """Find a landing file where it was ingested from, else by its name among the raw files, and make it readable.

    Raises CannotBeAudited for a file that is gone or whose content is another.
    """
    first = recorded_place(file)
    there = [path for path in dict.fromkeys((first, raw_folder / first.name)) if isinstance(path, Path) and path.is_file()]
    if not there:
        raise CannotBeAudited("is gone" if isinstance(first, Path) else "lies in a bucket, which the audit does not read")
    for path in there:
        now, head, is_plain = _content(path)
        if now == sha256:
            return _described(path if is_plain else _copied(path, scratch / f"{sha256[:16]}.csv"), head)
    raise CannotBeAudited(f"has changed since it was ingested (sha256 {now[:12]}, then {sha256[:12]})")


def _content(path: Path) -> tuple[str, bytes, bool]:
    """The SHA-256 of the plain bytes of a file, its first line, and whether DuckDB can read it as it is."""
    fingerprint = hashlib.sha256()
    returns = False
    try:
        packed = is_packed(path)
        with open_plain(path) as source:
            head = source.readline(1 << 20)
            source.seek(0)
            while block := source.read(_BLOCK):
                fingerprint.update(block)
                returns = returns or b"\r" in block
    except UNREADABLE as error:
        raise CannotBeAudited(f"cannot be read ({error})") from None
    return fingerprint.hexdigest(), head, not (packed or returns)


def _described(readable: Path, head: bytes) -> LandingCopy:
    header = head.decode("utf-8-sig").rstrip("\r\n")
    fields = next(csv.reader([header]))
    place = {field.strip(): position for position, field in enumerate(fields, start=1)}
    n_own = len(fields) - (_ID in place) - (_REASON in place)
    wanted = _FIELDS[:n_own]
    if n_own not in {_PROFILE_FIELDS, len(_FIELDS)} or not place.keys() >= set(wanted):
        raise CannotBeAudited(f"has {n_own} columns")
    copy = LandingCopy(readable, header, len(fields), tuple(place[field] for field in wanted), n_own > _PROFILE_FIELDS)
    return copy if copy.is_usual else replace(copy, header=",".join(fields[position - 1] for position in copy.order))


def _copied(path: Path, copy: Path) -> Path:
    stand_in = LONE_RETURN.encode()
    with open_plain(path) as source, copy.open("wb") as target:
        rest = b""
        while block := source.read(_BLOCK):
            whole = rest + block
            rest = b"\r" if whole.endswith(b"\r") else b""  # the newline may stand in the next block
            target.write(whole.removesuffix(rest).replace(b"\r\n", b"\n").replace(b"\r", stand_in))
        if rest:  # the file ends within a line's end
            target.write(b"\n")
    return copy
