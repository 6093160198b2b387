"""The files below a folder, local or in a bucket."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from santander.errors import telling_line
from santander.storage import BucketPath, Place


@dataclass(frozen=True, slots=True)
class NotListed:
    """A folder whose files cannot be listed, and why."""

    path: Path
    reason: str

    def __str__(self) -> str:
        return str(self.path)


def files_below(folder: Place) -> Iterator[Place]:
    """Every file below the folder, at any depth; none where there is no such folder. Pipes, sockets and devices are no files."""
    return (entry for entry in entries_below(folder) if not isinstance(entry, NotListed))


def entries_below(folder: Place) -> Iterator[Place | NotListed]:
    """The same, and the folders that cannot be listed."""
    if isinstance(folder, Path):
        yield from _listed(folder)
        return
    from pyarrow.fs import FileSelector, FileType

    below = folder.access.filesystem().get_file_info(FileSelector(folder.path, recursive=True, allow_not_found=True))
    for info in sorted(below, key=lambda info: str(info.path)):
        if info.type == FileType.File:
            yield BucketPath(folder.bucket, info.path.removeprefix(f"{folder.bucket}/"), folder.access)


def _listed(folder: Path) -> Iterator[Place | NotListed]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        yield NotListed(folder, f"cannot be listed: {telling_line(error)}")
        return
    for entry in entries:
        path = folder / entry.name
        if entry.is_dir(follow_symlinks=False):
            yield from _listed(path)
        elif entry.is_file():
            yield path
        elif entry.is_dir() and not path.resolve().is_relative_to(folder.resolve()):
            yield NotListed(path, f"is a link to the folder {path.resolve()}, which is not looked into: see to it there")


def is_below(file: Place, folder: Place) -> bool:
    """Whether the file lies in the folder, by its real path."""
    if isinstance(file, Path) and isinstance(folder, Path):
        return file.resolve().is_relative_to(folder.resolve())
    if isinstance(file, BucketPath) and isinstance(folder, BucketPath):
        return file.bucket == folder.bucket and file.key.startswith(f"{folder.key}/" if folder.key else "")
    return False
