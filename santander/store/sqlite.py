"""Feast's SQLite store, set for one writer of many rows beside readers, and able to forget a customer."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from feast import FeatureView, RepoConfig
from feast.infra.online_stores.helpers import compute_table_id
from feast.infra.online_stores.sqlite import SqliteOnlineStore, SqliteOnlineStoreConfig

from santander.store.reads_by_name import ReadsByName

_SETTINGS = (
    "PRAGMA journal_mode = WAL",  # readers go on while a month is written
    "PRAGMA synchronous = NORMAL",  # with WAL a power cut can lose the last batches, never break the file; a rerun repairs it
    "PRAGMA cache_size = -262144",  # KiB: keys come in no order, and the default of 2 MB is written out over and over
)


class StateSqliteOnlineStoreConfig(SqliteOnlineStoreConfig):
    """Feast's, with an absolute ``path``."""

    type: Literal["santander.store.sqlite.StateSqliteOnlineStore"] = "santander.store.sqlite.StateSqliteOnlineStore"  # type: ignore[assignment]


class StateSqliteOnlineStore(ReadsByName, SqliteOnlineStore):
    """Tables and values are exactly Feast's, so that its other clients read the file."""

    def _get_conn(self, config: RepoConfig) -> sqlite3.Connection:
        fresh = self._conn is None
        if fresh:
            Path(config.online_store.path).parent.mkdir(parents=True, exist_ok=True)
        connection: sqlite3.Connection = super()._get_conn(config)
        if fresh:
            for setting in _SETTINGS:
                connection.execute(setting)
        return connection

    def delete_entities(self, config: RepoConfig, view: FeatureView, keys: Sequence[bytes]) -> None:
        """Delete all values of the entities with these serialized keys; unknown keys are no error."""
        table = compute_table_id(config.project, view)
        with self._get_conn(config) as connection:
            connection.executemany(f'DELETE FROM "{table}" WHERE entity_key = ?', [(key,) for key in keys])  # noqa: S608

    def count_entities(self, config: RepoConfig, view: FeatureView, keys: Sequence[bytes]) -> int:
        """Return the number of entities with these serialized keys that have values."""
        table = compute_table_id(config.project, view)
        query = f'SELECT 1 FROM "{table}" WHERE entity_key = ? LIMIT 1'  # noqa: S608
        with self._get_conn(config) as connection:
            return sum(connection.execute(query, (key,)).fetchone() is not None for key in keys)
