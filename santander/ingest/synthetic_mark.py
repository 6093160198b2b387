"""The mark of a data folder that was filled with a synthetic bank: which bank, and the landing files that are of it.

``synthetic.json`` of the data folder. Models of a synthetic bank say nothing about real customers, so other files do not come in
unasked (docs/adr/0030). Files are told apart by the SHA-256 of their plain bytes, as an ingest tells them apart.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from santander.errors import InputError
from santander.ingest.holders import files_of
from santander.lake.ingestions import read_ingestions
from santander.storage.places import Place, whole_file

if TYPE_CHECKING:
    from santander.ingest.landing import LandingFile
    from santander.lake.lake import Lake

FILE = "synthetic.json"


@dataclass(frozen=True, slots=True)
class SyntheticMark:
    """One mark. ``bank``: what decides the bytes of the bank. ``files``: names below ``raw`` by the SHA-256 of the content.

    ``continued_to``: its last month when ``generate --next`` has continued it.
    """

    bank: Mapping[str, Any]
    files: Mapping[str, str]
    continued_to: str | None = None

    @classmethod
    def read(cls, data: Place) -> Self | None:
        """Return the mark of a data folder, None where it has none. Raises InputError for a file that holds no mark."""
        file = data / FILE
        if not file.is_file():
            return None
        try:
            content = json.loads(file.read_text())
            return cls(dict(content["bank"]), dict(content["files"]), content.get("continued_to"))
        except (ValueError, KeyError, TypeError):
            raise InputError(
                f"{file}: is not the mark of a synthetic bank as 'santander generate' writes it",
                file=file,
                hint="remove it where the landing files are your own",
            ) from None

    def write(self, data: Place) -> None:
        """Replace the mark of a data folder, whole."""
        with whole_file(data / FILE) as out:
            continued = {"continued_to": self.continued_to} if self.continued_to else {}
            content = {"bank": dict(self.bank), "files": dict(self.files), **continued}
            out.write((json.dumps(content, indent=2) + "\n").encode())

    def sha256s(self, name: str) -> set[str]:
        """Return what a file of this name below ``raw`` may be: as it was generated, or with persons cut out of it."""
        return {sha256 for sha256, of in self.files.items() if of == name}

    def __str__(self) -> str:
        bank = self.bank
        dirt = f", {bank['dirty_share']:.1%} of its rows damaged" if bank.get("dirty_share") else ""
        return (
            f"a synthetic bank of {bank.get('customers', 0):,} customers "
            f"({bank.get('first')} to {self.continued_to or bank.get('last')}, seed {bank.get('seed')}{dirt})"
        )


def refuse_files_of_others(lake: "Lake", data: Place, files: Sequence["LandingFile"]) -> None:
    """Raise InputError for files that are not of the synthetic bank of the data folder; a folder without a mark takes any.

    A file that was let in once may come again.
    """
    mark = SyntheticMark.read(data)
    if mark is None:
        return
    taken_before = files_of(read_ingestions(lake))
    others = [file.name for file in files if file.sha256 not in mark.files and file.sha256 not in taken_before]
    if others:
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        raise InputError(
            f"{others[0]}{more}: not a file of the bank in {data}, which is {mark}; nothing was taken in",
            hint="name a data folder of its own with --data-dir, or mix them with --force",
        )


def follow_rewritten(data: Place, before: str, after: str) -> None:
    """Let a file of the bank stay one of it when its content is replaced, as when a person is cut out of it."""
    mark = SyntheticMark.read(data)
    if mark is not None and before in mark.files:
        replace(mark, files={**mark.files, after: mark.files[before]}).write(data)
