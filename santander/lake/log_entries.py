"""Entries of a table's log that no reader needs any more. Their statistics hold values of rows that may be long gone."""

import re

from santander.storage.places import Place, names_in

_ENTRY = re.compile(r"\.?(\d{20})\.(?:json|crc|checkpoint\.[a-z0-9.-]*parquet|json\.crc|checkpoint\.parquet\.crc)")
_CHECKPOINT = re.compile(r"(\d{20})\.checkpoint\.[a-z0-9.-]*parquet")


def checkpoints(log: Place) -> list[int]:
    """The versions at which the log has a checkpoint, from where a reader can begin."""
    return sorted({int(found[1]) for name in names_in(log) if (found := _CHECKPOINT.fullmatch(name))})


def entries_before(log: Place, version: int) -> list[Place]:
    """Commits, checkpoints and checksums of versions before ``version``, at which there must be a checkpoint."""
    return [log / name for name in names_in(log) if (found := _ENTRY.fullmatch(name)) and int(found[1]) < version]


def drop_entries_before(log: Place, version: int) -> int:
    """Delete them, the oldest first, so that what is left can be read at every moment; returns how many."""
    old = entries_before(log, version)
    for entry in sorted(old, key=lambda entry: entry.name.lstrip(".")):
        entry.unlink(missing_ok=True)
    return len(old)
