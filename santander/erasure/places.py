"""The files below a folder, local or in a bucket."""

from collections.abc import Iterator
from pathlib import Path

from santander.storage import BucketPath, Place


def files_below(folder: Place) -> Iterator[Place]:
    """Every file below the folder, at any depth; none where there is no such folder."""
    if isinstance(folder, Path):
        yield from sorted(path for path in folder.rglob("*") if path.is_file())
        return
    from pyarrow.fs import FileSelector, FileType

    below = folder.access.filesystem().get_file_info(FileSelector(folder.path, recursive=True, allow_not_found=True))
    for info in sorted(below, key=lambda info: str(info.path)):
        if info.type == FileType.File:
            yield BucketPath(folder.bucket, info.path.removeprefix(f"{folder.bucket}/"), folder.access)


def is_below(file: Place, folder: Place) -> bool:
    """Whether the file lies in the folder, by its real path."""
    if isinstance(file, Path) and isinstance(folder, Path):
        return file.resolve().is_relative_to(folder.resolve())
    if isinstance(file, BucketPath) and isinstance(folder, BucketPath):
        return file.bucket == folder.bucket and file.key.startswith(f"{folder.key}/" if folder.key else "")
    return False
