"""One service for the tests that leave it as it is, and a copy of the published bank for those that do not."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from santander.config.settings import Settings
from tests.banks import copied
from tests.serving.http.served import Served, serving


@pytest.fixture(scope="session")
def service(published: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Without keys; tests read it. What it writes of its answers lies in a copy of the bank."""
    own = copied(published.data, tmp_path_factory.mktemp("served") / "data")
    with serving(own, tmp_path_factory.mktemp("logs")) as served:
        yield served


@pytest.fixture
def own(published: Settings, tmp_path: Path) -> Settings:
    """A published bank that the test may change."""
    return copied(published.data, tmp_path / "data")
