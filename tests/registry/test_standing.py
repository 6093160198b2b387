"""A champion that is gone, has lost its files or is another's: nothing scores, and the remedy that is named works."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from santander.config.settings import Settings
from santander.errors import SantanderError
from santander.evaluation.judgement import MonthToJudge
from santander.lake.lake import Lake
from santander.registry import orders as alias_module
from santander.registry import orders as rollback_module
from santander.registry.champion import ChampionUnfit, Standing, champion, sound_champion, standing, version_for
from santander.registry.decisions import Undecided, decisions
from santander.registry.orders import roll_back
from santander.registry.promotion import promote_version, register_candidate
from santander.registry.tracking import open_tracking, tracking_uri
from santander.registry.versions import NoChampion, champion_number, stored_model
from santander.schema.months import Month
from santander.storage.spelling import file_address, path_of_sqlite, sqlite_address
from tests.registry.conftest import Named
from tests.registry.two_holders import gate_month, recipe, report_for

APRIL, MAY, JUNE = Month(2016, 4), Month(2016, 5), Month(2016, 6)


@pytest.fixture(scope="module")
def made(named: Named) -> Settings:
    """A registry in which version 1, the baseline, was champion and version 2 is; version 3 waits."""
    settings = named("standing")
    register_candidate(settings, Lake(settings), report_for(MAY, recipe()))
    register_candidate(settings, Lake(settings), report_for(JUNE, recipe()), promote=False)
    return settings


@pytest.fixture
def settings(made: Settings, tmp_path: Path) -> Settings:
    """The same registry in files of its own, which the test may damage; its files of models are those of all."""
    shutil.copytree(made.data / "lake", tmp_path / "data" / "lake")
    (tmp_path / "state").mkdir()
    with (
        closing(sqlite3.connect(of_sqlite(made))) as source,
        closing(sqlite3.connect(tmp_path / "state" / "mlflow.db")) as target,
    ):
        source.backup(target)
    name = {"tracking_uri": sqlite_address(tmp_path / "state" / "mlflow.db"), "experiment": "standing"}
    return Settings.load(
        data_dir=str(tmp_path / "data"), state_dir=str(tmp_path / "state"), mlflow={**name, "registered_model": "standing"}
    )


def of_sqlite(settings: Settings) -> Path:
    file = path_of_sqlite(tracking_uri(settings))
    assert file is not None
    return file


def execute(settings: Settings, statement: str) -> None:
    with closing(sqlite3.connect(of_sqlite(settings))) as registry:
        registry.execute(statement)
        registry.commit()


def folder_of(settings: Settings, number: int) -> Path:
    stored = stored_model(settings)
    assert stored is not None
    folder = stored.versions[number].folder()
    assert folder is not None
    return folder


def back(settings: Settings) -> int | None:
    return roll_back(settings, Lake(settings), "a trial").champion


def test_a_sound_champion_has_no_problem(settings: Settings) -> None:
    assert standing(settings) == Standing(2)
    assert sound_champion(settings) == 2


def test_an_alias_on_a_version_that_is_gone_lets_no_other_score(settings: Settings) -> None:
    execute(settings, "UPDATE model_versions SET current_stage = 'Deleted_Internal' WHERE version = 2 AND name = 'standing'")
    found = standing(settings)
    assert found.champion == 2
    assert found.problem == "champion version 2 of 'standing' is gone from the registry"
    assert found.remedy == "'santander promote --rollback' gives the alias to version 1, the champion before"
    for month in (APRIL, MAY, JUNE):
        with pytest.raises(ChampionUnfit, match="champion version 2 of"):
            version_for(settings, month)
    with pytest.raises(ChampionUnfit, match="promote --rollback"):
        champion(settings)
    assert back(settings) == 1
    assert (standing(settings), version_for(settings, JUNE).number) == (Standing(1), 1)
    assert [row.promoted for row in decisions(settings, Lake(settings))][-1] is True


def test_deleting_the_champion_in_mlflow_takes_the_alias_and_no_first_champion_is_made_anew(settings: Settings) -> None:
    open_tracking(settings).delete_model_version("standing", "2")
    assert champion_number(settings) is None
    found = standing(settings)
    assert found.message is not None
    assert found.message.startswith("no version of 'standing' has the alias champion any more: 'santander promote --rollback'")
    with pytest.raises(ChampionUnfit):
        version_for(settings, JUNE)
    with pytest.raises(Undecided, match="has the alias champion any more"):
        register_candidate(settings, Lake(settings), report_for(MAY, recipe()))
    assert champion_number(settings) is None
    assert back(settings) == 1
    assert standing(settings) == Standing(1)


def test_where_no_version_that_is_left_was_ever_champion_an_override_is_named_and_no_first_one_made(settings: Settings) -> None:
    for number in ("1", "2"):
        open_tracking(settings).delete_model_version("standing", number)
    told = standing(settings).message
    assert told is not None
    assert told.startswith("no version of 'standing' has the alias champion any more: 'santander promote --version 3 --override")
    with pytest.raises(ChampionUnfit):
        version_for(settings, JUNE)
    with pytest.raises(Undecided, match="has the alias champion any more"):
        register_candidate(settings, Lake(settings), report_for(MAY, recipe()))
    with pytest.raises(Undecided, match="promote --version"):
        back(settings)
    assert champion_number(settings) is None
    assert promote_version(settings, Lake(settings), rows_of, 3, override="the others are gone").champion == 3
    assert standing(settings) == Standing(3)


def test_a_champion_whose_files_are_gone_is_named_with_the_place(settings: Settings) -> None:
    folder = folder_of(settings, 2)
    aside = folder.rename(folder.with_name("aside"))
    try:
        found = standing(settings)
        assert found.problem is not None
        assert found.problem.startswith(f"champion 2 does not load: it has no {folder} (")
        with pytest.raises(ChampionUnfit):
            version_for(settings, JUNE)
        with pytest.raises(Undecided, match="promote --rollback"):
            promote_version(settings, Lake(settings), rows_of, 3)
    finally:
        aside.rename(folder)
    assert standing(settings) == Standing(2)


@pytest.mark.parametrize("lost", ["artifacts/candidate/candidate.json", "artifacts/candidate/fits/promoted/model"])
def test_a_champion_that_lost_a_part_of_its_files_is_named(settings: Settings, lost: str) -> None:
    part = folder_of(settings, 2) / lost
    aside = part.rename(part.with_name("aside"))
    try:
        assert str(part) in str(standing(settings).problem)
    finally:
        aside.rename(part)


def rows_of(month: Month | None) -> MonthToJudge:
    return gate_month(month or APRIL)


def test_where_the_champion_before_is_gone_too_an_override_is_named_and_works(settings: Settings) -> None:
    for number in ("1", "2"):
        open_tracking(settings).delete_model_version("standing", number)
    execute(settings, "INSERT INTO registered_model_aliases VALUES ('champion', 2, 'standing', 'default')")
    assert "'santander promote --version 3 --override --reason TEXT' gives the alias" in str(standing(settings).remedy)
    with pytest.raises(Undecided, match="no champion before version 2 is known"):
        back(settings)
    assert promote_version(settings, Lake(settings), rows_of, 3, override="the others are gone").champion == 3
    assert standing(settings) == Standing(3)


def test_where_no_version_is_left_training_one_is_named(settings: Settings) -> None:
    for number in ("1", "2", "3"):
        open_tracking(settings).delete_model_version("standing", number)
    execute(settings, "INSERT INTO registered_model_aliases VALUES ('champion', 2, 'standing', 'default')")
    assert "'santander train --no-promote' makes a version" in str(standing(settings).remedy)
    waiting = register_candidate(settings, Lake(settings), report_for(MAY, recipe()), promote=False)
    assert promote_version(settings, Lake(settings), rows_of, waiting.version, override="a new one").champion == waiting.version
    assert standing(settings) == Standing(waiting.version)


def test_a_version_of_another_kind_does_not_score(settings: Settings) -> None:
    client = open_tracking(settings)
    foreign = client.create_model_version("standing", file_address(settings.state))
    assert version_for(settings, JUNE).number == 2  # what is registered beside ours is in nobody's way
    client.set_registered_model_alias("standing", "champion", foreign.version)
    problem = str(standing(settings).problem)
    assert problem.startswith(f"champion {foreign.version} does not load: it has no ")
    assert problem.endswith("(gone, or 'santander train' did not make the version)")
    assert back(settings) == 2
    assert standing(settings) == Standing(2)


def test_a_champion_without_its_month_is_named(settings: Settings) -> None:
    open_tracking(settings).delete_model_version_tag("standing", "2", "target")
    assert "does not say by its tag 'target'" in str(standing(settings).problem)


def test_before_there_was_a_champion_there_is_no_problem(named: Named) -> None:
    settings = named("standing-never")
    assert standing(settings) == Standing(None)
    with pytest.raises(NoChampion):
        sound_champion(settings)


def test_a_first_decision_that_was_never_done_is_made_anew(named: Named, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = named("standing-first")

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(alias_module, "set_alias", die)
    with pytest.raises(KeyboardInterrupt):
        register_candidate(settings, Lake(settings), report_for(MAY, recipe()))
    monkeypatch.undo()
    assert [row.is_only_meant for row in decisions(settings, Lake(settings))] == [True]
    assert standing(settings) == Standing(None)
    assert register_candidate(settings, Lake(settings), report_for(MAY, recipe())).champion == 3


def test_a_rollback_that_fails_on_the_way_stays_meant(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise SantanderError("the registry refuses")

    monkeypatch.setattr(rollback_module, "set_alias", refuse)
    with pytest.raises(Undecided, match="the registry refuses"):
        back(settings)
    monkeypatch.undo()
    assert decisions(settings, Lake(settings))[-1].is_only_meant
    assert champion_number(settings) == 2
    assert back(settings) == 1
    assert [row.promoted for row in decisions(settings, Lake(settings))][-2:] == [None, True]
