"""Where Feast keeps its registry: one file below the state folder, replaced whole."""

import os
from pathlib import Path
from typing import Any

from feast.infra.registry.file import FileRegistryStore
from feast.repo_config import RegistryConfig

from santander.config.settings import Settings
from santander.store.repository import repository_settings


def registry_file(settings: Settings) -> Path:
    """The registry of the settings' state folder."""
    return settings.state / "feast" / "registry.db"


class StateRegistryStore(FileRegistryStore):
    """Feast's file registry, found by our settings when the configuration gives no path."""

    def __init__(self, registry_config: RegistryConfig, repo_path: Path) -> None:
        path = registry_config.path or str(registry_file(repository_settings()))
        super().__init__(RegistryConfig(path=path), repo_path)

    def _write_registry(self, registry_proto: Any) -> None:
        """Write beside the file and rename: Feast's own way leaves half a registry when the process dies."""
        self._filepath.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self._filepath.with_name(f"{self._filepath.name}.{os.getpid()}")
        FileRegistryStore(RegistryConfig(path=str(unfinished)), unfinished.parent)._write_registry(registry_proto)  # noqa: SLF001
        unfinished.replace(self._filepath)
