"""The scikit-learn kind: which classes may be named, what its steps get unasked, weights, and what is loaded."""

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from santander.errors import InputError, SantanderError
from santander.models.classes import Rare
from santander.models.kinds import settings_of
from santander.models.recommender import Recommender
from santander.models.sklearn_classifier import SklearnClassifier, SklearnSettings
from santander.models.sklearn_steps import is_allowed, telling_part, write_estimator
from santander.schema.column_groups import ColumnGroup
from tests.models.recommender_contract import LearnerContract, lists
from tests.models.toy_world import BIT, MASK, STUDENT, TAXPAYER, feature_rows, several, toy_training_set

COLUMNS = (ColumnGroup.PROFILE, ColumnGroup.LAG_1_BITS)
IMPUTED = {"class": "sklearn.impute.SimpleImputer", "parameters": {"keep_empty_features": True}}


def settings(*steps: dict[str, object]) -> SklearnSettings:
    return SklearnSettings.model_validate({"columns": COLUMNS, "steps": steps})


LINEAR = settings(
    IMPUTED,
    {"class": "sklearn.preprocessing.StandardScaler"},
    {"class": "sklearn.linear_model.LogisticRegression", "parameters": {"max_iter": 500}},
)
TREES = settings(
    {
        "class": "sklearn.ensemble.HistGradientBoostingClassifier",
        "parameters": {"max_iter": 12, "learning_rate": 0.5, "min_samples_leaf": 5},
    }
)
FOREST = settings(
    IMPUTED, {"class": "sklearn.ensemble.RandomForestClassifier", "parameters": {"n_estimators": 30, "max_features": None}}
)
NEIGHBOURS = settings(IMPUTED, {"class": "sklearn.neighbors.KNeighborsClassifier", "parameters": {"n_neighbors": 7}})


class TestLogisticRegressionContract(LearnerContract):
    kind = SklearnClassifier
    settings = LINEAR


class TestHistGradientBoostingContract(LearnerContract):
    kind = SklearnClassifier
    settings = TREES


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([{"class": "os.system"}], "'os.system' is not a class of scikit-learn"),
        ([{"class": "xgboost.XGBClassifier"}], "is not a class of scikit-learn"),
        ([{"class": "sklearn.linear_model.LogisticRegresion"}], "has no class sklearn.linear_model.LogisticRegresion"),
        ([{"class": "sklearn.nowhere.Model"}], "scikit-learn has no class sklearn.nowhere.Model"),
        ([{"class": "sklearn.metrics.log_loss"}], "sklearn.metrics.log_loss is not an estimator"),
        ([{"class": "sklearn.linear_model.LogisticRegression", "parameters": {"c": 1}}], "unexpected keyword argument 'c'"),
        ([{"class": "sklearn.svm.LinearSVC"}], r"gives no probabilities \(predict_proba\)"),
        ([{"class": "sklearn.preprocessing.StandardScaler"}], r"gives no probabilities \(predict_proba\)"),
        ([{"class": "sklearn.svm.SVC"}, {"class": "sklearn.dummy.DummyClassifier"}], "sklearn.svm.SVC transforms nothing"),
        ([{"class": "sklearn.dummy.DummyClassifier", "seed": 1}], "steps.0.seed"),
        ([], "steps"),
    ],
)  # fmt: skip
def test_what_cannot_be_made_is_refused_in_one_line(steps: list[dict[str, object]], said: str) -> None:
    with pytest.raises(InputError, match=said) as refused:
        settings_of(SklearnClassifier, {"columns": ["profile"], "steps": steps})
    assert "\n" not in str(refused.value)


def test_a_parameter_may_be_an_estimator() -> None:
    inner = {"class": "sklearn.tree.DecisionTreeClassifier", "parameters": {"max_depth": 3}}
    bagging = {"class": "sklearn.ensemble.BaggingClassifier", "parameters": {"estimator": inner, "n_estimators": 5}}
    model = SklearnClassifier.fit(settings(IMPUTED, bagging), toy_training_set())
    assert lists(model, feature_rows([STUDENT]))[0, 0] == BIT["e_account"]
    with pytest.raises(InputError, match="has no class sklearn"):
        settings_of(
            SklearnClassifier,
            {"columns": ["profile"], "steps": [{**bagging, "parameters": {"estimator": {"class": "sklearn.tree.Bush"}}}]},
        )


def test_no_step_holds_back_examples_at_random_and_all_draw_by_the_seed() -> None:
    [step] = SklearnClassifier.fit(TREES, toy_training_set()).pipeline
    assert step.early_stopping is False
    assert step.random_state == TREES.seed
    asked = {"early_stopping": True, "random_state": 9, "max_iter": 5}
    named = settings({"class": "sklearn.ensemble.HistGradientBoostingClassifier", "parameters": asked})
    [step] = SklearnClassifier.fit(named, toy_training_set(each=100)).pipeline
    assert (step.early_stopping, step.random_state) == (True, 9)


def test_a_forest_is_the_same_on_one_thread_and_on_two() -> None:
    training = toy_training_set()
    one, two = (SklearnClassifier.fit(FOREST, replace(training, threads=threads)) for threads in (1, 2))
    rows = feature_rows([STUDENT, TAXPAYER])
    np.testing.assert_array_equal(one.score(rows), two.score(rows))


def test_what_scikit_learn_refuses_is_said_in_one_line() -> None:
    alone = settings({"class": "sklearn.linear_model.LogisticRegression"})
    ageless = several((STUDENT, MASK["taxes"], 5), ({**TAXPAYER, "age": None}, MASK["funds"], 5))
    with pytest.raises(InputError, match="scikit-learn refuses the fit: ValueError: Input X contains NaN") as refused:
        SklearnClassifier.fit(alone, ageless)
    assert "\n" not in str(refused.value)
    assert refused.value.exit_code == 2


def test_what_is_unknown_of_everybody_is_no_obstacle() -> None:
    model = SklearnClassifier.fit(TREES, toy_training_set())
    unknown = model.plan.matrix(toy_training_set().buyers)[:, model.plan.names.index("seniority_months")]
    assert np.isnan(unknown).all()
    known = feature_rows([{**STUDENT, "seniority_months": 30}])
    np.testing.assert_array_equal(model.score(known), model.score(feature_rows([STUDENT])))


def test_warnings_of_scikit_learn_are_lines_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    short = settings(IMPUTED, {"class": "sklearn.linear_model.LogisticRegression", "parameters": {"max_iter": 1}})
    with caplog.at_level(logging.WARNING, logger="santander"):
        SklearnClassifier.fit(short, toy_training_set())
    assert "scikit-learn: lbfgs failed to converge" in caplog.text


def test_a_classifier_that_takes_no_weights_is_named(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="santander"):
        SklearnClassifier.fit(NEIGHBOURS, toy_training_set())
    assert "sklearn.neighbors.KNeighborsClassifier takes no weights: every addition counts alike" in caplog.text
    caplog.clear()
    SklearnClassifier.fit(LINEAR, toy_training_set())
    assert "no weights" not in caplog.text


def test_coefficients_and_forests_say_what_matters_and_others_say_nothing() -> None:
    def importance(chosen: SklearnSettings) -> dict[str, float]:
        return SklearnClassifier.fit(chosen, toy_training_set()).importance()

    telling = {"age", "segment", "is_active", "lag_1_bits.pension_deposit", "lag_1_bits.current_account"}
    assert set(importance(LINEAR)) == telling
    assert set(importance(FOREST)) <= telling
    assert importance(NEIGHBOURS) == {}


def test_rare_products_may_be_pooled() -> None:
    pooled = LINEAR.model_copy(update={"min_additions": 31, "rare": Rare.POOLED})
    training = several((STUDENT, MASK["taxes"], 40), (STUDENT, MASK["loan"], 3), (TAXPAYER, MASK["funds"], 9))
    scores = SklearnClassifier.fit(pooled, training).score(feature_rows([TAXPAYER, STUDENT]))
    assert scores[0, BIT["loan"]] > scores[1, BIT["loan"]]
    np.testing.assert_allclose(scores[:, BIT["funds"]] / scores[:, BIT["loan"]], 3, rtol=1e-5)


def test_a_forest_is_saved_like_any_other(tmp_path: Path) -> None:
    model, rows = SklearnClassifier.fit(FOREST, toy_training_set()), feature_rows([STUDENT, TAXPAYER])
    model.save(tmp_path)
    loaded = SklearnClassifier.load(tmp_path)
    np.testing.assert_array_equal(loaded.score(rows), model.score(rows))
    assert loaded.fingerprint == model.fingerprint


def saved(model: Recommender, folder: Path) -> Path:
    folder.mkdir()
    model.save(folder)
    return folder / "pipeline.skops"


def test_two_files_of_one_model_tell_the_same_though_they_differ(tmp_path: Path) -> None:
    model = SklearnClassifier.fit(TREES, toy_training_set())
    one, other = saved(model, tmp_path / "one"), saved(SklearnClassifier.load(tmp_path / "one"), tmp_path / "other")
    assert one.read_bytes() != other.read_bytes()
    assert telling_part(one) == telling_part(other)


class Stranger:
    """A type that is not scikit-learn's."""


def test_a_file_that_names_other_types_is_not_loaded(tmp_path: Path) -> None:
    model = SklearnClassifier.fit(LINEAR, toy_training_set())
    saved(model, tmp_path / "model")
    model.pipeline[-1].stranger_ = Stranger()
    write_estimator(model.pipeline, tmp_path / "model" / "pipeline.skops")
    with pytest.raises(SantanderError, match=r"it names .*Stranger, which no model") as refused:
        SklearnClassifier.load(tmp_path / "model")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor", True),
        ("sklearn.tree._tree.Tree", True),
        ("numpy.dtype", True),
        ("numpy.float64", True),
        ("builtins.eval", False),
        ("os.system", False),
        ("sklearn.metrics.log_loss", False),
        ("sklearn.datasets._base.Path", False),
        ("sklearn.nowhere.Model", False),
        ("numpy.load", False),
        ("sklearnish.Model", False),
    ],
)
def test_only_classes_that_scikit_learn_defines_and_numbers_of_numpy_are_made(name: str, allowed: bool) -> None:
    assert is_allowed(name) is allowed
