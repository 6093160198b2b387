"""What an earlier ``generate`` left in a folder: the only files there that another may replace or remove."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from santander.errors import InputError
from santander.ingest.landing import sha256_of
from santander.storage.places import Place, size_of
from santander.synthetic.spec import ORACLE


@dataclass(frozen=True, slots=True)
class EarlierBank:
    """The landing files that ``oracle.json`` of a folder names, each with its SHA-256.

    ``replaced`` are those of the bank before, of which some are left where a process was killed while it replaced them;
    ``sizes`` is what versions that noted no SHA-256 had instead.
    """

    folder: Place
    is_there: bool
    files: Mapping[str, str]
    replaced: Mapping[str, str]
    sizes: Mapping[str, int]

    @classmethod
    def read(cls, folder: Place) -> Self:
        """Read ``oracle.json``. Raises InputError where a file of that name is none of ours."""
        oracle = folder / ORACLE
        if not oracle.is_file():
            return cls(folder, is_there=False, files={}, replaced={}, sizes={})
        try:
            content = json.loads(oracle.read_text())
            files, replaced, sizes = (dict(content.get(name, {})) for name in ("files", "replaces", "bytes"))
        except (ValueError, AttributeError, TypeError):
            content = {}
        if "generator_version" not in content:
            raise _not_generated(folder, ORACLE)
        return cls(folder, is_there=True, files=files, replaced=replaced, sizes=sizes)

    def refuse_to_replace_others(self, names: Iterable[str]) -> None:
        """Raise InputError when one of these files is there and is not as it was generated."""
        for name in names:
            if (self.folder / name).is_file() and not self.wrote(name):
                raise _not_generated(self.folder, name)

    def wrote(self, name: str) -> bool:
        """Whether the file of this name, which is there, is as an earlier ``generate`` wrote it."""
        if name in self.files or name in self.replaced:
            return sha256_of(self.folder / name) in {self.files.get(name), self.replaced.get(name)}
        if name in self.sizes:
            return self.sizes[name] == size_of(self.folder / name)
        return bool(self.sizes) and "/" in name  # monthly files, of which older versions noted nothing


def _not_generated(folder: Place, name: str) -> InputError:
    return InputError(f"{folder} holds a {name} that was not generated, or not left as it was: choose another folder with --out")
