"""Folds in order of time: which months each sees, what it reports, and that it never looks ahead."""

import json
import statistics
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from santander.config.settings import Settings
from santander.errors import InputError
from santander.evaluation.judgement import judge
from santander.evaluation.month_to_judge import MonthToJudge
from santander.models.month_weight import ALIKE, MonthWeight
from santander.models.training_set import TrainingSet
from santander.schema.features import FEATURE_NAMES
from santander.schema.months import Month, month_range
from santander.schema.records import plain
from santander.training.cross_validation import CrossValidationPayload, FoldResult, judge_fold, summary_of
from santander.training.fitting import fit_candidate
from santander.training.folds import Window, months_of, plan_folds, reaching_back
from santander.training.plan import FitName
from santander.training.recipe import Fits, MonthsBefore, Recipe
from tests.conftest import Bank
from tests.models.toy_world import MASK, rows_to_judge
from tests.registry.two_holders import FIRST, SAVER, month_of_buyers, recipe

LABELLED = month_range(FIRST, FIRST + 5)
LAST = LABELLED[-1]
WINDOWS: tuple[Window, ...] = ("expanding", "recipe")


def searching(made: Recipe) -> Recipe:
    return made.model_copy(update={"fits": Fits(rounds=True, judged=True, promoted=True)})


def world(months: Mapping[Month, TrainingSet] | None = None) -> TrainingSet:
    parts = {month: month_of_buyers(month) for month in LABELLED} | dict(months or {})
    return TrainingSet(
        pa.concat_tables(part.buyers for part in parts.values()),
        pa.concat_tables(part.population for part in parts.values()),
        dict.fromkeys(parts, ALIKE),
    )


def otherwise(month: Month) -> TrainingSet:
    """A month in which all add what the others of their month usually add."""
    part = month_of_buyers(month)
    exchange = {MASK["securities"]: MASK["credit_card"], MASK["credit_card"]: MASK["securities"]}
    added = pa.array([exchange.get(mask, mask) for mask in part.buyers["added"].to_pylist()], pa.int32())
    buyers = part.buyers.set_column(part.buyers.column_names.index("added"), "added", added)
    return TrainingSet(buyers, part.population, part.weights)


# --- which months ----------------------------------------------------------------------------------------------------


def test_folds_are_the_last_labelled_months_in_order() -> None:
    assert [fold.month for fold in plan_folds(recipe(), LABELLED, 3, "recipe")] == LABELLED[-3:]


def test_the_recipes_window_fits_on_the_months_it_names() -> None:
    fitted = [list(fold.plan.fits[-1].weights) for fold in plan_folds(recipe(), LABELLED, 2, "recipe")]
    assert fitted == [LABELLED[2:4], LABELLED[3:5]]


def test_the_expanding_window_fits_on_every_month_before() -> None:
    fitted = [list(fold.plan.fits[-1].weights) for fold in plan_folds(recipe(), LABELLED, 3, "expanding")]
    assert fitted == [LABELLED[:3], LABELLED[:4], LABELLED[:5]]


def test_months_that_the_recipe_names_keep_their_weight_and_the_others_count_one() -> None:
    seasonal = MonthsBefore(first=4, last=4, weight=0, products={"taxes": 3})
    made = recipe().model_copy(update={"months": (MonthsBefore(first=1, last=1, weight=2), seasonal)})
    weights = plan_folds(made, LABELLED, 2, "expanding")[-1].plan.fits[-1].weights
    assert weights == {
        LABELLED[0]: ALIKE, LABELLED[1]: MonthWeight(0, (("taxes", 3),)), LABELLED[2]: ALIKE, LABELLED[3]: ALIKE,
        LABELLED[4]: MonthWeight(2),
    }  # fmt: skip


def test_a_search_for_rounds_stops_on_the_month_before_the_fold() -> None:
    for window in WINDOWS:
        for fold in plan_folds(searching(recipe()), LABELLED, 2, window):
            search, judged = fold.plan.fits
            assert (search.validation, judged.validation) == (fold.month - 1, None)
            assert search.validation not in search.weights


@given(
    months=st.sets(st.integers(0, 24), min_size=4),
    folds=st.integers(2, 6),
    rounds=st.booleans(),
    window=st.sampled_from(WINDOWS),
    first=st.integers(1, 4),
    more=st.integers(0, 12),
)
def test_no_fold_is_planned_on_its_own_month_or_a_later_one(
    months: set[int], folds: int, rounds: bool, window: Window, first: int, more: int
) -> None:
    made = recipe().model_copy(update={"months": (MonthsBefore(first=first, last=first + more),)})
    try:
        planned = plan_folds(searching(made) if rounds else made, [FIRST + back for back in sorted(months)], folds, window)
    except InputError:
        return
    for fold in planned:
        assert all(month < fold.month for month in fold.plan.months)
        assert all(fit.validation is None or max(fit.weights) < fit.validation for fit in fold.plan.fits)


@pytest.mark.parametrize("window", WINDOWS)
def test_no_fit_of_a_fold_is_given_its_own_month_or_a_later_one(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Month] = []
    kind = recipe().model
    fit = kind.fit

    def watched(settings, training, validation=None, progress=lambda *_: None):
        for rows in (training, *([] if validation is None else [validation])):
            seen.extend(Month.of(day) for table in (rows.buyers, rows.population) for day in table["snapshot_date"].to_pylist())
        return fit(settings, training, validation, progress)

    monkeypatch.setattr(kind, "fit", watched)
    for fold in plan_folds(searching(recipe()), LABELLED, 3, window):
        seen.clear()
        fit_candidate(fold.recipe, fold.plan, world())
        assert max(seen) == fold.month - 1


@pytest.mark.parametrize("window", WINDOWS)
def test_the_fit_of_a_fold_is_the_same_whatever_its_month_and_the_later_ones_hold(window: Window) -> None:
    fold = plan_folds(searching(recipe()), LABELLED, 3, window)[0]
    future = {month: otherwise(month) for month in LABELLED if month >= fold.month}
    as_it_is, other_future, other_past = (
        fit_candidate(fold.recipe, fold.plan, world(months)).fits[FitName.JUDGED].model.fingerprint
        for months in ({}, future, {fold.month - 2: otherwise(fold.month - 2)})
    )
    assert as_it_is == other_future
    assert as_it_is != other_past


def test_the_window_reaches_no_further_than_the_months_there_are() -> None:
    assert reaching_back(recipe(), 2) == recipe()
    assert sum(s.last - s.first + 1 for s in reaching_back(recipe(), 5).months) == 5


def test_the_training_set_holds_the_months_of_all_folds_once() -> None:
    assert months_of(plan_folds(recipe(), LABELLED, 2, "recipe")) == LABELLED[2:]
    assert months_of(plan_folds(recipe(), LABELLED, 2, "expanding")) == LABELLED


def test_too_few_months_are_counted_or_named() -> None:
    with pytest.raises(InputError, match=r"7 folds need 7 months whose additions are known.*known are 6"):
        plan_folds(recipe(), LABELLED, 7, "expanding")
    known = f"additions are known of {FIRST} to {LAST}: ask for fewer --folds"
    with pytest.raises(InputError, match=f"^fold {FIRST} has too few months before it to learn from: {known}$"):
        plan_folds(recipe(), LABELLED, 6, "expanding")
    with pytest.raises(InputError, match=rf"fold {LABELLED[1]} has too few months"):
        plan_folds(searching(recipe()), LABELLED, 5, "recipe")


# --- what is reported ------------------------------------------------------------------------------------------------


def everyone_of(part: TrainingSet) -> MonthToJudge:
    """The buyers of a month and those who added nothing."""
    names = [*FEATURE_NAMES, "added", "customer_id"]
    nothing = int(np.sum(part.population["customers"].to_numpy())) - part.buyers.num_rows
    others = rows_to_judge([(SAVER, 0)] * nothing)
    return MonthToJudge.in_driver(LAST, pa.concat_tables([part.buyers.select(names), others.select(names)]))


@pytest.fixture(scope="module")
def folds(tmp_path_factory: pytest.TempPathFactory) -> list[FoldResult]:
    settings = Settings.load(data_dir=str(tmp_path_factory.mktemp("no-oracle")))
    return [judge_fold(settings, world(), fold) for fold in plan_folds(searching(recipe()), LABELLED, 2, "expanding")]


def test_a_fold_has_the_figures_of_a_judgement_over_all_customers(folds: list[FoldResult]) -> None:
    fold = plan_folds(searching(recipe()), LABELLED, 2, "expanding")[-1]
    fit = fit_candidate(fold.recipe, fold.plan, world()).fits[FitName.JUDGED]
    whole = judge(fit.model, fit.baseline, everyone_of(month_of_buyers(LAST))).evaluation
    found = folds[-1]
    assert (found.map7, found.baseline) == (pytest.approx(whole.map7), pytest.approx(whole.baseline))
    assert (found.ceiling, found.oracle) == (whole.ceiling, None)
    assert found.map7 > found.baseline > 0
    assert found.validation == LAST - 1
    assert list(found.fit_months) == LABELLED[:5]


def test_mean_and_spread_are_those_of_the_folds(folds: list[FoldResult]) -> None:
    other = FoldResult(FIRST, 10, 2, map7=0.1, ceiling=0.2, baseline=0.05, oracle=0.19, fit_months=(FIRST,))
    summary = summary_of([*folds, other])
    gains = [fold.map7 / fold.baseline - 1 for fold in (*folds, other)]
    assert summary.map7.mean == pytest.approx(statistics.mean([*(fold.map7 for fold in folds), 0.1]))
    assert summary.gain_over_baseline.mean == pytest.approx(statistics.mean(gains))
    assert summary.gain_over_baseline.deviation == pytest.approx(statistics.stdev(gains))
    assert summary.share_of_ceiling.deviation == pytest.approx(
        statistics.stdev([*(fold.map7 / fold.ceiling for fold in folds), 0.5])
    )


def test_the_result_is_plain_values(folds: list[FoldResult]) -> None:
    found = json.loads(json.dumps(plain(CrossValidationPayload("a run", "a recipe", "expanding", folds, summary_of(folds)))))
    assert [fold["month"] for fold in found["folds"]] == [str(month) for month in LABELLED[-2:]]
    assert {"map7", "baseline", "ceiling", "share_of_ceiling", "gain_over_baseline", "rounds"} <= set(found["folds"][0])
    assert set(found["map7"]) == {"mean", "deviation"}


def test_an_unknown_window_is_refused_in_one_line() -> None:
    with pytest.raises(InputError, match=r"--window: .*'expanding' or 'recipe'"):
        Settings.load().cross_validation.changed(window="random")
    assert Settings.load().cross_validation.changed(folds=3, window=None).folds == 3


# --- a bank ----------------------------------------------------------------------------------------------------------


@pytest.mark.embedded
@pytest.mark.sample(push=1, of="long verbs")
def test_a_bank_is_validated_without_anything_being_registered(bank: Bank, tmp_path: Path) -> None:
    command = [str(Path(sys.executable).with_name("santander")), "train", "--cv", "--folds", "2", "--rounds", "10", "--json"]
    places = ["--data-dir", bank.settings.data_dir, "--state-dir", str(tmp_path)]
    done = subprocess.run([*command, *places], capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    known = {entry["month"]: entry for entry in json.loads((bank.raw / "oracle.json").read_text())["months"]}
    assert [fold["month"] for fold in found["folds"]] == ["2016-04", "2016-05"]
    for fold in found["folds"]:
        assert fold["oracle"] == known[fold["month"]]["oracle"]
        assert fold["ceiling"] == pytest.approx(known[fold["month"]]["ceiling"])
        assert 0 < fold["baseline"] < fold["ceiling"]
        assert fold["fit_months"][0] == "2015-02"
        assert max(fold["fit_months"]) < fold["month"]
    import mlflow

    client = mlflow.MlflowClient(*[f"sqlite:///{tmp_path / 'mlflow.db'}"] * 2)
    assert not client.search_registered_models()
    runs = client.search_runs([client.get_experiment_by_name("next-products").experiment_id])
    below = {run.info.run_name for run in runs if run.data.tags.get("mlflow.parentRunId") == found["run_id"]}
    assert below == {"fold 2016-04", "fold 2016-05"}
    parent = client.get_run(found["run_id"])
    assert parent.data.metrics["share_of_ceiling_mean"] == pytest.approx(found["share_of_ceiling"]["mean"])
    assert parent.info.status == "FINISHED"
