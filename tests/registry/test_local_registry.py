"""What is read from the registry's file without MLflow, held against what MLflow's own client says."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest
from mlflow.store.db.utils import _get_latest_schema_revision

from santander.config.settings import Settings
from santander.engine.startup import KNOWN_SCHEMA
from santander.errors import SantanderError
from santander.lake.lake import Lake
from santander.registry import versions
from santander.registry.champion import version_for
from santander.registry.orders import roll_back
from santander.registry.promotion import register_candidate
from santander.registry.tracking import open_tracking, tracking_uri
from santander.registry.versions import champion_number, load_version, number_named, stored_model
from santander.schema.months import Month
from tests.registry.conftest import Named
from tests.registry.two_holders import recipe, report_for

MAY, JUNE = Month(2016, 5), Month(2016, 6)


@pytest.fixture(scope="module")
def settings(named: Named) -> Settings:
    """Two versions that were promoted one after the other, for two months."""
    settings = named("local")
    lake = Lake(settings)
    register_candidate(settings, lake, report_for(MAY, recipe()))
    register_candidate(settings, lake, report_for(JUNE, recipe()), promote=False)
    return settings


@pytest.fixture
def without_mlflow(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Inside, asking MLflow's client fails."""

    def refuse(_: Settings) -> None:
        raise AssertionError("MLflow was asked")

    monkeypatch.setattr(versions, "open_tracking", refuse)
    yield
    monkeypatch.undo()


def as_mlflow_says(settings: Settings) -> tuple[dict[str, int], dict[int, tuple[str | None, dict[str, str]]]]:
    client, name = open_tracking(settings), settings.mlflow.registered_model
    aliases = {alias: int(number) for alias, number in client.get_registered_model(name).aliases.items()}
    found = client.search_model_versions(f"name = '{name}'")
    return aliases, {int(v.version): (v.run_id, dict(v.tags)) for v in found}


def as_the_file_says(settings: Settings) -> tuple[dict[str, int], dict[int, tuple[str | None, dict[str, str]]]]:
    stored = stored_model(settings)
    assert stored is not None
    return dict(stored.aliases), {n: (v.run_id, dict(v.tags)) for n, v in stored.versions.items()}


def test_the_schema_that_is_read_is_that_of_the_pinned_mlflow() -> None:
    assert _get_latest_schema_revision() == KNOWN_SCHEMA


def test_both_say_the_same_after_every_kind_of_change(settings: Settings) -> None:
    client, name = open_tracking(settings), settings.mlflow.registered_model
    numbers = sorted(as_mlflow_says(settings)[1])
    assert len(numbers) >= 2
    assert as_the_file_says(settings) == as_mlflow_says(settings)

    for number in numbers:
        client.set_registered_model_alias(name, "champion", str(number))
        assert champion_number(settings) == number
        assert as_the_file_says(settings) == as_mlflow_says(settings)
    client.set_model_version_tag(name, str(numbers[-1]), "note", "été 'quoted'")
    client.set_registered_model_alias(name, "Trial", str(numbers[0]))
    assert as_the_file_says(settings) == as_mlflow_says(settings)
    assert number_named(settings, None, "Trial") == numbers[0]
    client.delete_registered_model_alias(name, "Trial")
    client.delete_model_version_tag(name, str(numbers[-1]), "note")
    assert as_the_file_says(settings) == as_mlflow_says(settings)

    gone = client.create_model_version(name, "file:///nowhere")
    client.delete_model_version(name, gone.version)
    assert as_the_file_says(settings) == as_mlflow_says(settings)
    client.delete_registered_model_alias(name, "champion")
    assert champion_number(settings) is None
    assert as_the_file_says(settings) == as_mlflow_says(settings)
    client.set_registered_model_alias(name, "champion", str(numbers[-1]))


def test_a_rollback_is_seen(named: Named) -> None:
    settings = named("rolled-back")
    lake = Lake(settings)
    register_candidate(settings, lake, report_for(MAY, recipe()))
    before = champion_number(settings)
    assert before is not None
    assert before > 1
    roll_back(settings, lake)
    assert champion_number(settings) == 1
    assert as_the_file_says(settings) == as_mlflow_says(settings)


@pytest.mark.usefixtures("without_mlflow")
def test_who_scores_a_month_is_found_and_loaded_without_mlflow(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    number = champion_number(settings)
    assert number is not None
    scores = version_for(settings, JUNE)
    loaded = load_version(settings, scores.number)
    monkeypatch.undo()
    client = open_tracking(settings)
    known = client.get_model_version(settings.mlflow.registered_model, str(scores.number))
    assert (loaded.run_id, scores.run_id) == (known.run_id, known.run_id)
    folder = Path(mlflow.artifacts.download_artifacts(f"models:/{settings.mlflow.registered_model}/{scores.number}"))
    stored = stored_model(settings)
    assert stored is not None
    assert stored.versions[scores.number].folder() == folder


@pytest.mark.usefixtures("without_mlflow")
def test_a_model_that_was_never_registered_has_no_champion(settings: Settings) -> None:
    other = settings.mlflow.model_copy(update={"registered_model": "another"})
    assert champion_number(settings.model_copy(update={"mlflow": other})) is None


def test_without_a_file_there_is_no_champion_and_none_is_made(tmp_path: Path) -> None:
    settings = Settings.load(data_dir=str(tmp_path / "data"))
    assert champion_number(settings) is None
    assert not settings.state.exists()


@pytest.mark.parametrize("content", [b"something else", None])
def test_what_is_no_database_is_named(tmp_path: Path, content: bytes | None) -> None:
    settings = Settings.load(data_dir=str(tmp_path))
    settings.state.mkdir()
    file = settings.state / "mlflow.db"
    file.mkdir() if content is None else file.write_bytes(content)
    with pytest.raises(SantanderError, match=f"{file} should be an SQLite database"):
        champion_number(settings)


def changed_copy(settings: Settings, folder: Path, *statements: str) -> Settings:
    """Settings whose registry is a copy of the file, changed by SQL."""
    file = folder / "mlflow.db"
    source = sqlite3.connect(tracking_uri(settings).removeprefix("sqlite:///"))
    target = sqlite3.connect(file)
    source.backup(target)
    for statement in statements:
        target.execute(statement)
    target.commit()
    target.close()
    source.close()
    return settings.model_copy(update={"mlflow": settings.mlflow.model_copy(update={"tracking_uri": f"sqlite:///{file}"})})


def test_the_copy_of_a_file_is_read_as_long_as_it_is_as_known(settings: Settings, tmp_path: Path) -> None:
    copy = changed_copy(settings, tmp_path)
    assert as_the_file_says(copy) == as_the_file_says(settings)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE alembic_version SET version_num = 'later'",
        "DROP TABLE registered_model_aliases",
        "ALTER TABLE model_version_tags RENAME COLUMN value TO content",
        "INSERT INTO registered_models (name, workspace) VALUES ('m', 'elsewhere')",
    ],
)
def test_of_a_file_that_is_not_as_known_only_mlflow_can_say(settings: Settings, tmp_path: Path, statement: str) -> None:
    assert stored_model(changed_copy(settings, tmp_path, statement)) is None


@pytest.mark.parametrize("uri", ["http://host:5000", "postgresql://host/db", "sqlite:///{file}?mode=rw", "sqlite:////nowhere.db"])
def test_of_other_places_only_mlflow_can_say(settings: Settings, uri: str) -> None:
    named = uri.format(file=tracking_uri(settings).removeprefix("sqlite:///"))
    mlflow_settings = settings.mlflow.model_copy(update={"tracking_uri": named})
    assert stored_model(settings.model_copy(update={"mlflow": mlflow_settings})) is None


def test_with_workspaces_only_mlflow_can_say(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_WORKSPACE", "elsewhere")
    assert stored_model(settings) is None


def test_a_file_that_another_process_is_writing_is_left_to_mlflow(settings: Settings, tmp_path: Path) -> None:
    copy = changed_copy(settings, tmp_path)
    writer = sqlite3.connect(tmp_path / "mlflow.db", isolation_level=None)
    writer.execute("BEGIN EXCLUSIVE")
    assert stored_model(copy) is None
    writer.execute("ROLLBACK")
    assert stored_model(copy) is not None
    writer.close()
