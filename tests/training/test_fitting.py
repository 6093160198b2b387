"""The fits of a candidate on a toy world of four months."""

import logging

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from santander.errors import InputError
from santander.models.month_weight import ALIKE
from santander.models.training_set import TrainingSet
from santander.schema.months import Month
from santander.training.candidate import Candidate
from santander.training.fitting import fit_candidate
from santander.training.plan import FitName, plan_months
from santander.training.recipe import Fits, MonthsBefore, Recipe
from tests.models.toy_world import STUDENT, feature_rows, toy_training_set

MONTHS = [Month(2016, 1) + step for step in range(4)]
TARGET = Month(2016, 5)


def recipe(rounds: bool) -> Recipe:
    return Recipe(
        name="toy",
        kind="xgboost",
        months=(MonthsBefore(first=1, last=2),),
        fits=Fits(rounds=rounds, judged=True, promoted=True),
        settings={"columns": ["profile"], "rounds": 300, "early_stopping_rounds": 2, "max_depth": 3, "eta": 0.5},
    )


def four_months() -> TrainingSet:
    parts = [toy_training_set(month, each=20) for month in MONTHS]
    return TrainingSet(
        pa.concat_tables(part.buyers for part in parts),
        pa.concat_tables(part.population for part in parts),
        dict.fromkeys(MONTHS, ALIKE),
    )


@pytest.fixture(scope="module")
def candidate() -> Candidate:
    return fit_candidate(recipe(rounds=True), plan_months(recipe(rounds=True), TARGET, MONTHS), four_months())


def test_the_rounds_found_are_taken_over(candidate: Candidate) -> None:
    rounds = {fit.model.rounds for fit in candidate.fits.values()}
    assert len(rounds) == 1
    assert rounds.pop() < 300  # type: ignore[operator]


def test_without_a_search_the_rounds_of_the_recipe_are_made() -> None:
    few = recipe(rounds=False).with_rounds(3)
    fitted = fit_candidate(few, plan_months(few, TARGET, MONTHS), four_months())
    assert {fit.model.rounds for fit in fitted.fits.values()} == {3}
    assert {fit.validation for fit in fitted.fits.values()} == {None}


def test_fit_and_validation_months_are_recorded(candidate: Candidate) -> None:
    judged = candidate.fits[FitName.JUDGED]
    assert list(judged.weights) == [Month(2016, 2), Month(2016, 3)]
    assert judged.seen == {Month(2016, 2), Month(2016, 3)}
    assert judged.validation == Month(2016, 3)


def test_the_promoted_fit_scores_the_target(candidate: Candidate) -> None:
    assert candidate.scoring.name is FitName.PROMOTED
    assert candidate.scoring.last_month == Month(2016, 4)


def test_a_month_is_judged_by_the_fit_that_saw_most_without_it(candidate: Candidate) -> None:
    assert candidate.fit_to_judge(Month(2016, 5)) is candidate.fits[FitName.PROMOTED]
    assert candidate.fit_to_judge(Month(2016, 4)) is candidate.fits[FitName.JUDGED]
    assert candidate.fit_to_judge(Month(2016, 3)) is None


def test_a_fit_sees_its_own_months_only(candidate: Candidate) -> None:
    small = four_months().of_months({Month(2016, 2): ALIKE, Month(2016, 3): ALIKE})
    judged = candidate.fits[FitName.JUDGED]
    assert small.buyers.num_rows == four_months().buyers.num_rows / 2
    np.testing.assert_array_equal(judged.model.prior, small.shares())
    rows = feature_rows([STUDENT])
    np.testing.assert_array_equal(judged.baseline.score(rows)[0].astype(np.float64).round(3), [0] * 12 + [0.02] + [0] * 11)


def test_rounds_are_not_searched_on_a_month_without_additions() -> None:
    known = four_months()
    last = MONTHS[-2].snapshot
    silent = TrainingSet(
        known.buyers.filter(pc.field("snapshot_date") != last),
        known.population.filter((pc.field("snapshot_date") != last) | (pc.field("added") == 0)),
        known.weights,
    )
    with pytest.raises(InputError, match=f"nobody added anything in {MONTHS[-2]}"):
        fit_candidate(recipe(rounds=True), plan_months(recipe(rounds=True), TARGET, MONTHS), silent)


def test_a_long_fit_is_heard_of(caplog: pytest.LogCaptureFixture) -> None:
    few = recipe(rounds=False).with_rounds(3)
    with caplog.at_level(logging.INFO, logger="santander"):
        fit_candidate(few, plan_months(few, TARGET, MONTHS), four_months())
    assert "fit judged of toy for 2016-04: round 3 of 3" in caplog.text


def test_examples_stand_in_one_order_however_the_rows_arrive() -> None:
    training = four_months()
    shuffled = training.buyers.take(np.random.default_rng(1).permutation(training.buyers.num_rows))
    first, again = training.additions(), TrainingSet(shuffled, training.population, training.weights).additions()
    np.testing.assert_array_equal(again.product, first.product)
    for column in ("snapshot_date", "customer_id"):
        expected = first.buyers[column].to_numpy()[first.row]
        np.testing.assert_array_equal(again.buyers[column].to_numpy()[again.row], expected)
