"""Feast's registry where the file is there and is none."""

from pathlib import Path

import pytest

from santander.config.settings import Settings
from santander.errors import SantanderError
from santander.lake.lake import Lake
from santander.store.access import open_store
from santander.store.online import registry_file


def test_a_file_that_is_no_registry_is_named_and_without_it_there_is_one_again(tmp_path: Path) -> None:
    settings = Settings.load(data_dir=str(tmp_path / "data"))
    file = registry_file(settings)
    file.parent.mkdir(parents=True)
    file.write_bytes(b"half a registry")
    with pytest.raises(SantanderError, match="should be Feast's registry and cannot be read: delete it") as refused:
        open_store(settings, Lake(settings))
    assert str(file) in str(refused.value)
    file.unlink()
    assert open_store(settings, Lake(settings)).list_feature_services()
