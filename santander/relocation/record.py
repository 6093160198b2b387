"""The names that a folder is known by, kept inside it, and which of them do not lead to it any more."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from santander.storage.places import whole_file

FILE = "place.json"
_NAMES = "names"


def recorded_names(folder: Path) -> list[Path]:
    """The absolute paths that the folder was opened by where it lay; none where it keeps no record that can be read."""
    try:
        return [Path(name) for name in json.loads((folder / FILE).read_text(encoding="utf-8"))[_NAMES]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def present_name(folder: Path) -> Path:
    """The path that it is opened by now, without dots; symbolic links stay."""
    return Path(os.path.abspath(folder))  # noqa: PTH100  (resolve() would follow links, which may lead elsewhere tomorrow)


def leads_to(name: Path, folder: Path) -> bool:
    """Whether a path is this very folder, by itself, a symbolic link or a mount: a copy of it is another."""
    try:
        return name.samefile(folder)
    except OSError:
        return False


def former_names(folder: Path, names: Sequence[Path]) -> list[Path]:
    """Of these names those that do not lead to the folder: it was moved or copied from there."""
    return [name for name in dict.fromkeys(names) if not leads_to(name, folder)]


def record(folder: Path) -> None:
    """Note the name that the folder is opened by, beside the others that lead to it; where it cannot be written nothing is."""
    present, known = present_name(folder), recorded_names(folder)
    names = [*(name for name in known if leads_to(name, folder)), *([] if present in known else [present])]
    if names == known:
        return
    try:
        with whole_file(folder / FILE) as out:
            out.write(json.dumps({_NAMES: [str(name) for name in names]}, indent=1).encode())
    except OSError:
        return  # a folder that can only be read: there is nothing in it to be moved by us
