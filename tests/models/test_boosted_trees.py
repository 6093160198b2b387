"""The XGBoost kind: which products it leaves out, when it stops, what it loads."""

from pathlib import Path

import numpy as np
import pytest

from santander.bank.months import Month
from santander.errors import InputError, SantanderError
from santander.models.boosted_trees import BoostedTrees
from santander.models.kinds import kind_named, settings_of
from santander.models.month_weight import ALIKE, MonthWeight
from santander.models.training_set import TrainingSet
from tests.models.recommender_contract import RecommenderContract, lists
from tests.models.toy_world import (
    BIT,
    MASK,
    PENSIONER,
    SMALL_TREES,
    STUDENT,
    TAXPAYER,
    buyers_of,
    feature_rows,
    population_of,
    toy_training_set,
)


class TestBoostedTreesContract(RecommenderContract):
    kind = BoostedTrees
    settings = SMALL_TREES


def test_products_nobody_added_have_no_score() -> None:
    scores = BoostedTrees.fit(SMALL_TREES, toy_training_set()).score(feature_rows([STUDENT]))
    known = [BIT["e_account"], BIT["taxes"], BIT["credit_card"], BIT["payroll"]]
    assert sorted(np.flatnonzero(~np.isnan(scores[0])).tolist()) == sorted(known)


def test_a_product_with_too_few_examples_is_left_out_and_follows_by_its_prior() -> None:
    model = BoostedTrees.fit(SMALL_TREES.model_copy(update={"min_additions": 31}), toy_training_set())
    rows = feature_rows([STUDENT])
    scores = model.score(rows)
    ranks = model.rank(rows, scores)
    assert np.isnan(scores[0, BIT["credit_card"]])
    assert ranks[0, 3] == BIT["credit_card"]


def test_more_rounds_bring_the_scores_closer_to_what_happens() -> None:
    def probability(rounds: int) -> float:
        model = BoostedTrees.fit(SMALL_TREES.model_copy(update={"rounds": rounds}), toy_training_set())
        return float(model.score(feature_rows([STUDENT]))[0, BIT["e_account"]])

    assert probability(1) < probability(12)


def test_validation_months_stop_a_fit_that_no_longer_improves() -> None:
    many = SMALL_TREES.model_copy(update={"rounds": 400, "early_stopping_rounds": 2})
    march = toy_training_set(Month(2016, 3), each=40)
    model = BoostedTrees.fit(many, toy_training_set(), validation=march)
    assert model.rounds < 400
    assert model.with_rounds(model.rounds) == many.model_copy(update={"rounds": model.rounds})


def test_weights_of_months_decide_between_months_that_disagree() -> None:
    march, april = Month(2016, 3), Month(2016, 4)
    habits = [(march, MASK["taxes"]), (april, MASK["funds"])]
    rows = [(month, customer, STUDENT, added) for month, added in habits for customer in range(40)]
    counts = population_of([(month, STUDENT, added, 40) for month, added in habits])

    def first(weights: dict[Month, MonthWeight]) -> int:
        model = BoostedTrees.fit(SMALL_TREES, TrainingSet(buyers_of(rows), counts, weights))
        return int(lists(model, feature_rows([STUDENT]))[0, 0])

    assert first({march: MonthWeight(3.0), april: MonthWeight(1.0)}) == BIT["taxes"]
    assert first({march: MonthWeight(1.0), april: MonthWeight(3.0)}) == BIT["funds"]


def test_progress_is_told_every_round() -> None:
    told: list[tuple[int, int, float | None]] = []
    BoostedTrees.fit(SMALL_TREES, toy_training_set(), progress=lambda done, most, loss: told.append((done, most, loss)))
    assert [done for done, _, _ in told] == list(range(1, 13))
    assert told[0][1:] == (12, None)


def test_importance_names_the_columns_that_tell_customers_apart() -> None:
    importance = BoostedTrees.fit(SMALL_TREES, toy_training_set()).importance()
    assert sum(importance.values()) == pytest.approx(1)
    assert set(importance) <= {"age", "segment", "is_active", "lag_1_bits.pension_deposit", "lag_1_bits.current_account"}


def test_one_product_is_too_little_to_learn_from() -> None:
    april = Month(2016, 4)
    rows = buyers_of((april, customer, PENSIONER, 1 << BIT["payroll"]) for customer in range(5))
    training = TrainingSet(rows, population_of([(april, PENSIONER, 1 << BIT["payroll"], 5)]), {april: ALIKE})
    with pytest.raises(SantanderError, match="5 additions of 1 products"):
        BoostedTrees.fit(SMALL_TREES, training)


def test_a_model_of_other_columns_is_not_loaded(tmp_path: Path) -> None:
    BoostedTrees.fit(SMALL_TREES, toy_training_set()).save(tmp_path)
    facts = tmp_path / "boosted_trees.json"
    facts.write_text(facts.read_text().replace('"seniority_months"', '"seniority_years"'))
    with pytest.raises(SantanderError, match="other columns"):
        BoostedTrees.load(tmp_path)


def test_rows_without_a_needed_feature_are_refused() -> None:
    model = BoostedTrees.fit(SMALL_TREES, toy_training_set())
    with pytest.raises(InputError, match="'age'"):
        model.score(feature_rows([TAXPAYER]).drop_columns(["age"]))


def test_wrong_settings_are_named() -> None:
    with pytest.raises(InputError, match="depth"):
        settings_of(BoostedTrees, {"columns": ["profile"], "rounds": 5, "eta": 0.1, "depth": 3})
    with pytest.raises(InputError, match="there are popularity, xgboost"):
        kind_named("lightgbm")
