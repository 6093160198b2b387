"""Feast's Redis store, able to forget a customer. Imported only when the settings say redis: the client is an extra."""

from collections.abc import Sequence
from typing import Literal

from feast import FeatureView, RepoConfig
from feast.infra.online_stores.redis import RedisOnlineStore, RedisOnlineStoreConfig


class StateRedisOnlineStoreConfig(RedisOnlineStoreConfig):
    """Feast's, but every write counts.

    Feast skips a row whose stamp is not later than the stored one. A month that is materialized again after a
    correction has the same stamp: its old values would stay, without a word.
    """

    type: Literal["santander.store.redis.StateRedisOnlineStore"] = "santander.store.redis.StateRedisOnlineStore"  # type: ignore[assignment]
    skip_dedup: bool = True


class StateRedisOnlineStore(RedisOnlineStore):
    """Keys and values are exactly Feast's."""

    def delete_entities(self, config: RepoConfig, view: FeatureView, keys: Sequence[bytes]) -> None:  # noqa: ARG002
        """Delete the entities with these serialized keys, with the values of every view: one hash holds them all."""
        client = self._get_client(config.online_store)
        client.delete(*(key + config.project.encode() for key in keys))
