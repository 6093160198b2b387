"""Whether a file can be a SQLite database: asked before a library asks it, some of which try for minutes."""

from pathlib import Path

from santander.errors import SantanderError

_MAGIC = b"SQLite format 3\0"


def check_sqlite(file: Path) -> None:
    """Raise SantanderError that names the file when there is something in its place that is no database of SQLite."""
    if not file.exists():
        return
    if not file.is_file():
        raise SantanderError(f"{file} should be an SQLite database and is a folder: move it away")
    with file.open("rb") as opened:
        begins = opened.read(len(_MAGIC))
    if begins and begins != _MAGIC:
        raise SantanderError(f"{file} should be an SQLite database and is not one: restore it, or move it away to begin anew")
