"""Which snapshot is served: the small file that names it, below the data folder."""

import json
from contextlib import suppress
from dataclasses import dataclass

from santander.errors import InputError, SantanderError
from santander.schema.months import Month
from santander.storage.places import Place, whole_file

FOLDER = "serving"
"""Below the data folder: a folder a month, and the small file."""
_FILE = "current.json"


@dataclass(frozen=True, slots=True)
class Published:
    """The snapshot that is served."""

    month: Month
    manifest: str
    """The sha256 of its manifest, which changes with whatever is published."""


def serving_folder(data: Place) -> Place:
    """Return the folder of the snapshots of a data folder."""
    return data / FOLDER


def current_file(data: Place) -> Place:
    """Return the small file that names the snapshot which is served."""
    return serving_folder(data) / _FILE


def published(data: Place) -> Published | None:
    """Return the snapshot that is served; None where nothing was published. Raises SantanderError for a file that names none."""
    file = current_file(data)
    if not file.is_file():
        return None
    try:
        named = json.loads(file.read_text())
        return Published(Month.parse(named["month"]), str(named["manifest"]))
    except (ValueError, KeyError, TypeError, AttributeError, InputError):
        raise SantanderError(f"{file} names no snapshot", file=file, hint="'santander publish' writes it anew") from None


def known_published(data: Place) -> Published | None:
    """Return the snapshot that is served; None also where the file names none."""
    with suppress(SantanderError):
        return published(data)
    return None


def name_published(data: Place, snapshot: Published) -> None:
    """Let this snapshot be the one that is served."""
    with whole_file(current_file(data)) as out:
        out.write(json.dumps({"month": str(snapshot.month), "manifest": snapshot.manifest}).encode())
