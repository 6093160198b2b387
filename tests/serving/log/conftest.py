"""Settings of a log that writes at once and commits when it is told to."""

from pathlib import Path

import pytest

from santander.config.settings import Settings
from santander.suppression.suppression_list import VARIABLE


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("SANTANDER_SERVING__LOG__FLUSH_SECONDS", "0.002")


@pytest.fixture
def settings(tmp_path: Path, quick: None) -> Settings:
    return Settings.load(data_dir=str(tmp_path / "data"))
