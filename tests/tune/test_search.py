"""Searches over a bank in which the right settings are known."""

import threading
from pathlib import Path
from typing import Any

import optuna
import pyarrow.compute as pc
import pytest

from santander.config.settings import Settings
from santander.errors import InputError, SantanderError
from santander.lake.lake import Lake
from santander.models.training_set import TrainingSet
from santander.registry.tracking import experiment_id, open_tracking
from santander.training.recipe import Recipe
from santander.tune.result import StudyResult, TrialCounts, recipe_of
from santander.tune.search import TooManyFailures
from santander.tune.space import Space
from santander.tune.trial_data import TrialData, months_of_trials
from tests.tune.world import (
    BLIND,
    GATE,
    LABELLED,
    SEEING,
    TARGET,
    VALIDATION,
    SlowData,
    World,
    finished,
    rows_of,
    tried,
)


def elsewhere(world: World, folder: Path) -> World:
    """The same with a state folder of its own, so with a study of its own."""
    return World(world.settings.model_copy(update={"state_dir": str(folder)}), world.space)


def test_the_recipe_as_it_is_comes_first_and_the_best_is_compared_with_it(world: World) -> None:
    result = world.search(4)
    first, *others = result.trials
    assert first.as_is
    assert first.settings == {"eta": 0.5, "max_depth": 2}
    assert not any(trial.as_is for trial in others)
    assert result.default == first
    assert result.best is not None
    assert result.gain is not None
    assert result.gain >= 0


def test_trials_are_measured_on_the_validation_month_and_never_see_the_gate_month(world: World) -> None:
    seen: list[TrainingSet] = []

    class Looking(TrialData):
        def measure(self, *given: Any) -> Any:
            assert isinstance(self.training, TrainingSet)
            seen.append(self.training)
            return super().measure(*given)

    result = world.search(2, data=Looking)
    assert result.month == VALIDATION
    recipe = Recipe.load("small")
    assert max(months_of_trials([recipe], TARGET, LABELLED)) == VALIDATION
    snapshots = {day for rows in seen for day in rows.buyers["snapshot_date"].to_pylist()}
    assert max(snapshots) == VALIDATION.snapshot
    assert GATE.snapshot not in {day for rows in seen for day in rows.population["snapshot_date"].to_pylist()}


def test_what_a_trial_is_fitted_on_ends_before_the_validation_month() -> None:
    fitted: list[TrainingSet] = []
    rows = rows_of([VALIDATION - 2, VALIDATION - 1, VALIDATION])
    recipe = Recipe.load("popularity").model_copy(update={"name": "p"})

    class Model(recipe.model):  # type: ignore[name-defined,misc]
        @classmethod
        def fit(cls, settings: Any, training: Any, *rest: Any) -> Any:
            fitted.append(training)
            return super().fit(settings, training, *rest)

    class Spied(Recipe):
        @property
        def model(self) -> Any:
            return Model

    TrialData.of(TARGET, LABELLED, rows).measure(Spied(**dict(recipe)), lambda *_: None)
    assert fitted[0].months == (VALIDATION - 2, VALIDATION - 1)


def test_a_validation_month_without_additions_is_refused_before_the_first_trial() -> None:
    rows, month = rows_of(LABELLED), VALIDATION.snapshot
    kept = (pc.field("snapshot_date") != month) | (pc.field("added") == 0)
    silent = TrainingSet(rows.buyers.filter(pc.field("snapshot_date") != month), rows.population.filter(kept), rows.weights)
    with pytest.raises(InputError, match=f"nobody added anything in {VALIDATION}, .*: tune for another month"):
        TrialData.of(TARGET, LABELLED, silent)


def test_another_seed_gives_other_trials(world: World, tmp_path: Path) -> None:
    one, other = world.search(3), elsewhere(world, tmp_path / "other").search(3, seed=99)
    assert tried(one)[0] == tried(other)[0]
    assert tried(one)[1:] != tried(other)[1:]


def test_the_same_seed_gives_the_same_trials_also_to_a_study_that_goes_on(world: World, tmp_path: Path) -> None:
    at_once = elsewhere(world, tmp_path / "at once").search(10)
    stepwise = elsewhere(world, tmp_path / "stepwise")
    for trials in (3, 10, 10):
        result = stepwise.search(trials)
    assert tried(result) == tried(at_once)


def test_random_trials_differ(world: World) -> None:
    values = [str(trial.settings) for trial in world.search(6, "random").trials]
    assert len(set(values)) == 6


def test_the_grid_is_every_combination_once_and_then_it_ends(world: World) -> None:
    result = world.search(100, "grid")
    values = [tuple(trial.settings.values()) for trial in finished(result)]
    depths, etas = (1, 2, 4), (0.1, 0.316, 1.0)
    assert sorted(values[1:]) == sorted((eta, depth) for depth in depths for eta in etas)
    assert values[0] == (0.5, 2)


def test_a_hopeless_trial_is_given_up_and_a_good_one_is_not(world: World) -> None:
    world.space = "columns"
    world.settings = world.settings.model_copy(update={"tuning": world.settings.tuning.model_copy(update={"startup_trials": 1})})
    result = world.search(8, "random")
    states = {(trial.state, tuple(trial.settings["columns"])) for trial in result.trials}
    assert states == {("complete", tuple(SEEING)), ("pruned", tuple(BLIND))}
    assert all((trial.rounds or 0) < 12 for trial in result.in_state("pruned"))
    assert len(result.trials) == 8


def test_nothing_is_given_up_before_its_rounds_of_grace(world: World) -> None:
    world.space = "columns"
    world.settings = world.settings.model_copy(update={"tuning": world.settings.tuning.model_copy(update={"startup_trials": 1})})
    assert world.search(8, "random", warmup_rounds=13).counts().pruned == 0


def test_kinds_compete_each_with_settings_of_its_own(world: World) -> None:
    world.space = "kinds"
    result = world.search(10, "random")
    of_recipe = {name: [t for t in result.trials if t.recipe == name] for name in ("small", "counted")}
    assert all(set(t.settings) == {"max_depth", "columns", "months.1"} for t in of_recipe["small"])
    assert all(set(t.settings) == {"min_group"} for t in of_recipe["counted"] if not t.as_is)
    assert [t.as_is for t in result.trials[:3]] == [True, True, False]
    assert result.best is not None
    assert result.best.recipe == "small"
    assert all(t.rounds is None for t in of_recipe["counted"])


def test_the_best_becomes_a_recipe_with_the_rounds_that_were_found(world: World) -> None:
    world.space = "kinds"
    result = world.search(10, "random")
    space, recipes = Space.load("kinds"), {name: Recipe.load(name) for name in ("small", "counted")}
    (trial, *_) = [t for t in result.in_state("complete") if t.recipe == "small" and not t.as_is]
    made = recipe_of(trial, recipes, space, None)
    assert made.name == "small_tuned"
    assert made.settings["rounds"] == trial.rounds
    assert made.settings["rounds"] <= 8
    assert made.settings["max_depth"] == trial.settings["max_depth"]
    assert made.months[0].weight == trial.settings["months.1"]
    assert (made.fits.rounds, made.fits.judged, made.fits.promoted) == (False, True, True)
    again = TrialData.of(TARGET, LABELLED, rows_of(LABELLED[:3])).measure(made, lambda *_: None)
    assert again.map7 == trial.map7
    as_is = next(t for t in result.trials if t.as_is and t.recipe == "small")
    assert recipe_of(as_is, recipes, space, None) == recipes["small"]


def test_several_trials_at_a_time_are_as_many_as_wanted(world: World) -> None:
    most, now, lock = 0, 0, threading.Lock()

    class Counting(SlowData):
        def measure(self, *given: Any) -> Any:
            nonlocal most, now
            with lock:
                now += 1
                most = max(most, now)
            try:
                return super().measure(*given)
            finally:
                with lock:
                    now -= 1

    result = world.search(6, parallel=2, data=Counting)
    assert most == 2
    assert len(finished(result)) == 6
    assert len({str(trial.settings) for trial in result.trials}) == 6


def test_no_trial_begins_when_the_time_is_up(world: World) -> None:
    result = world.search(1000, timeout=1.0, data=SlowData)
    assert 0 < len(result.trials) < 1000


def test_a_trial_that_fails_does_not_end_the_search_but_three_in_a_row_do(world: World) -> None:
    class Failing(TrialData):
        def measure(self, recipe: Any, progress: Any) -> Any:
            if recipe.settings["max_depth"] > 1:
                raise SantanderError("too deep")
            return super().measure(recipe, progress)

    with pytest.raises(TooManyFailures, match="3 trials in a row failed, the last with: too deep"):
        world.search(40, "random", data=Failing)
    result = world.search(8, "random", seed=4)
    assert len(finished(result)) == 8
    assert {trial.failure for trial in result.in_state("failed")} == {"too deep"}


def test_every_trial_is_a_run_below_the_run_of_the_study(world: World) -> None:
    world.search(2)
    result = world.search(3)
    client = open_tracking(world.settings)
    runs = client.search_runs([experiment_id(world.settings, client)])
    (parent,) = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    children = [run for run in runs if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    assert len(children) == 3
    logged = {(run.data.params["eta"], run.data.params["max_depth"], run.data.metrics["map7"]) for run in children}
    assert logged == {(str(t.settings["eta"]), str(t.settings["max_depth"]), t.map7) for t in result.trials}
    assert {run.info.status for run in (parent, *children)} == {"FINISHED"}


def test_an_interrupt_leaves_a_study_that_goes_on(world: World) -> None:
    class Interrupted(TrialData):
        def measure(self, recipe: Recipe, progress: Any) -> Any:
            if recipe.settings["eta"] != 0.5:
                raise KeyboardInterrupt
            return super().measure(recipe, progress)

    with pytest.raises(KeyboardInterrupt):
        world.search(4, data=Interrupted)
    result = world.search(4)
    assert result.counts() == TrialCounts(complete=len(finished(result)), pruned=0, failed=0, killed=1)
    assert len(finished(result)) == 4
    killed = result.in_state("killed")[0]
    assert [t.settings for t in finished(result)].count(killed.settings) == 1


def test_the_csv_has_a_line_for_each_trial(world: World) -> None:
    lines = world.search(3).as_csv().splitlines()
    assert lines[0] == "trial,state,recipe,as_is,map7,share_of_ceiling,rounds,seconds,failure,eta,max_depth"
    assert len(lines) == 4
    assert lines[1].startswith("0,complete,small,True,")


def test_a_study_is_of_one_space_and_one_state_of_the_rows(world: World) -> None:
    world.search(2)
    changed = World(world.settings, "small", rows={"customers": {"2016-03": "other"}})
    assert len(changed.search(1).trials) == 1
    assert len(world.search(2).trials) == 2


def test_a_result_without_trials_says_so(world: World) -> None:
    empty = StudyResult("s", VALIDATION, 0.03, ())
    assert empty.best is None
    assert empty.comparison() == "no trial was completed"


def test_optuna_keeps_studies_where_the_state_is(world: World) -> None:
    world.search(1)
    file = world.settings.state / "tuning.db"
    assert optuna.get_all_study_names(f"sqlite:///{file}")[0].startswith("small for 2016-05, ")


def test_a_study_has_one_tuner_at_a_time(world: World) -> None:
    impatient = Settings.load(data_dir=str(world.settings.data), locks={"wait": 0.1}, mlflow=world.settings.mlflow.model_dump())
    with world.study():
        assert Lake(impatient) is not None
        with pytest.raises(SantanderError, match="another run is writing tuning-"):
            World(impatient).search(1)
