"""Copies of the published bank, for tests that change it."""

from pathlib import Path

import pytest

from santander.config.settings import Settings
from tests.banks import copied


@pytest.fixture
def own(published: Settings, tmp_path: Path) -> Settings:
    """The published bank in a folder of this test alone."""
    return copied(Path(published.data_dir), tmp_path / "data")
