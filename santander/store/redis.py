"""Feast's Redis store, able to forget a customer. Imported only when the settings say redis: the client is an extra."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from feast import FeatureView, RepoConfig
from feast.infra.online_stores.redis import RedisOnlineStore, RedisOnlineStoreConfig

from santander.store.sqlite import ReadsByName
from santander.store.written import remember_written


class StateRedisOnlineStoreConfig(RedisOnlineStoreConfig):
    """Feast's, but every write counts.

    Feast skips a row whose stamp is not later than the stored one. A month that is materialized again after a
    correction has the same stamp: its old values would stay, without a word.
    """

    type: Literal["santander.store.redis.StateRedisOnlineStore"] = "santander.store.redis.StateRedisOnlineStore"  # type: ignore[assignment]
    skip_dedup: bool = True
    state: str
    """The state folder, which remembers that this store was written."""

    @property
    def state_folder(self) -> Path:
        """Where it is noted how values lie."""
        return Path(self.state) / "feast"


class StateRedisOnlineStore(ReadsByName, RedisOnlineStore):
    """Keys and values are exactly Feast's."""

    def online_write_batch(self, config: RepoConfig, *args: Any, **options: Any) -> None:
        """Write as Feast does, once the store is remembered."""
        self._remember(config)
        super().online_write_batch(config, *args, **options)

    async def online_write_batch_async(self, config: RepoConfig, *args: Any, **options: Any) -> None:
        """Write as Feast does, once the store is remembered."""
        self._remember(config)
        await super().online_write_batch_async(config, *args, **options)

    def _remember(self, config: RepoConfig) -> None:
        remember_written(Path(config.online_store.state), config.online_store.connection_string)

    def delete_entities(self, config: RepoConfig, view: FeatureView, keys: Sequence[bytes]) -> None:  # noqa: ARG002
        """Delete the entities with these serialized keys, with the values of every view: one hash holds them all."""
        client = self._get_client(config.online_store)
        client.delete(*(key + config.project.encode() for key in keys))

    def count_entities(self, config: RepoConfig, view: FeatureView, keys: Sequence[bytes]) -> int:  # noqa: ARG002
        """Return the number of entities with these serialized keys that have values."""
        client = self._get_client(config.online_store)
        return int(client.exists(*(key + config.project.encode() for key in keys)))
