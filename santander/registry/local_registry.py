"""The registry's own SQLite file, read without MLflow: what a verb wants to know of versions before it needs MLflow at all.

Importing MLflow and opening its store takes seconds, the two selects here a millisecond. Only a file of exactly the schema
that was read here before is answered from; of everything else nothing is said, and the caller asks MLflow's own client.
Nothing is ever written.
"""

import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from santander.errors import InputError
from santander.registry.sqlite_file import check_sqlite
from santander.registry.tracking import tracking_uri
from santander.schema.months import Month
from santander.storage.addresses import path_of_file, path_of_sqlite, read_only_sqlite

if TYPE_CHECKING:
    from santander.config.settings import Settings

KNOWN_SCHEMA = "dc11669786a5"
"""The revision of MLflow's schema whose tables are read here: that of the pinned release, which writes no other."""

_BUSY_SECONDS = 1.0
"""How long a commit of another process is waited for before MLflow is asked, which waits longer."""
_WORKSPACE = "default"
_OF_WORKSPACES = ("MLFLOW_ENABLE_WORKSPACES", "MLFLOW_WORKSPACE", "MLFLOW_WORKSPACE_STORE_URI")
_DELETED = "Deleted_Internal"
"""The stage in which MLflow leaves a version that was deleted; it shows none of them."""


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """One version: the run that made it, its tags, where its files lie, and since when it is there."""

    number: int
    run_id: str | None
    tags: Mapping[str, str]
    location: str | None
    registered_at: float
    """Seconds since 1970."""

    @property
    def target(self) -> Month | None:
        """The month that it was trained for; None for a version that does not say, which we did not make."""
        try:
            return Month.parse(self.tags["target"])
        except (KeyError, InputError):
            return None

    def folder(self) -> Path | None:
        """The folder of its files; None where they are not plain files of this machine."""
        folder = path_of_file(self.location or "")
        return folder if folder is not None and folder.is_dir() else None


@dataclass(frozen=True, slots=True)
class StoredModel:
    """The registered model as the file has it; no version and no alias where nothing was ever registered."""

    aliases: Mapping[str, int]
    versions: Mapping[int, StoredVersion]


def stored_model(settings: "Settings") -> StoredModel | None:
    """The registered model as it stands in the registry's file; None where only MLflow can say.

    That is a server or another database, a file of another schema, one that another process is writing, or one with
    workspaces. Raises SantanderError for a file that is no database of SQLite, as opening it by MLflow would.
    """
    file = path_of_sqlite(tracking_uri(settings))
    if file is None or any(name in os.environ for name in _OF_WORKSPACES):
        return None
    check_sqlite(file)
    try:
        # what a crash left half done is for MLflow to undo
        with closing(sqlite3.connect(read_only_sqlite(file), uri=True, timeout=_BUSY_SECONDS, isolation_level=None)) as opened:
            opened.execute("BEGIN")  # all selects see one state
            return _read(opened, settings.mlflow.registered_model)
    except sqlite3.Error:
        return None


def _read(opened: sqlite3.Connection, name: str) -> StoredModel | None:
    if opened.execute("SELECT version_num FROM alembic_version").fetchall() != [(KNOWN_SCHEMA,)]:
        return None
    if opened.execute("SELECT 1 FROM registered_models WHERE workspace <> ?", (_WORKSPACE,)).fetchone():
        return None
    ours = (_WORKSPACE, name)
    aliases = opened.execute("SELECT alias, version FROM registered_model_aliases WHERE workspace = ? AND name = ?", ours)
    tags: dict[int, dict[str, str]] = {}
    said = opened.execute("SELECT version, key, value FROM model_version_tags WHERE workspace = ? AND name = ?", ours)
    for number, key, value in said:
        tags.setdefault(int(number), {})[key] = value
    versions = opened.execute(
        "SELECT version, run_id, coalesce(storage_location, source), creation_time FROM model_versions"
        " WHERE workspace = ? AND name = ? AND current_stage <> ?",
        (*ours, _DELETED),
    )
    return StoredModel(
        {alias: int(number) for alias, number in aliases},
        {
            int(number): StoredVersion(int(number), run_id, tags.get(int(number), {}), where, (made or 0) / 1000)
            for number, run_id, where, made in versions
        },
    )
