"""Whether what a user has named is a file, and its state, without opening it."""

import re
import stat
from pathlib import Path
from typing import TypeAlias, Unpack

from santander.errors import About, InputError
from santander.storage.bucket import state_in_bucket
from santander.storage.places import Place

FileState: TypeAlias = tuple[int, ...] | tuple[int, str]
"""State of a file, which changes when the file does: size, times and number; of an object in a bucket size and time."""

_WRITE_FIRST = "write it to a file first and name that"
_NO_FILE = "there is no file"
_NOT_THERE = (_NO_FILE, "check its name and folder")
_OF_THE_PROCESS = re.compile(r"/dev/(stdin|stdout|stderr|fd/)|/proc/(self|[0-9]+)/fd/")
_OTHER_KINDS = {
    stat.S_ISDIR: ("is a folder", "name the files in it"),
    stat.S_ISFIFO: ("is a pipe, which can be read only once, and a landing file is read more often", _WRITE_FIRST),
    stat.S_ISSOCK: ("is a socket, not a file", _WRITE_FIRST),
    stat.S_ISCHR: ("is a device, not a file", _WRITE_FIRST),
    stat.S_ISBLK: ("is a device, not a file", _WRITE_FIRST),
}


class LandingFileRefused(InputError):
    """A landing file breaks a rule that makes all of it unreadable; nothing of any file is ingested."""

    def __init__(self, path: Place | str, rule: str, **about: Unpack[About]) -> None:
        about["file"] = path
        said = f"{rule} {path}" if rule == _NO_FILE else f"{path}{' ' if rule.startswith('is ') else ': '}{rule}"
        super().__init__(said, **about)


def refuse_other_than_files(path: Place) -> None:
    """Raise LandingFileRefused for what is no file: it is not opened, as a pipe may never answer.

    Raises OSError where the system does not say what it is.
    """
    if refused := _refusal(path):
        rule, hint = refused
        raise LandingFileRefused(path, rule, hint=hint)


def _refusal(path: Place) -> tuple[str, str] | None:
    """Return why something cannot be a landing file and what to do, None for a file."""
    if not isinstance(path, Path):
        return None if path.is_file() else _NOT_THERE
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return (f"is a link to {path.readlink()}, which is not there", _NOT_THERE[1]) if path.is_symlink() else _NOT_THERE
    if rule := next((rule for is_kind, rule in _OTHER_KINDS.items() if is_kind(mode)), None):
        return rule
    if _OF_THE_PROCESS.match(str(path)):
        return "is a file that only this process has by that name", "name the file itself"
    return None


def file_state(path: Place) -> FileState | None:
    """Return size, times and inode of a file, which change when it does; None where it is gone."""
    if not isinstance(path, Path):
        return state_in_bucket(path)
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_dev
