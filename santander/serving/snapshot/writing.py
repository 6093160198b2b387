"""How a snapshot is written: files named by their content, the manifest last; readers find it whole or not at all."""

import hashlib
import io
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from santander.serving.snapshot.manifest import NAME, Manifest, StoredFile
from santander.serving.snapshot.reading import file_below, file_facts
from santander.storage.bucket import BucketPath, upload
from santander.storage.places import Place, remove_tree, whole_file

_DIGITS = 8
"""Of a digest in the name of a file; the manifest has all of them."""


class Staging:
    """The files of a snapshot in a local folder, before they are placed."""

    def __init__(self, folder: Path) -> None:
        """Begin with an empty folder, which is on the same disk as a local data folder."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self._folder = folder
        self.parts: dict[str, str] = {}
        self.files: dict[str, StoredFile] = {}

    def array(self, part: str, values: npt.NDArray[Any]) -> None:
        """Write an array."""
        file = self._folder / part
        with file.open("wb") as out:
            header = io.BytesIO()
            np.lib.format.write_array_header_1_0(header, np.lib.format.header_data_from_array_1_0(values))
            out.write(header.getvalue())
            # numpy's own way of writing does not say that a disk is full
            out.write(np.ascontiguousarray(values).view(np.uint8).data)
        self._name(part, ".npy", file)

    def json(self, part: str, value: Any) -> None:
        """Write a value as JSON."""
        file = self._folder / part
        file.write_text(json.dumps(value, sort_keys=True), encoding="utf-8")
        self._name(part, ".json", file)

    def tree(self, part: str, folders: Mapping[str, Path]) -> None:
        """Copy folders, each below the part under its name."""
        found = {
            f"{name}/{file.relative_to(folder).as_posix()}": file
            for name, folder in sorted(folders.items())
            for file in sorted(folder.rglob("*"))
            if file.is_file()
        }
        facts = {name: file_facts(file) for name, file in found.items()}
        said = "\n".join(f"{name} {each.sha256}" for name, each in facts.items())
        self.parts[part] = f"{part}-{hashlib.sha256(said.encode()).hexdigest()[:_DIGITS]}"
        for name, file in found.items():
            path = f"{self.parts[part]}/{name}"
            (self._folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, self._folder / path)
            self.files[path] = facts[name]

    def keep(self, folder: Path, manifest: Manifest, part: str) -> None:
        """Take over a part of another snapshot as it is."""
        name = manifest.parts[part]
        self.parts[part] = name
        for path, stored in manifest.files.items():
            if path == name or path.startswith(f"{name}/"):
                (self._folder / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(folder / path, self._folder / path)
                self.files[path] = stored

    def place(self, target: Place, manifest: Manifest) -> str:
        """Move the files to the folder of the snapshot, then replace its manifest; return the digest of that.

        Files that only the manifest before named are removed last.
        """
        for path in manifest.files:
            _put(self._folder / path, file_below(target, path))
        stored = manifest.to_bytes()
        with whole_file(target / NAME) as out:
            out.write(stored)
        remove_unnamed(target, manifest)
        remove_tree(self._folder)
        return hashlib.sha256(stored).hexdigest()

    def _name(self, part: str, suffix: str, file: Path) -> None:
        facts = file_facts(file)
        name = f"{part}-{facts.sha256[:_DIGITS]}{suffix}"
        file.rename(self._folder / name)
        self.parts[part], self.files[name] = name, facts


def remove_unnamed(folder: Place, manifest: Manifest) -> list[str]:
    """Remove the files of a snapshot's folder that its manifest does not name; return their paths."""
    unnamed = sorted(paths_in(folder).difference(manifest.files, {NAME}))
    for path in unnamed:
        file = file_below(folder, path)
        file.unlink(missing_ok=True)
        while isinstance(file, Path) and (file := file.parent) != folder and not any(file.iterdir()):
            file.rmdir()
    return unnamed


def paths_in(folder: Place) -> set[str]:
    """Return the paths of all files below a folder; none where there is no such folder."""
    if isinstance(folder, Path):
        return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
    from pyarrow.fs import FileSelector, FileType

    below = folder.access.filesystem().get_file_info(FileSelector(folder.path, recursive=True, allow_not_found=True))
    return {each.path.removeprefix(f"{folder.path}/") for each in below if each.type == FileType.File}


def _put(file: Path, target: Place) -> None:
    if isinstance(target, BucketPath):
        upload(file, target)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    file.replace(target)
