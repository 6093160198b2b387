"""Addresses of local files as libraries take them, ``file://…`` and ``sqlite:///…``, and the files that such addresses name.

A folder named ``50% of #1`` is nothing else in them: the libraries that take them open what is in that folder.
"""

import os
from pathlib import Path
from urllib.parse import quote_from_bytes, unquote, unquote_to_bytes, urlsplit

from santander.storage.spelling import plain_path

SQLITE = "sqlite:///"
"""How the address of a file of SQLite begins, as SQLAlchemy, and so MLflow and Optuna, write it."""


def file_address(path: Path) -> str:
    """``file:///absolute/path``, which MLflow keeps as the place of artifacts."""
    return path.absolute().as_uri()


def path_of_file(address: str) -> Path | None:
    """The local path that ``file://…`` names; None for every other kind of address."""
    parts = urlsplit(address)
    if parts.scheme != "file" or parts.netloc or parts.query or parts.fragment:
        return None
    return Path(os.fsdecode(unquote_to_bytes(parts.path)))


def sqlite_address(file: Path) -> str:
    """``sqlite:////absolute/file``, by a link of a plain name where the folder's own is read as another.

    SQLAlchemy decodes ``%41``; MLflow, which makes the folder where it is missing, does not: encoded, it would make a second.
    """
    text = str(file.absolute())
    return SQLITE + (text if unquote(text) == text else str(plain_path(file.parent) / file.name))


def path_of_sqlite(address: str) -> Path | None:
    """The file that ``sqlite:///…`` names, relative ones from the current folder; None for other databases and with options."""
    if not address.startswith(SQLITE) or "?" in address:
        return None
    return Path(unquote(address.removeprefix(SQLITE))).absolute()


def read_only_sqlite(file: Path) -> str:
    """Return the address by which ``sqlite3.connect(…, uri=True)`` opens the file for reading alone and never makes it."""
    return f"file:{quote_from_bytes(os.fsencode(file))}?mode=ro"
