"""Where runs go, and what is known of the code they were made by."""

import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from santander.config.settings import Settings
from santander.errors import SantanderError
from santander.registry import runs as provenance
from santander.registry.tracking import has_registry, open_tracking, tracking_uri
from tests.registry.conftest import Named


def settings_with(folder: Path, uri: str | None = None) -> Settings:
    mlflow = {"tracking_uri": uri, "experiment": "e", "registered_model": "m"}
    return Settings.load(data_dir=str(folder), mlflow=mlflow)


def test_runs_are_kept_in_the_state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert tracking_uri(settings_with(tmp_path)) == f"sqlite:///{tmp_path}/state/mlflow.db"


def test_a_server_is_named_by_setting_before_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://environment:5000")
    assert tracking_uri(settings_with(tmp_path)) == "http://environment:5000"
    assert tracking_uri(settings_with(tmp_path, "http://setting:5000")) == "http://setting:5000"


def test_without_its_file_there_is_no_registry_and_none_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert not has_registry(settings_with(tmp_path))
    assert not (tmp_path / "state").exists()
    assert has_registry(settings_with(tmp_path, "http://setting:5000"))


@pytest.mark.parametrize("address", ["http://me:secret@host:5000", "host:6379,password=secret,ssl=true"])
def test_passwords_are_not_logged(tmp_path: Path, address: str) -> None:
    dumped = provenance.settings_dump(settings_with(tmp_path, address))["mlflow"]["tracking_uri"]
    assert dumped == address.replace("secret", "***")


def test_an_address_without_a_password_is_logged_as_it_is(tmp_path: Path) -> None:
    address = "http://host:5000/path"
    assert provenance.settings_dump(settings_with(tmp_path, address))["mlflow"]["tracking_uri"] == address


def test_the_commit_is_known_without_git(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_git(*_: object, **__: object) -> None:
        raise FileNotFoundError("git")

    monkeypatch.setattr(subprocess, "run", no_git)
    monkeypatch.delenv("GIT_SHA", raising=False)
    assert provenance.git_sha() == "unknown"
    monkeypatch.setenv("GIT_SHA", "abc123")
    assert provenance.git_sha() == "abc123"


def test_what_cannot_be_a_database_is_named_at_once(tmp_path: Path) -> None:
    settings = Settings.load(data_dir=str(tmp_path))
    file = settings.state / "mlflow.db"
    file.mkdir(parents=True)
    with pytest.raises(SantanderError, match=f"{file} should be an SQLite database and is a folder"):
        open_tracking(settings)
    file.rmdir()
    file.write_bytes(b"something else")
    with pytest.raises(SantanderError, match=f"{file} should be an SQLite database and is not one"):
        open_tracking(settings)


@pytest.mark.parametrize(
    "changes",
    [
        "UPDATE alembic_version SET version_num = 'bd07f7e963c5'",
        "UPDATE alembic_version SET version_num = 'abcdef123456'; DROP TABLE model_versions",
    ],
    ids=["an earlier one", "one that is not known"],
)
def test_a_registry_of_another_release_is_named_with_the_remedy(
    changes: str, named: Named, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    made, settings = named("first"), Settings.load(data_dir=str(tmp_path))
    open_tracking(made)
    settings.state.mkdir(parents=True)
    file = shutil.copy(made.state / "mlflow.db", settings.state / "mlflow.db")
    with closing(sqlite3.connect(file)) as registry:
        registry.executescript(changes)
    with pytest.raises(SantanderError, match=f"{file} is of another release of MLflow .* 'mlflow db upgrade sqlite:///{file}'"):
        open_tracking(settings)


def test_a_file_that_only_begins_as_a_database_is_named(tmp_path: Path) -> None:
    settings = settings_with(tmp_path)
    file = settings.state / "mlflow.db"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"SQLite format 3\0" + b"x" * 4096)
    with pytest.raises(SantanderError, match=f"{file} cannot be read as a database: file is not a database: restore it"):
        open_tracking(settings)
