"""A conf folder with small recipes and spaces, one MLflow database for all, and a state folder for each test."""

from pathlib import Path

import pytest

from santander.config.settings import Settings
from tests.environment import use_conf
from tests.tune.world import World, write_conf


@pytest.fixture(scope="session")
def conf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_conf(tmp_path_factory.mktemp("conf"))


@pytest.fixture(scope="session")
def tracking(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Making the tables of MLflow takes seconds."""
    return f"sqlite:///{tmp_path_factory.mktemp('tracking') / 'mlflow.db'}"


@pytest.fixture
def world(conf: Path, tracking: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    use_conf(monkeypatch, conf)
    mlflow = {"tracking_uri": tracking, "experiment": tmp_path.name, "registered_model": tmp_path.name}
    return World(Settings.load(data_dir=str(tmp_path / "data"), mlflow=mlflow))
