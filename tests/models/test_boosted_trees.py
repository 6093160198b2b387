"""The XGBoost kind: which products it leaves out, when it stops, what it loads."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from santander.errors import InputError
from santander.models.additions import RowWeight
from santander.models.boosted_trees import BoostedTrees, BoostedTreesSettings
from santander.models.booster import predicted
from santander.models.classes import Rare
from santander.models.groups import GroupStart, Start
from santander.models.kinds import kind_named, settings_of
from santander.schema.months import Month
from tests.models.recommender_contract import LearnerContract
from tests.models.toy_world import (
    BIT,
    FROM_GROUPS,
    MASK,
    PENSIONER,
    SMALL_TREES,
    STUDENT,
    TAXPAYER,
    feature_rows,
    several,
    together,
    toy_training_set,
)


class TestBoostedTreesContract(LearnerContract):
    kind = BoostedTrees
    settings = SMALL_TREES


class TestBoostedTreesFromGroupsContract(LearnerContract):
    """As the default recipe has it: started from groups, one column a product, steps bounded."""

    kind = BoostedTrees
    settings = FROM_GROUPS


def test_trees_that_start_from_groups_know_them_before_the_first_learns_anything() -> None:
    hardly = {"rounds": 1, "eta": 1e-6, "max_delta_step": 0.0}
    started, flat = (BoostedTrees.fit(each.model_copy(update=hardly), toy_training_set()) for each in (FROM_GROUPS, SMALL_TREES))
    rows = feature_rows([STUDENT, PENSIONER])
    assert started.rank(rows, started.score(rows))[:, 0].tolist() == [BIT["e_account"], BIT["payroll"]]
    student, pensioner = flat.score(rows)
    np.testing.assert_allclose(student, pensioner, rtol=1e-3)


def test_a_booster_is_nothing_without_its_start(tmp_path: Path) -> None:
    model = BoostedTrees.fit(FROM_GROUPS, toy_training_set())
    model.save(tmp_path)
    (tmp_path / "start.json").unlink()
    with pytest.raises(FileNotFoundError):
        BoostedTrees.load(tmp_path)


@pytest.mark.parametrize("settings", [SMALL_TREES, FROM_GROUPS])
def test_a_booster_says_the_same_as_through_the_wrapper_of_xgboost(settings: BoostedTreesSettings) -> None:
    model = BoostedTrees.fit(settings, toy_training_set())
    rows = feature_rows([STUDENT, PENSIONER, TAXPAYER])
    matrix = model.plan.matrix(rows)
    start = None if model.start is None else model.start.margins(rows, model.classes)
    for kind in ("value", "margin"):
        wrapped = model.booster.inplace_predict(matrix, base_margin=start, predict_type=kind)
        assert np.array_equal(predicted(model.booster, matrix, start, as_margins=kind == "margin"), wrapped)
    assert np.array_equal(predicted(model.booster, matrix[::-1], start), predicted(model.booster, matrix[::-1].copy(), start))
    with pytest.raises(ValueError, match="columns was given"):
        predicted(model.booster, matrix[:, 1:], start)


def test_two_starts_are_two_models() -> None:
    model = BoostedTrees.fit(FROM_GROUPS, toy_training_set())
    assert model.start is not None
    other = GroupStart(model.start.additions * 2)
    moved = BoostedTrees(model.facts, model.booster, other)
    assert moved.fingerprint != model.fingerprint
    again = BoostedTrees(model.facts, model.booster, model.start)
    assert again.fingerprint == model.fingerprint


def test_months_that_stop_a_fit_are_scored_from_the_same_start() -> None:
    losses: list[float] = []
    hardly = FROM_GROUPS.model_copy(update={"rounds": 1, "eta": 1e-6, "max_delta_step": 0.0})
    training, march = toy_training_set(), toy_training_set(Month(2016, 3))
    model = BoostedTrees.fit(hardly, training, march, lambda _done, _most, loss: losses.append(loss or 0.0))
    scores = model.score(march.additions().buyers)[march.additions().row, march.additions().product]
    assert losses == pytest.approx([float(-np.log(scores).mean())], rel=1e-4)


def test_a_bound_keeps_leaves_small() -> None:
    def largest(bound: float) -> float:
        model = BoostedTrees.fit(FROM_GROUPS.model_copy(update={"rounds": 1, "max_delta_step": bound}), toy_training_set())
        trees = model.booster.trees_to_dataframe()
        return float(trees[trees["Feature"] == "Leaf"]["Gain"].abs().max())

    assert largest(0.1) == pytest.approx(0.1 * FROM_GROUPS.eta)
    assert largest(0.0) > 0.2 * FROM_GROUPS.eta


def test_products_nobody_added_have_no_score() -> None:
    scores = BoostedTrees.fit(SMALL_TREES, toy_training_set()).score(feature_rows([STUDENT]))
    known = [BIT["e_account"], BIT["taxes"], BIT["credit_card"], BIT["payroll"]]
    assert sorted(np.flatnonzero(~np.isnan(scores[0])).tolist()) == sorted(known)


def test_rare_products_may_be_one_class_whose_probability_is_shared_out_by_their_priors() -> None:
    pooled = SMALL_TREES.model_copy(update={"min_additions": 61, "rare": Rare.POOLED})
    parts = [toy_training_set(), several((STUDENT, MASK["e_account"], 40), (TAXPAYER, MASK["funds"], 10))]
    model = BoostedTrees.fit(pooled, together(*parts))
    scores = model.score(feature_rows([STUDENT, TAXPAYER]))
    rare = [BIT[name] for name in ("payroll", "taxes", "credit_card", "funds")]
    assert np.flatnonzero(~np.isnan(scores[0])).tolist() == sorted([BIT["e_account"], *rare])
    np.testing.assert_allclose(scores[1, rare] / scores[1, rare].sum(), np.array([60, 60, 30, 10]) / 160, rtol=1e-5)
    np.testing.assert_allclose(np.nansum(scores, axis=1), 1, rtol=1e-5)
    assert scores[1, rare].sum() > scores[0, rare].sum()


def test_a_model_with_pooled_products_is_loaded_as_it_was_saved(tmp_path: Path) -> None:
    model = BoostedTrees.fit(SMALL_TREES.model_copy(update={"min_additions": 60, "rare": Rare.POOLED}), toy_training_set())
    model.save(tmp_path)
    loaded, rows = BoostedTrees.load(tmp_path), feature_rows([STUDENT, TAXPAYER])
    assert loaded.classes == model.classes
    assert loaded.settings == model.settings
    np.testing.assert_array_equal(loaded.score(rows), model.score(rows))


def test_examples_may_be_drawn_anew_each_round_and_are_the_same_for_a_seed() -> None:
    half = SMALL_TREES.model_copy(update={"subsample": 0.5})
    training, everyone = replace(toy_training_set(), threads=1), feature_rows([STUDENT, PENSIONER, TAXPAYER])
    drawn = BoostedTrees.fit(half, training)
    assert drawn.fingerprint == BoostedTrees.fit(half, training).fingerprint
    assert not np.array_equal(drawn.score(everyone), BoostedTrees.fit(SMALL_TREES, training).score(everyone), equal_nan=True)


def test_settings_that_came_later_leave_no_trace_unless_they_are_used() -> None:
    before = {
        "columns", "rounds", "early_stopping_rounds", "max_depth", "eta", "min_child_weight", "reg_lambda",
        "colsample_bytree", "max_bin", "min_additions", "seed",
    }  # fmt: skip
    assert set(SMALL_TREES.model_dump(mode="json")) == before
    later = {
        "row_weight": RowWeight.CUSTOMER,
        "subsample": 0.9,
        "rare": Rare.POOLED,
        "start": Start.GROUPS,
        "max_delta_step": 1.0,
    }
    used = SMALL_TREES.model_copy(update=later)
    assert set(used.model_dump(mode="json")) - before == set(later)
    assert "max_delta_step" not in SMALL_TREES.parameters("multi:softprob", "mlogloss")
    assert BoostedTreesSettings(**used.model_dump(mode="json")) == used


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


def test_progress_is_told_every_round() -> None:
    told: list[tuple[int, int, float | None]] = []
    BoostedTrees.fit(SMALL_TREES, toy_training_set(), progress=lambda done, most, loss: told.append((done, most, loss)))
    assert [done for done, _, _ in told] == list(range(1, 13))
    assert told[0][1:] == (12, None)


def test_importance_names_the_columns_that_tell_customers_apart() -> None:
    importance = BoostedTrees.fit(SMALL_TREES, toy_training_set()).importance()
    assert sum(importance.values()) == pytest.approx(1)
    assert set(importance) <= {"age", "segment", "is_active", "lag_1_bits.pension_deposit", "lag_1_bits.current_account"}


def test_wrong_settings_are_named() -> None:
    with pytest.raises(InputError, match="depth"):
        settings_of(BoostedTrees, {"columns": ["profile"], "rounds": 5, "eta": 0.1, "depth": 3})
    with pytest.raises(InputError, match=r"'catboost' is not a kind of model: there are blend, .*lightgbm, popularity"):
        kind_named("catboost")
