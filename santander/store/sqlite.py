"""Feast's SQLite store, set for one writer of many rows beside readers, able to forget a customer and to read features by name.

All features of a customer are one packed value online (docs/adr/0004-packed-online-feature.md). Who asks for
``customer_profile:age`` gets it unpacked, by Feast's own call and from Feast's own server, with its type and its nulls.
"""

import datetime as dt
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from feast import FeatureView, Field, RepoConfig
from feast.infra.online_stores.helpers import compute_table_id
from feast.infra.online_stores.online_store import OnlineStore
from feast.infra.online_stores.sqlite import SqliteOnlineStore, SqliteOnlineStoreConfig
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value
from feast.type_map import python_values_to_proto_values
from feast.types import Bytes

from santander.errors import InputError
from santander.store.online_layout import layout_online
from santander.store.packing import ONLINE_VIEW, PACKED, Layout

Reads = list[tuple[dt.datetime | None, dict[str, Value] | None]]


class ReadsByName(OnlineStore):
    """To be mixed into an online store of Feast: a view that is not stored is read from the packed one."""

    def online_read(
        self, config: RepoConfig, table: FeatureView, entity_keys: list[EntityKey], requested_features: list[str] | None = None
    ) -> Reads:
        """Return, for each key, the moment and the features asked for; (None, None) for who is not online.

        Raises OtherLayout where the store was filled under another declaration of features.
        """
        if table.online:
            return super().online_read(config, table, entity_keys, requested_features)  # type: ignore[safe-super]
        packed = super().online_read(config, _packed_view(table), entity_keys, [PACKED])  # type: ignore[safe-super]
        return _unpacked(table, packed, requested_features, layout_online(config.online_store))

    async def online_read_async(
        self, config: RepoConfig, table: FeatureView, entity_keys: list[EntityKey], requested_features: list[str] | None = None
    ) -> Reads:
        """Return the same, for Feast's server."""
        if table.online:
            return await super().online_read_async(config, table, entity_keys, requested_features)
        packed = await super().online_read_async(config, _packed_view(table), entity_keys, [PACKED])
        return _unpacked(table, packed, requested_features, layout_online(config.online_store))

    def _read_features_per_fv(self, config: RepoConfig, grouped_refs: list[Any], *more: Any, **named: Any) -> None:
        """Read view by view, by the calls above, where one is not stored; else as the store does it best."""
        if all(view.online for view, _ in grouped_refs):
            super()._read_features_per_fv(config, grouped_refs, *more, **named)
        else:
            OnlineStore._read_features_per_fv(self, config, grouped_refs, *more, **named)  # noqa: SLF001  (Feast's own way in)

    async def _read_features_per_fv_async(self, config: RepoConfig, grouped_refs: list[Any], *more: Any, **named: Any) -> None:
        """Read the same way, for Feast's server."""
        if all(view.online for view, _ in grouped_refs):
            await super()._read_features_per_fv_async(config, grouped_refs, *more, **named)
        else:
            await OnlineStore._read_features_per_fv_async(self, config, grouped_refs, *more, **named)  # noqa: SLF001


def _packed_view(view: FeatureView) -> FeatureView:
    """The stored view, as far as a store must know it to read it: names, and how long its values hold.

    Raises InputError for a view of provinces or segments: online their features are in the rows of customers.
    """
    if (keys := [key.name for key in view.entity_columns]) != ["customer_id"]:
        raise InputError(
            f"features of {view.name} are online by customer_id alone, not by {', '.join(keys)}",
            hint="read the row of a customer by santander.store.serving.read_online",
        )
    return FeatureView(
        name=ONLINE_VIEW, source=view.batch_source, schema=[*view.entity_columns, Field(name=PACKED, dtype=Bytes)], ttl=view.ttl
    )


def _unpacked(view: FeatureView, read: Reads, requested: Sequence[str] | None, layout: Layout) -> Reads:
    stored = [values[PACKED].bytes_val for _, values in read if values and values[PACKED].HasField("bytes_val")]
    table = layout.unpack(stored)
    wanted = [field for field in view.features if requested is None or field.name in requested]
    if absent := [field.name for field in wanted if field.name not in table.column_names]:
        raise InputError(
            f"features of {view.name} are not online: the champion that was there at 'santander materialize' does not read them",
            column=absent[0],
            hint="promote a model that reads them, then run 'santander materialize'",
        )
    columns = {
        field.name: python_values_to_proto_values(table[field.name].to_pylist(), field.dtype.to_value_type()) for field in wanted
    }
    rows = iter(range(len(stored)))
    found: Reads = []
    for moment, values in read:
        if values and values[PACKED].HasField("bytes_val"):
            row = next(rows)
            found.append((moment, {name: column[row] for name, column in columns.items()}))
        else:
            found.append((None, None))
    return found


_SETTINGS = (
    "PRAGMA journal_mode = WAL",  # readers go on while a month is written
    "PRAGMA synchronous = NORMAL",  # with WAL a power cut can lose the last batches, never break the file; a rerun repairs it
    "PRAGMA cache_size = -262144",  # KiB: keys come in no order, and the default of 2 MB is written out over and over
)


class StateSqliteOnlineStoreConfig(SqliteOnlineStoreConfig):
    """Feast's, with an absolute ``path``."""

    type: Literal["santander.store.sqlite.StateSqliteOnlineStore"] = "santander.store.sqlite.StateSqliteOnlineStore"  # type: ignore[assignment]

    @property
    def state_folder(self) -> Path:
        """Where it is noted how values lie."""
        return Path(self.path).parent


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
