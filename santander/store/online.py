"""Where Feast keeps its registry and its online store: below the state folder, or in Redis, as the settings say."""

import errno
import os
from pathlib import Path
from typing import Any

from feast.infra.registry.file import FileRegistryStore
from feast.repo_config import FeastConfigBaseModel, RegistryConfig

from santander.config.settings import Settings
from santander.store.repository import repository_settings
from santander.store.sqlite import StateSqliteOnlineStoreConfig


def registry_file(settings: Settings) -> Path:
    """The registry of the settings' state folder."""
    return settings.state / "feast" / "registry.db"


class StateRegistryStore(FileRegistryStore):
    """Feast's file registry, found by our settings when the configuration gives no path."""

    def __init__(self, registry_config: RegistryConfig, repo_path: Path) -> None:
        path = registry_config.path or str(registry_file(repository_settings()))
        super().__init__(RegistryConfig(path=path), repo_path)

    def _write_registry(self, registry_proto: Any) -> None:
        """Write beside the file and rename: Feast's own way leaves half a registry when the process dies, or on a full disk.

        Feast writes without a buffer and does not look how much was written; what is short is not put in place.
        """
        self._filepath.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self._filepath.with_name(f"{self._filepath.name}.{os.getpid()}")
        FileRegistryStore(RegistryConfig(path=str(unfinished)), unfinished.parent)._write_registry(registry_proto)  # noqa: SLF001
        if unfinished.stat().st_size != registry_proto.ByteSize():
            unfinished.unlink()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._filepath))
        unfinished.replace(self._filepath)


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
