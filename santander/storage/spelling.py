"""How a local path is written for libraries that read more into it than its characters, and addresses of files, such as URLs.

The embedded engine takes Delta tables by URL and forgets to decode it, Spark and DuckDB see patterns in ``[2]``, deltalake
makes a host name of the path, and lists of files are separated by commas. A path of plain characters means the same to all
of them, so a path that is not plain gets a second one: a symbolic link with a plain name, below the temporary folder. A
folder named ``50% of #1`` is nothing else in an address: the libraries that take it open what is in that folder.
"""

import hashlib
import os
import re
import tempfile
from pathlib import Path
from urllib.parse import quote_from_bytes, unquote, unquote_to_bytes, urlsplit

from santander.errors import SantanderError
from santander.storage.places import Place

NO_PATTERNS = "__globPaths__"
"""The option of Spark's readers of files that, "false", has them take a path for no pattern; Spark uses it itself. Escaped, a
pattern with a colon in it is refused."""
OPENDAL = "fs://"
"""How the address of a table begins that deltalake reaches through OpenDAL."""
_PLAIN = re.compile(r"[A-Za-z0-9/._=-]*")
_BEYOND_DELTALAKE = re.compile(r"[\[\]^|]|%[0-9A-Fa-f]{2}")


def plain_path(path: Path) -> Path:
    """The path itself where all its characters are plain, else one by a symbolic link that has none but those.

    For libraries of this process and this machine. The link leads to the last folder or file of the path whose name is not
    plain, and is named for it, so there is one for each however often it is asked for. Nothing may keep it: the path is what
    lasts.
    """
    parts = path.absolute().parts
    last = max((i for i, part in enumerate(parts) if not _PLAIN.fullmatch(part)), default=None)
    if last is None:
        return path
    target = Path(*parts[: last + 1])
    link = _folder_of_links() / hashlib.sha256(os.fsencode(target)).hexdigest()[:24]
    try:
        link.symlink_to(target)
    except FileExistsError:
        if link.readlink() != target:
            raise SantanderError(f"{link} is to lead to {target} and leads elsewhere", hint="remove it") from None
    return link.joinpath(*parts[last + 1 :])


def for_engine(place: Place, *, embedded: bool) -> str:
    """A folder as the engine reads and writes in it."""
    return str(plain_path(place)) if embedded and isinstance(place, Path) else str(place)


def for_deltalake(table: Path) -> tuple[str, dict[str, str] | None]:
    """The folder of a table as deltalake takes it, and the options that belong to it.

    deltalake resolves symbolic links of local paths and fails on some characters of what comes out. Its other door to local
    files, OpenDAL's, resolves none; told of a folder on the same disk, it renames what it writes when it is whole.
    """
    if not _BEYOND_DELTALAKE.search(os.path.realpath(table)):
        return str(table), None
    return f"{OPENDAL}{plain_path(table)}", {"opendal.atomic_write_dir": str(table)}


def _folder_of_links() -> Path:
    """A folder of this user alone, with a plain path. Raises SantanderError where none can be had."""
    tried = dict.fromkeys((tempfile.gettempdir(), "/tmp", "/var/tmp"))  # noqa: S108  (nobody else can write to the folder)
    for parent in tried:
        folder = Path(parent).resolve() / f"santander-{os.getuid()}"
        if not _PLAIN.fullmatch(str(folder)):
            continue
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            found = folder.lstat()
        except OSError:
            continue
        if found.st_uid == os.getuid() and found.st_mode & 0o170077 == 0o040000:
            return folder
    raise SantanderError(
        f"no folder for links with plain names in {', '.join(tried)}", hint="point TMPDIR to one that can be written"
    )


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
