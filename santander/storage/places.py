"""Places of files that are no tables, such as landing files and submissions: a local path, or a key in a bucket.

A ``Place`` is a ``pathlib.Path`` or a ``BucketPath``, which has the few methods of a path that such files need, so code
that goes by them reads alike for both. A local path with ``*``, ``?`` or a backslash is a pattern to Spark and to DuckDB, and one
with a control character breaks lines of output: neither can be used. All other characters are kept apart by spelling.py.
"""

import os
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from santander.errors import InputError
from santander.storage.bucket import Access, BucketPath, open_object, remove_objects, told_of, upload

_REFUSED = "*?\\"
_LONGEST = 255
"""Bytes of the name of one folder or file, by the file systems of today."""
_NAMED = {"\n": "a newline", "\t": "a tab", "\r": "a carriage return"}


def local_path(text: str) -> Path:
    """The path that a user wrote. Raises InputError for a text that names none, in a line with the character that is wrong."""
    if not text.strip():
        raise InputError(
            f"'{text}' names no folder or file: an option, a variable or a setting was left empty",
            hint="give it a value, or leave it out",
        )
    if text == "~" or text.startswith("~/"):
        home = Path.home() / text[2:]
        raise InputError(f"{text}: the shell leaves a quoted ~ as it is", hint=f"write ~ outside the quotes, or {home}")
    path = Path(text)
    if (longest := max(len(os.fsencode(part)) for part in path.absolute().parts)) > _LONGEST:
        raise InputError(
            f"{text[:40]}…: a name of {longest} bytes; the system takes {_LONGEST} at most", hint="use a shorter one"
        )
    for character in str(path.absolute()):
        if character in _REFUSED or unicodedata.category(character) in {"Cc", "Cs"}:
            raise InputError(
                f"{_shown(str(path))}: {_name_of(character)} cannot stand in the name of a folder or file here "
                "(nor can * ? \\ and control characters; all others can)",
                hint="rename it, or name it by a link",
            )
    return path


def _name_of(character: str) -> str:
    if character in _REFUSED:
        return f"'{character}'"
    if unicodedata.category(character) == "Cs":
        return f"the byte 0x{ord(character) & 0xFF:02x}, which is not UTF-8,"
    return _NAMED.get(character, f"the control character U+{ord(character):04X}")


def _shown(text: str) -> str:
    """The text in one line, whatever stands in it."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


_SCHEMES = ("s3a", "s3")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX = re.compile(r"[A-Za-z0-9._=-]+(/[A-Za-z0-9._=-]+)*")

Place = Path | BucketPath


def place(text: str) -> Place:
    """The place that a user named: a local path, ``s3a://bucket/key`` or the same with ``s3://``. Raises InputError."""
    scheme, separator, rest = text.partition("://")
    if not separator:
        return local_path(text)
    if scheme not in _SCHEMES:
        raise InputError(
            f"{text}: {scheme}:// is not known here", example=text, hint="a place is a local path or s3a://bucket/prefix"
        )
    bucket, _, key = rest.partition("/")
    if not _BUCKET.fullmatch(bucket):
        raise InputError(f"{text}: '{bucket}' cannot be the name of a bucket", example=text, hint="write s3a://bucket/prefix")
    return BucketPath(bucket, key.strip("/"), Access.of(os.environ))


def is_same(one: Place, other: Place) -> bool:
    """Whether two places are one, however they are written."""
    if isinstance(one, Path) and isinstance(other, Path):
        return one.resolve() == other.resolve()
    return one == other


HIDDEN = "x"
"""What stands on record for a digit of a name that told a person; a file renamed so has the name on record."""


def is_name_of(recorded: str, name: str) -> bool:
    """Whether a name on record is this one, whose digits may have been hidden there since."""
    pairs = zip(recorded, name, strict=False)
    return len(recorded) == len(name) and all(one == other or (one == HIDDEN and other.isdigit()) for one, other in pairs)


def recorded_place(text: str) -> Place:
    """The place that a table has on record, as ``place`` gives it; what names may hold was asked when it was put there.

    Where digits of the name were hidden and no file is called so, it is the one there whose name has digits in their place.
    """
    if "://" in text:
        return place(text)
    file = Path(text)
    if HIDDEN not in file.name or file.exists() or not file.parent.is_dir():
        return file
    there = [each for each in file.parent.iterdir() if is_name_of(file.name, each.name)]
    return there[0] if len(there) == 1 else file


def folder_place(text: str) -> Place:
    """Return the place of a folder of tables. Raises InputError for a prefix of other than plain characters."""
    found = place(text)
    if isinstance(found, BucketPath) and found.key and not _PREFIX.fullmatch(found.key):
        raise InputError(
            f"{text}: a prefix is made of letters, digits and ._=- between single slashes", example=text, hint="choose another"
        )
    return found


def open_read(source: Place) -> BinaryIO:
    """Open a file for bytes; it can be read and sought."""
    if isinstance(source, Path):
        return source.open("rb")
    return open_object(source)


def size_of(file: Place) -> int:
    """Bytes of a file that is there."""
    if isinstance(file, Path):
        return file.stat().st_size
    with told_of(file):
        return int(file.access.filesystem().get_file_info(file.path).size)


@contextmanager
def whole_file(target: Place) -> Iterator[BinaryIO]:
    """Open a file for bytes; it appears under its name only when the block ends well.

    In a folder it is written under another name first, for a bucket into the local temporary folder.
    """
    if isinstance(target, BucketPath):
        with tempfile.TemporaryDirectory(prefix="santander-") as folder:
            spooled = Path(folder) / "file"
            with spooled.open("wb") as file:
                yield file
            upload(spooled, target)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with unfinished.open("wb") as file:
            yield file
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def move(source: Place, target: Place) -> None:
    """Give a file another name in the same folder tree or bucket; whoever looks finds it whole under either name."""
    if isinstance(source, Path) and isinstance(target, Path):
        target.parent.mkdir(parents=True, exist_ok=True)
        source.replace(target)
    elif isinstance(source, BucketPath) and isinstance(target, BucketPath):
        with told_of(target):
            target.access.filesystem().move(source.path, target.path)
    else:
        raise TypeError(f"{source} and {target} are not in one place")


def names_in(folder: Place) -> list[str]:
    """Names of the files and folders right below a folder, in order; none where there is no such folder."""
    if isinstance(folder, Path):
        return sorted(found.name for found in folder.iterdir()) if folder.is_dir() else []
    from pyarrow.fs import FileSelector

    with told_of(folder):
        below = folder.access.filesystem().get_file_info(FileSelector(folder.path, allow_not_found=True))
    return sorted(found.base_name for found in below)


def remove_tree(folder: Place) -> None:
    """Remove a folder and all below it, where it is there; what cannot be removed stays."""
    if isinstance(folder, Path):
        shutil.rmtree(folder, ignore_errors=True)
        return
    remove_objects(folder)
