"""A blend: how scores of different sizes are made comparable, and what it carries."""

from pathlib import Path

import numpy as np
import pytest

from santander.errors import InputError
from santander.models.blend import Blend, BlendSettings, Member
from santander.models.boosted_trees import BoostedTrees
from santander.models.kinds import settings_of
from santander.models.packages import XGBOOST
from santander.models.popularity import Popularity, PopularitySettings
from santander.models.shares import shares_of
from santander.models.sklearn_classifier import SklearnClassifier
from santander.models.training_set import TrainingSet
from santander.schema.products import N_PRODUCTS
from tests.models.recommender_contract import RecommenderContract
from tests.models.test_sklearn_classifier import LINEAR
from tests.models.toy_world import BIT, MASK, SMALL_TREES, STUDENT, TAXPAYER, feature_rows, toy_training_set

TWO = BlendSettings(members=(Member(version=2), Member(version=5)))
NO_PRIOR = np.zeros(N_PRODUCTS)


class TestBlendContract(RecommenderContract):
    kind = Blend
    settings = TWO

    def fit(self, training: TrainingSet) -> Blend:
        return Blend(TWO, [BoostedTrees.fit(SMALL_TREES, training), SklearnClassifier.fit(LINEAR, training)])


def mixed(rows: list[dict[str, object]], *weights: float) -> np.ndarray:
    """Scores of a popularity and a booster with these weights."""
    training = toy_training_set()
    members = tuple(Member(version=number, weight=weight) for number, weight in enumerate(weights, start=1))
    models = [Popularity.fit(PopularitySettings(), training), BoostedTrees.fit(SMALL_TREES, training)]
    return Blend(BlendSettings(members=members), models).score(feature_rows(rows))


def row(scores: dict[str, float], rest: float = 0.0) -> np.ndarray:
    values = np.full((1, N_PRODUCTS), rest, dtype=np.float32)
    for name, score in scores.items():
        values[0, BIT[name]] = score
    return values


def opened(*closed: str) -> np.ndarray:
    return np.array([[name not in closed for name in BIT]])


def prior(**shares: float) -> np.ndarray:
    return np.array([shares.get(name, 0.0) for name in BIT])


def test_scores_of_any_size_become_shares_of_a_row() -> None:
    got = shares_of(row({"taxes": 0.03, "funds": 0.01}), opened(), NO_PRIOR)
    assert got[0, [BIT["taxes"], BIT["funds"]]] == pytest.approx([0.75, 0.25])
    assert got.sum() == pytest.approx(1)


def test_owned_products_take_no_part() -> None:
    got = shares_of(row({"taxes": 0.6, "funds": 0.3, "loan": 0.1}), opened("taxes"), NO_PRIOR)
    assert got[0, [BIT["taxes"], BIT["funds"], BIT["loan"]]] == pytest.approx([0, 0.75, 0.25])


def test_a_product_without_a_score_has_what_its_prior_says_and_the_scores_share_the_rest() -> None:
    scores = row({"taxes": 0.03, "funds": 0.01, "loan": np.nan})
    got = shares_of(scores, opened(), prior(taxes=0.06, funds=0.02, loan=0.02))
    assert got[0, [BIT["taxes"], BIT["funds"], BIT["loan"]]] == pytest.approx([0.6, 0.2, 0.2])


def test_a_row_without_any_score_is_told_by_the_priors() -> None:
    priors = prior(taxes=0.06, funds=0.02)
    for scores in (row({}, rest=np.nan), row({})):
        got = shares_of(scores, opened("loan"), priors)
        assert got[0, [BIT["taxes"], BIT["funds"]]] == pytest.approx([0.75, 0.25])


def test_a_customer_who_owns_everything_has_no_scores_and_no_error() -> None:
    assert not shares_of(row({"taxes": 0.5}), np.zeros((1, N_PRODUCTS), dtype=np.bool_), prior(taxes=1.0)).any()


def test_members_count_by_their_weights() -> None:
    rows: list[dict[str, object]] = [STUDENT, TAXPAYER]
    even, first, second = mixed(rows, 1, 1), mixed(rows, 1, 1e-9), mixed(rows, 1e-9, 1)
    np.testing.assert_allclose(even, (first + second) / 2, atol=1e-6)
    np.testing.assert_allclose(mixed(rows, 3, 1), 0.75 * first + 0.25 * second, atol=1e-6)
    assert np.abs(first - second).max() > 0.01


def test_a_product_that_one_member_has_no_score_of_has_one_in_the_blend() -> None:
    scores = mixed([STUDENT], 1, 1)
    assert not np.isnan(scores).any()
    assert scores.sum() == pytest.approx(1, abs=1e-5)
    assert mixed([{**STUDENT, "owned": MASK["e_account"]}], 1, 1)[0, BIT["e_account"]] == 0


def test_a_blend_needs_what_its_members_need() -> None:
    training = toy_training_set()
    trees, linear = BoostedTrees.fit(SMALL_TREES, training), SklearnClassifier.fit(LINEAR, training)
    assert Blend(TWO, [trees, trees]).packages == XGBOOST
    assert Blend(TWO, [linear, trees]).packages == ("scikit-learn", "skops", *XGBOOST)


def test_a_blend_of_blends_is_loaded_with_all_that_is_in_it(tmp_path: Path) -> None:
    training, rows = toy_training_set(), feature_rows([STUDENT, TAXPAYER])
    inner = Blend(TWO, [Popularity.fit(PopularitySettings(), training), BoostedTrees.fit(SMALL_TREES, training)])
    outer = Blend(TWO, [inner, Popularity.fit(PopularitySettings(), training)])
    outer.save(tmp_path)
    np.testing.assert_array_equal(Blend.load(tmp_path).score(rows), outer.score(rows))


def test_importance_is_that_of_the_members_that_have_one() -> None:
    training = toy_training_set()
    popularity, trees = Popularity.fit(PopularitySettings(), training), BoostedTrees.fit(SMALL_TREES, training)
    assert Blend(TWO, [popularity, trees]).importance() == pytest.approx(trees.importance())
    assert Blend(TWO, [popularity, popularity]).importance() == {}


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ([{"version": 3}], "at least 2"),
        ([{"version": 3}, {"version": 4, "alias": "champion"}], "by its version or by an alias, not by both"),
        ([{"version": 3}, {"weight": 2.0}], "by its version or by an alias"),
        ([{"version": 3}, {"version": 4, "weight": 0}], "members.1.weight"),
    ],
)
def test_members_that_are_not_named_well_are_refused(members: list[dict[str, object]], said: str) -> None:
    with pytest.raises(InputError, match=said):
        settings_of(Blend, {"members": members})


def test_a_blend_is_not_fitted_on_months() -> None:
    with pytest.raises(InputError, match="made of registered versions by 'santander train'"):
        Blend.fit(TWO, toy_training_set())
