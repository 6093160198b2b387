"""Folders as options and variables name them, read so that a wrong one is refused by the name of its option."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from santander.errors import InputError

T = TypeVar("T")


def no_file(text: str) -> Path:
    """The folder of this name, which may be missing. Raises InputError where it, or a folder above it, is a file."""
    folder = Path(text)
    there = nearest(folder)
    if not there.is_dir():
        raise InputError(f"{there} is a file, and a folder is meant", hint="name a folder")
    return folder


def called(option: str, text: str, read: Callable[[str], T]) -> T:
    """Return ``read(text)``; an InputError that it raises begins with the option that gave the text."""
    try:
        return read(text)
    except InputError as error:
        raise InputError(f"{option}: {error}", hint=error.hint) from None


def nearest(folder: Path) -> Path:
    """The folder, or the nearest above it that is there."""
    there = folder.absolute()
    while not os.path.lexists(there) and there != there.parent:
        there = there.parent
    return there.resolve() if there.exists() else there.parent
