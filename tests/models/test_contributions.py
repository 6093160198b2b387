"""What columns add to the margins of each kind: it sums to the margin, whatever tells it."""

import numpy as np
import pyarrow as pa
import pytest

from santander.models import contributions
from santander.models.blend import Blend, BlendSettings, Member
from santander.models.boosted_trees import BoostedTrees
from santander.models.classes import Rare
from santander.models.contributions import GROUP, Contributions
from santander.models.light_trees import LightTrees, LightTreesSettings
from santander.models.per_product_trees import PerProductTrees, PerProductTreesSettings
from santander.models.popularity import Popularity, PopularitySettings
from santander.models.ranking import Scores
from santander.models.recommender import Recommender
from santander.schema.column_groups import ColumnGroup
from santander.schema.products import N_PRODUCTS
from tests.models.toy_world import BIT, FROM_GROUPS, PENSIONER, SMALL_TREES, STUDENT, TAXPAYER, feature_rows, toy_training_set

COLUMNS = (ColumnGroup.PROFILE, ColumnGroup.LAG_1_BITS)
TREES = BoostedTrees.fit(SMALL_TREES, toy_training_set())
STARTED = BoostedTrees.fit(FROM_GROUPS, toy_training_set())
PER_PRODUCT = PerProductTrees.fit(
    PerProductTreesSettings(columns=COLUMNS, rounds=5, max_depth=3, eta=0.5, min_additions=10), toy_training_set()
)
LIGHT = LightTrees.fit(LightTreesSettings(columns=COLUMNS, rounds=5, learning_rate=0.5, min_data_in_leaf=2), toy_training_set())
POPULAR = Popularity.fit(PopularitySettings(), toy_training_set())
KINDS = {"xgboost": TREES, "groups": STARTED, "per product": PER_PRODUCT, "lightgbm": LIGHT, "popularity": POPULAR}
ROWS = feature_rows([STUDENT, PENSIONER, TAXPAYER, {}])


def told(model: Recommender, rows: pa.Table = ROWS) -> Contributions:
    found = model.contributions(rows)
    assert found is not None
    return found


def left(found: Contributions, product: int) -> Scores:
    """The part of each margin that no column adds."""
    return found.margins[product] - found.added[product].sum(axis=0)


@pytest.mark.parametrize("model", KINDS.values(), ids=KINDS)
def test_contributions_and_one_number_a_product_sum_to_the_margin(model: Recommender) -> None:
    found = told(model)
    assert found.products
    for product in found.products:
        assert np.ptp(left(found, product)) < 1e-4


@pytest.mark.parametrize("model", KINDS.values(), ids=KINDS)
def test_margins_order_products_as_the_scores_do(model: Recommender) -> None:
    found, scores = told(model), model.score(ROWS)
    known = found.products
    np.testing.assert_array_equal(found.margins[known].argmax(axis=0), scores[:, known].argmax(axis=1))


@pytest.mark.parametrize("model", [TREES, STARTED, PER_PRODUCT], ids=["xgboost", "groups", "per product"])
def test_many_rows_are_told_what_few_are(model: Recommender, monkeypatch: pytest.MonkeyPatch) -> None:
    few = told(model)
    monkeypatch.setattr(contributions, "FEW", 0)
    np.testing.assert_allclose(told(model).added, few.added, atol=1e-4)


def test_what_the_start_knows_of_a_group_is_a_column_of_its_own() -> None:
    found = told(STARTED)
    group = found.added[:, found.columns.index(GROUP)]
    assert group[BIT["e_account"], 0] > 1
    assert group[BIT["payroll"], 0] < -0.5


def test_popularity_has_the_group_for_its_only_reason() -> None:
    assert told(POPULAR).columns == (GROUP,)


def test_popularity_says_nothing_of_what_nobody_added() -> None:
    assert BIT["guarantee"] not in told(POPULAR).products


def test_a_product_without_a_class_has_no_margin() -> None:
    assert set(told(TREES).products) == {BIT[name] for name in ("e_account", "payroll", "taxes", "credit_card")}


def test_pooled_products_share_what_their_class_is_told() -> None:
    pooled = SMALL_TREES.model_copy(update={"min_additions": 50, "rare": Rare.POOLED})
    assert BIT["credit_card"] in told(BoostedTrees.fit(pooled, toy_training_set())).products


def test_a_blend_has_the_weighted_mean_of_its_members() -> None:
    members = (Member(version=1, weight=3.0), Member(version=2, weight=1.0))
    found = told(Blend(BlendSettings(members=members), [TREES, PER_PRODUCT]))
    payroll = BIT["payroll"]
    expected = 0.75 * told(TREES).margins[payroll] + 0.25 * told(PER_PRODUCT).margins[payroll]
    np.testing.assert_allclose(found.margins[payroll], expected, rtol=1e-5)
    assert np.ptp(left(found, payroll)) < 1e-4


def test_no_customers_have_no_contributions() -> None:
    assert told(STARTED, ROWS.slice(0, 0)).added.shape[::2] == (N_PRODUCTS, 0)
