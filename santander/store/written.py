"""Which Redis stores were ever written from this state folder, so that an erasure reaches them under other settings too.

The SQLite store needs no note: it is a file of the state folder.
"""

import json
from pathlib import Path

from santander.storage import whole_file

_FILE = "online_stores.json"
_SECRET = "password="  # noqa: S105  (the parameter's name)


def remember_written(state: Path, connection: str) -> None:
    """Note a Redis store, before its first row is written; its password is not noted."""
    known = written_stores(state)
    if (address := without_password(connection)) not in known:
        with whole_file(state / _FILE) as out:
            out.write(json.dumps({"redis": [*known, address]}, indent=1).encode())


def written_stores(state: Path) -> list[str]:
    """The connections noted so far, in Feast's form and without passwords."""
    file = state / _FILE
    return list(json.loads(file.read_text(encoding="utf-8"))["redis"]) if file.is_file() else []


def without_password(connection: str) -> str:
    """A connection of Feast's form, ``host:port,name=value``, that may be shown."""
    return ",".join(part for part in connection.split(",") if not part.strip().startswith(_SECRET))
