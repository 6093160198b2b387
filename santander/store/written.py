"""Which Redis stores were ever written from this state folder, so that an erasure reaches them under other settings too.

The SQLite store needs no note: it is a file of the state folder. A store that was written before the folder was copied is the
original's as long as that is there.
"""

import json
from pathlib import Path
from typing import Any

from santander.storage.places import whole_file

_FILE = "online_stores.json"
_OWN, _OF_ORIGINALS = "redis", "of_originals"
_SECRET = "password="  # noqa: S105  (the parameter's name)


def remember_written(state: Path, connection: str) -> None:
    """Note a Redis store, before its first row is written; its password is not noted."""
    known = _noted(state)
    if (address := without_password(connection)) not in known[_OWN]:
        _note(state, [*known[_OWN], address], {name: at for name, at in known[_OF_ORIGINALS].items() if name != address})


def leave_to_original(state: Path, original: Path) -> None:
    """Note that the stores written so far are those of the state folder from which this one was copied."""
    known = _noted(state)
    if known[_OWN]:
        _note(state, [], {address: str(original) for address in known[_OWN]} | known[_OF_ORIGINALS])


def written_stores(state: Path) -> list[str]:
    """The connections noted so far, in Feast's form and without passwords; those of an original only when that is gone."""
    known = _noted(state)
    return [*known[_OWN], *(address for address, at in known[_OF_ORIGINALS].items() if not Path(at).exists())]


def stores_of_originals(state: Path) -> dict[str, str]:
    """The connections that an original, which is still there, has written, and where that state folder is."""
    return {address: at for address, at in _noted(state)[_OF_ORIGINALS].items() if Path(at).exists()}


def without_password(connection: str) -> str:
    """A connection of Feast's form, ``host:port,name=value``, that may be shown."""
    return ",".join(part for part in connection.split(",") if not part.strip().startswith(_SECRET))


def _noted(state: Path) -> dict[str, Any]:
    file = state / _FILE
    noted = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return {_OWN: [], _OF_ORIGINALS: {}} | noted


def _note(state: Path, own: list[str], of_originals: dict[str, str]) -> None:
    with whole_file(state / _FILE) as out:
        out.write(json.dumps({_OWN: own, _OF_ORIGINALS: of_originals}, indent=1).encode())
