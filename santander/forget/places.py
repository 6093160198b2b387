"""The files below a folder, local or in a bucket."""

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from santander.errors import telling_line
from santander.storage.bucket import BucketPath
from santander.storage.places import Place


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


@dataclass(frozen=True, slots=True)
class Name:
    """A name that is no file's and may tell a person: of what, and as it is written."""

    path: Place
    what: str
    text: str


def names_below(folder: Place, without: Collection[Place] = ()) -> Iterator[Name]:
    """Names of folders below the folder, empty ones too, of links that lead nowhere, and of what is no file; targets of links."""
    if isinstance(folder, Path):
        yield from _named(folder, {each.resolve() for each in without if isinstance(each, Path)})
        return
    seen: set[str] = set()
    for file in files_below(folder):
        if isinstance(file, BucketPath) and not any(is_below(file, each) for each in without):
            parts = file.key.removeprefix(folder.key).strip("/").split("/")[:-1]
            for depth in range(1, len(parts) + 1):
                path = folder / "/".join(parts[:depth])
                if str(path) not in seen:
                    seen.add(str(path))
                    yield Name(path, "the name of a folder", parts[depth - 1])


def _named(folder: Path, without: set[Path]) -> Iterator[Name]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return  # it is named as one that cannot be listed
    for entry in entries:
        path = folder / entry.name
        if entry.is_symlink():
            yield Name(path, "the target of a link", str(path.readlink()))
        is_folder = entry.is_dir(follow_symlinks=False)
        if not entry.is_file():
            yield Name(path, "the name of a folder" if is_folder else "its name", entry.name)
        if is_folder and path.resolve() not in without:
            yield from _named(path, without)


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
