"""One MLflow database for all tests of the registry: making its tables takes seconds. Each test has a model name of its own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from santander.config.settings import Settings

Named = Callable[[str], Settings]


@pytest.fixture(scope="session")
def named(tmp_path_factory: pytest.TempPathFactory) -> Named:
    """Settings whose registered model and experiment have a given name."""
    root: Path = tmp_path_factory.mktemp("tracking")

    def settings(name: str) -> Settings:
        mlflow = {"tracking_uri": None, "experiment": name, "registered_model": name}
        return Settings.load(data_dir=str(root / "data"), state_dir=str(root / "state"), mlflow=mlflow)

    return settings
