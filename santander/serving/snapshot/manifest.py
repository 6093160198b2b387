"""The manifest of a snapshot: what it is made of, and size and digest of each of its files."""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from pydantic import ValidationError

from santander.errors import SantanderError
from santander.schema.months import Month
from santander.schema.records import plain, read_record

NAME = "manifest.json"
FORMAT = 1
"""Which layout the files have; a snapshot of another one is published anew."""


class BrokenSnapshot(SantanderError):
    """A file of a snapshot is missing, or is not the one that was written."""

    def __init__(self, file: object, what: str) -> None:
        self.fault = f"{file} {what}"
        """The line without the remedy."""
        super().__init__(self.fault, file=file, hint="'santander publish' writes the snapshot anew")


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file as it was written."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """All that is said of a snapshot."""

    month: Month
    as_of: dt.date
    """The day of the records that the lists were made for."""
    made_at: dt.datetime
    made_of: str
    """A text that changes with everything it was made of."""
    model: str
    """The registered model ..."""
    version: int
    """... its version that made the lists, and the MLflow run of that."""
    run_id: str
    tables: Mapping[str, int]
    """The version of each table that was read."""
    customers: int
    has_offers: bool
    """Whether the month had offers when it was published."""
    features: tuple[tuple[str, str], ...]
    """Name and type of each packed feature, in order."""
    families: tuple[str, ...]
    """The user's families among them."""
    reasons: tuple[str, ...]
    """What a code of the reasons stands for, such as ``+income``; the first, 0, is none."""
    reasons_of_a_product: int
    popularity: tuple[str, ...]
    """The products, the one that is added most first."""
    parts: Mapping[str, str]
    """The file or folder of each part of the snapshot."""
    files: Mapping[str, StoredFile]
    """Every file, by its path below the folder of the snapshot."""
    format: int = FORMAT

    def to_bytes(self) -> bytes:
        """Return the manifest as it is stored."""
        return json.dumps(plain(self), indent=1, sort_keys=True).encode()

    @classmethod
    def read(cls, stored: bytes, where: object) -> Self:
        """Return the manifest stored as these bytes; raises BrokenSnapshot for what is none, or is of another format."""
        try:
            written = json.loads(stored)
            found = written["format"]
            manifest = read_record(cls, written) if found == FORMAT else None
        except (ValueError, KeyError, TypeError, ValidationError):
            raise BrokenSnapshot(where, "is no manifest of a snapshot") from None
        if manifest is None:
            raise BrokenSnapshot(where, f"is of format {found}, and this release reads {FORMAT}")
        if any(path.startswith("/") or ".." in path.split("/") for path in manifest.files):
            raise BrokenSnapshot(where, "names files outside of its folder")
        return manifest
