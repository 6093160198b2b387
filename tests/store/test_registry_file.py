"""Feast's registry where the file is there and is none, and where the disk has no room for all of it."""

import errno
import resource
import signal
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


def test_a_registry_that_there_is_no_room_for_leaves_the_one_there_as_it_was(tmp_path: Path) -> None:
    """A file may have 10,000 bytes and no more: a write without a buffer is cut there and says nothing."""
    settings = Settings.load(data_dir=str(tmp_path / "data"))
    file = registry_file(settings)
    store = open_store(settings, Lake(settings))
    before = file.read_bytes()
    usual, ignored = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, usual[1]))
    try:
        with pytest.raises(OSError, match="No space left") as full:
            store.registry.commit()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
        signal.signal(signal.SIGXFSZ, ignored)
    assert full.value.errno == errno.ENOSPC
    assert file.read_bytes() == before
    assert list(file.parent.glob("registry*")) == [file]
