"""A folder that was moved or copied: the names it was known by, kept inside it, and what names a former place rewritten.

The places that MLflow keeps in its own SQLite file and beside the models follow where the registry lies in the state folder. A
server, or another database that the settings name, may be shared with others and is never touched.
"""

import json
import os
import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from santander.storage.places import whole_file
from santander.storage.spelling import file_address, path_of_file, read_only_sqlite


@dataclass(frozen=True)
class Move:
    """A folder that was at ``former`` is at ``present``."""

    former: Path
    present: Path


def moved(moves: Sequence[Move], text: str) -> str:
    """A text in which a path or the address of a file inside a former place names the present one; others are as they were."""
    if text[:1] in ("{", "["):
        return _moved_in_json(moves, text)
    for move in sorted(moves, key=lambda move: len(str(move.former)), reverse=True):
        for former, present in _spellings(move):
            if text == former or text.startswith(f"{former}/"):
                return text if _is_settled(move, text) else present + text[len(former) :]
    return text


def _spellings(move: Move) -> list[tuple[str, str]]:
    former, present = str(move.former), str(move.present)
    address = file_address(move.present)
    return [(former, present), (file_address(move.former), address), (f"file://{former}", address)]


def _is_settled(move: Move, text: str) -> bool:
    """Whether a text names the present place already: that may lie inside of the former one, as a copy of a folder in itself."""
    if not move.present.is_relative_to(move.former):
        return False
    names = (str(move.present), file_address(move.present), f"file://{move.present}")
    return any(text == name or text.startswith(f"{name}/") for name in names)


def _moved_in_json(moves: Sequence[Move], text: str) -> str:
    try:
        content = json.loads(text)
    except ValueError:
        return text
    followed = moved_within(moves, content)
    return text if followed == content else json.dumps(followed)


def moved_within(moves: Sequence[Move], value: Any) -> Any:
    """A value of JSON with the texts in it, at any depth, moved."""
    if isinstance(value, str):
        return moved(moves, value)
    if isinstance(value, dict):
        return {name: moved_within(moves, inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [moved_within(moves, inner) for inner in value]
    return value


_FILE, _NAMES = "place.json", "names"


def recorded_names(folder: Path) -> list[Path]:
    """The absolute paths that the folder was opened by where it lay; none where it keeps no record that can be read."""
    try:
        return [Path(name) for name in json.loads((folder / _FILE).read_text(encoding="utf-8"))[_NAMES]]
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
        with whole_file(folder / _FILE) as out:
            out.write(json.dumps({_NAMES: [str(name) for name in names]}, indent=1).encode())
    except OSError:
        return  # a folder that can only be read: there is nothing in it to be moved by us


_REGISTRY, _ARTIFACTS = "mlflow.db", "mlartifacts"
_BUSY_SECONDS = 60.0
"""How long a commit of another process is waited for."""
_PLACES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
    ("datasets", "dataset_source"),
    ("trace_tags", "value"),
)
"""Columns that hold places, of whatever release made the file: those that it lacks are passed over."""
_DESCRIBED = re.compile(r"^(artifact_path: )(\S+)$", re.MULTILINE)


def rewrite_places(state: Path, moves: Sequence[Move]) -> int:
    """Rewrite all places inside the former folders in one transaction; return how many different ones there were."""
    for described in sorted((state / _ARTIFACTS / "models").glob("*/artifacts/MLmodel")):
        _rewrite_description(described, moves)
    if not (state / _REGISTRY).is_file():
        return 0
    count = 0
    with closing(sqlite3.connect(state / _REGISTRY, timeout=_BUSY_SECONDS, isolation_level=None)) as registry:
        registry.execute("BEGIN IMMEDIATE")
        for table, column in _PLACES:
            for text in _texts(registry, table, column):
                if (present := moved(moves, text)) != text:
                    registry.execute(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", (present, text))  # noqa: S608
                    count += 1
        registry.execute("COMMIT")
    return count


def former_places(state: Path) -> list[Path]:
    """Former places of a state folder that keeps no record, by where its registry says that experiments keep their files.

    It lay where the files of a run are named that are found here instead; a registry may also name the folder of another.
    """
    if not (state / _REGISTRY).is_file():
        return []
    try:
        with closing(sqlite3.connect(read_only_sqlite(state / _REGISTRY), uri=True)) as registry:
            experiments = [path_of_file(text) for text in _texts(registry, "experiments", "artifact_location")]
            files = [path_of_file(text) for text in _texts(registry, "runs", "artifact_uri")]
    except sqlite3.Error:
        return []  # whoever needs the registry says what is wrong with it
    named = [path for path in experiments if path is not None and path.name == _ARTIFACTS and not leads_to(path.parent, state)]
    return [path.parent for path in named if _has_files_of(state, path, files)]


def _has_files_of(state: Path, artifacts: Path, files: Sequence[Path | None]) -> bool:
    inside = [file.relative_to(artifacts) for file in files if file is not None and file.is_relative_to(artifacts)]
    return not inside or any((state / _ARTIFACTS / file).exists() for file in inside)


def _texts(registry: sqlite3.Connection, table: str, column: str) -> list[str]:
    """The different texts of a column; none where the table or the column is not there."""
    if column not in {name for _, name, *_ in registry.execute(f"PRAGMA table_info({table})")}:
        return []
    found = registry.execute(f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL")  # noqa: S608
    return [str(text) for (text,) in found.fetchall()]


def _rewrite_description(file: Path, moves: Sequence[Move]) -> None:
    before = file.read_text(encoding="utf-8")
    after = _DESCRIBED.sub(lambda line: line[1] + moved(moves, line[2]), before)
    if after != before:
        with whole_file(file) as out:
            out.write(after.encode())
