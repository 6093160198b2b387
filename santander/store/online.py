"""Which online store Feast uses: SQLite below the state folder, or Redis, as the settings say."""

from typing import Any

from feast.repo_config import FeastConfigBaseModel

from santander.config.settings import Settings
from santander.store.repository import repository_settings
from santander.store.sqlite import StateSqliteOnlineStoreConfig


def online_config(settings: Settings) -> FeastConfigBaseModel:
    """Feast's configuration of the online store that ``store.online`` names."""
    if settings.store.online == "redis":
        from santander.store.redis import StateRedisOnlineStoreConfig

        return StateRedisOnlineStoreConfig(connection_string=settings.store.redis, state=str(settings.state))
    return StateSqliteOnlineStoreConfig(path=str(settings.state / "feast" / "online.db"))


class SettledOnlineStoreConfig:
    """Stands in feature_store.yaml, which has no conditions: making one gives the configuration of the settled store.

    Feast goes on from the class of what it got, so from here on it is SQLite or Redis to Feast as well.
    """

    def __new__(cls, type: str) -> Any:  # noqa: A002, ARG004, D102  (feast passes the yaml's keys)
        return online_config(repository_settings())
