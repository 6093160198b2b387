"""The places that MLflow keeps in its own SQLite file and beside the models, of a registry that lies in the state folder.

A server, or another database that the settings name, may be shared with others and is never touched.
"""

import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from santander.relocation.moves import Move, moved
from santander.relocation.record import leads_to
from santander.storage.addresses import path_of_file, read_only_sqlite
from santander.storage.places import whole_file

FILE, ARTIFACTS = "mlflow.db", "mlartifacts"
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
    """Let all places inside the former folders name the present one, in one transaction; how many different ones there were."""
    for described in sorted((state / ARTIFACTS / "models").glob("*/artifacts/MLmodel")):
        _rewrite_description(described, moves)
    if not (state / FILE).is_file():
        return 0
    count = 0
    with closing(sqlite3.connect(state / FILE, timeout=_BUSY_SECONDS, isolation_level=None)) as registry:
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
    if not (state / FILE).is_file():
        return []
    try:
        with closing(sqlite3.connect(read_only_sqlite(state / FILE), uri=True)) as registry:
            experiments = [path_of_file(text) for text in _texts(registry, "experiments", "artifact_location")]
            files = [path_of_file(text) for text in _texts(registry, "runs", "artifact_uri")]
    except sqlite3.Error:
        return []  # whoever needs the registry says what is wrong with it
    named = [path for path in experiments if path is not None and path.name == ARTIFACTS and not leads_to(path.parent, state)]
    return [path.parent for path in named if _has_files_of(state, path, files)]


def _has_files_of(state: Path, artifacts: Path, files: Sequence[Path | None]) -> bool:
    inside = [file.relative_to(artifacts) for file in files if file is not None and file.is_relative_to(artifacts)]
    return not inside or any((state / ARTIFACTS / file).exists() for file in inside)


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
