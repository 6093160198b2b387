"""The verb on a small bank: a study, its candidate, its runs, and the recipe that is kept."""

import json
import shutil
from pathlib import Path

import pytest
import yaml
from pyspark.sql import SparkSession

from santander.config.settings import EMBEDDED, Settings
from santander.errors import InputError, SantanderError
from santander.pipeline.steps import Steps
from santander.registry.tracking import experiment_id, open_tracking
from santander.registry.versions import load_version
from santander.schema.records import plain
from santander.training.recipe import Recipe
from santander.tune.reporting import lines
from santander.tune.result import StudyResult
from santander.tune.trial_data import TrialData
from santander.tune.tune import Tuned, TuneOptions, parallel_trials, tune
from tests.conftest import Bank
from tests.environment import use_conf
from tests.tune.world import write_conf

TRIALS = 3


@pytest.fixture(scope="module")
def steps(bank: Bank, session: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Steps:
    """Steps over a copy of the bank, with a space of a few small trials."""
    folder = tmp_path_factory.mktemp("tuned")
    shutil.copytree(bank.settings.data, folder / "data", ignore=shutil.ignore_patterns("raw", "state"))
    conf = write_conf(folder / "conf")
    varied = {"max_depth": {"low": 2, "high": 4}, "eta": {"low": 0.2, "high": 0.4}}
    space = {"recipes": {"next_products": {"fixed": {"rounds": 12}, "settings": varied}}}
    (conf / "base" / "spaces" / "tiny.yaml").write_text(yaml.safe_dump(space))
    return Steps(Settings.load(data_dir=str(folder / "data")), session)


@pytest.fixture(autouse=True)
def _conf(steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    use_conf(monkeypatch, Path(steps.settings.data_dir).parent / "conf")


@pytest.fixture(scope="module")
def found(steps: Steps) -> tuple[StudyResult, Tuned]:
    with pytest.MonkeyPatch.context() as patch:
        use_conf(patch, Path(steps.settings.data_dir).parent / "conf")
        return tune(steps, TuneOptions(TRIALS, space="tiny", save_as="found", promote=False))


@pytest.fixture(scope="module")
def tuned(found: tuple[StudyResult, Tuned]) -> Tuned:
    return found[1]


def test_the_study_has_its_trials_and_its_best_is_a_version(tuned: Tuned, steps: Steps) -> None:
    figures = json.loads(json.dumps(plain(tuned)))
    assert figures["trials"]["complete"] + figures["trials"]["pruned"] == TRIALS
    assert figures["validation_month"] == "2016-04"
    assert figures["candidate"]["month"] == "2016-05"
    assert figures["best"]["map7"] >= figures["default"]["map7"]
    assert figures["best"]["share_of_ceiling"] == pytest.approx(figures["best"]["map7"] / figures["ceiling"])
    assert figures["promoted"] is False
    version = load_version(steps.settings, figures["version"])
    assert version.candidate.recipe == Recipe.load("found")
    assert version.candidate.fit_to_judge(version.candidate.gate) is not None


def test_the_recipe_kept_is_the_one_that_was_trained(found: tuple[StudyResult, Tuned]) -> None:
    study, tuned = found
    assert tuned.saved_as is not None
    assert tuned.saved_as.read_text().startswith(f"# Written by 'santander tune', study {tuned.study}:\n")
    best = tuned.best
    if not best.as_is:
        assert Recipe.load("found").settings["rounds"] == best.rounds
    assert "'santander train --recipe found' trains it" in lines(study, tuned)[-1]


def test_the_run_of_the_study_has_pictures_and_a_table(tuned: Tuned, steps: Steps) -> None:
    client = open_tracking(steps.settings)
    assert [file.path for file in client.list_artifacts(tuned.run_id, "plots")] == ["plots/history.png"]
    assert {file.path for file in client.list_artifacts(tuned.run_id)} >= {"space.json", "settings.json", "trials.csv"}
    run = client.get_run(tuned.run_id)
    assert run.data.metrics["best_map7"] == tuned.best.map7
    assert run.data.tags["candidate_version"] == str(tuned.candidate.version)
    children = client.search_runs([experiment_id(steps.settings, client)], f"tags.`mlflow.parentRunId` = '{tuned.run_id}'")
    assert len(children) == TRIALS


def test_the_same_command_again_finds_everything_done(tuned: Tuned, steps: Steps) -> None:
    _, again = tune(steps, TuneOptions(TRIALS, space="tiny", save_as="found", promote=False))
    assert again == tuned


def test_a_name_that_is_taken_is_refused_before_a_trial(tuned: Tuned, steps: Steps) -> None:
    assert tuned.saved_as is not None
    (tuned.saved_as.with_name("mine.yaml")).write_text("kind: popularity\n")
    for name, said in (
        ("mine", "mine.yaml is another recipe"),
        ("next_products", "in conf/base"),
        ("../x", "letters, digits"),
    ):
        with pytest.raises(InputError, match=said):
            tune(steps, TuneOptions(TRIALS + 5, space="tiny", save_as=name))


def test_an_interrupt_says_how_to_go_on(tuned: Tuned, steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(TrialData, "measure", interrupted)
    finished = f"{TRIALS} of {TRIALS + 1} trials of study {tuned.study} are finished"
    said = rf"^interrupted: {finished}: the same command goes on from there$"
    with pytest.raises(SantanderError, match=said):
        tune(steps, TuneOptions(TRIALS + 1, space="tiny", parallel=1))
    run = open_tracking(steps.settings).get_run(tuned.run_id)
    assert run.info.status == "KILLED"


@pytest.mark.plan
def test_several_trials_at_a_time_are_refused_on_spark(steps: Steps) -> None:
    embedded = steps.settings.model_copy(update={"master": EMBEDDED})
    on_spark = steps.settings.model_copy(update={"master": "local[2]"})
    assert parallel_trials(embedded, 3) == 3
    assert parallel_trials(on_spark, None) == 1
    with pytest.raises(InputError, match=r"3 trials at a time on local\[2\]"):
        parallel_trials(on_spark, 3)
