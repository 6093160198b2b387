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


@dataclass(frozen=True, slots=True)
class Name:
    """A name that is no file's and may contain an id: of what, and as it is written."""

    path: Place
    what: str
    text: str


def files_below(folder: Place) -> Iterator[Place]:
    """Every file below the folder, at any depth; none where there is no such folder. Pipes, sockets and devices are no files."""
    return (entry for entry in _walk(folder) if not isinstance(entry, NotListed | Name))


def entries_below(folder: Place) -> Iterator[Place | NotListed]:
    """The same, and the folders that cannot be listed."""
    return (entry for entry in _walk(folder) if not isinstance(entry, Name))


def names_below(folder: Place, without: Collection[Place] = ()) -> Iterator[Name]:
    """Names of folders below the folder, empty ones too, of links that lead nowhere, and of what is no file; targets of links."""
    return (entry for entry in _walk(folder, without) if isinstance(entry, Name))


def _walk(folder: Place, without: Collection[Place] = ()) -> Iterator[Place | NotListed | Name]:
    if not isinstance(folder, Path):
        yield from _walk_bucket(folder, without)
        return
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        yield NotListed(folder, f"cannot be listed: {telling_line(error)}")
        return
    for entry in entries:
        path = folder / entry.name
        if entry.is_symlink():
            yield Name(path, "the target of a link", str(path.readlink()))
        if entry.is_file():
            yield path
        elif not entry.is_dir(follow_symlinks=False):
            yield Name(path, "its name", entry.name)
            if entry.is_dir() and not path.resolve().is_relative_to(folder.resolve()):
                yield NotListed(path, f"is a link to the folder {path.resolve()}, which is not looked into: see to it there")
        else:
            yield Name(path, "the name of a folder", entry.name)
            if not any(isinstance(each, Path) and path.resolve() == each.resolve() for each in without):
                yield from _walk(path, without)


def _walk_bucket(folder: BucketPath, without: Collection[Place]) -> Iterator[Place | NotListed | Name]:
    from pyarrow.fs import FileSelector, FileType

    seen: set[str] = set()
    below = folder.access.filesystem().get_file_info(FileSelector(folder.path, recursive=True, allow_not_found=True))
    for info in sorted((each for each in below if each.type == FileType.File), key=lambda info: str(info.path)):
        file = BucketPath(folder.bucket, info.path.removeprefix(f"{folder.bucket}/"), folder.access)
        parts = file.key.removeprefix(folder.key).strip("/").split("/")[:-1]
        for depth, part in enumerate([] if any(is_below(file, each) for each in without) else parts, 1):
            path = folder / "/".join(parts[:depth])
            if str(path) not in seen:
                seen.add(str(path))
                yield Name(path, "the name of a folder", part)
        yield file


def is_below(file: Place, folder: Place) -> bool:
    """Whether the file lies in the folder, by its real path."""
    if isinstance(file, Path) and isinstance(folder, Path):
        return file.resolve().is_relative_to(folder.resolve())
    if isinstance(file, BucketPath) and isinstance(folder, BucketPath):
        return file.bucket == folder.bucket and file.key.startswith(f"{folder.key}/" if folder.key else "")
    return False
