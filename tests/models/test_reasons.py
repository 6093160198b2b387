"""Reasons: which families speak for and against a product, and that they sum to what is explained."""

import json

import numpy as np
import pyarrow as pa
import pytest

from santander.features.expansion import Features, bits_of, integers
from santander.models.boosted_trees import BoostedTrees
from santander.models.contributions import GROUP, Contributions
from santander.models.ranking import NO_PRODUCT
from santander.models.reasons import OF_MARGIN, Reasoner, ReasonMeans, ReasonSums, explained
from santander.schema.features import FEATURES
from santander.schema.products import N_PRODUCTS
from santander.schema.reason_families import REASON_OF
from tests.models.toy_world import BIT, FROM_GROUPS, MASK, PENSIONER, STUDENT, TAXPAYER, feature_rows, toy_training_set

MODEL = BoostedTrees.fit(FROM_GROUPS, toy_training_set())
PEOPLE = feature_rows([STUDENT, PENSIONER, TAXPAYER, {}])


class OfActivity:
    """A rate that only activity moves."""

    def contributions(self, features: Features) -> Contributions:
        values = integers(features, "is_active", unknown=0)[None].astype(np.float32)
        added = np.repeat(values[None] * np.float32(0.5), N_PRODUCTS, axis=0)
        return Contributions(("is_active",), values, added, added.sum(axis=1) - 3)


def reasoner(rate: OfActivity | None = None) -> Reasoner:
    made = Reasoner.of(MODEL, rate, PEOPLE)
    assert made is not None
    return made


def named(features: pa.Table, product: str, most: int = 3) -> list[str]:
    """The reasons of a product for the first of some customers, as tables have them."""
    found = reasoner().strongest(features, np.array([[BIT[product]]] * features.num_rows), most, least=0.01)
    first: list[str] = found.lists(np.array([0]), np.array([0]))[0].as_py()
    return first


def test_every_feature_that_is_a_column_has_a_reason() -> None:
    assert set(REASON_OF) == {feature.name for feature in FEATURES if not feature.is_bitmask}


@pytest.mark.parametrize("rate", [None, OfActivity()], ids=["margins", "with a rate"])
def test_reasons_and_the_mean_of_the_product_sum_to_what_is_explained(rate: OfActivity | None) -> None:
    found, means = explained(MODEL, rate, PEOPLE), reasoner(rate).means
    assert found is not None
    sums = ReasonSums(found.columns, MODEL.families)
    for product in found.products:
        reasons = sums.of(found, product) - means.of_family[product][:, None]
        np.testing.assert_allclose(reasons.sum(axis=0) + means.explained[product], found.margins[product], atol=1e-4)


def test_means_are_those_of_customers_who_may_add_the_product() -> None:
    found = explained(MODEL, None, PEOPLE)
    assert found is not None
    open_ = bits_of(integers(PEOPLE, "owned", unknown=0)) == 0
    open_[0, BIT["e_account"]] = False
    means = ReasonMeans.of(ReasonSums(found.columns, {}), found, open_)
    assert means.explained[BIT["e_account"]] == pytest.approx(found.margins[BIT["e_account"], 1:].mean(), abs=1e-5)


def test_what_a_rate_adds_is_a_reason_too() -> None:
    active, plain = (reasoner(rate).means for rate in (OfActivity(), None))
    of_group = active.families.index(GROUP)
    difference = active.of_family[BIT["taxes"], of_group] - OF_MARGIN * plain.of_family[BIT["taxes"], of_group]
    assert difference == pytest.approx(0.5 * 2 / 4, abs=1e-5)


def test_a_students_account_is_for_the_group_and_a_pensioners_against_it() -> None:
    assert named(feature_rows([STUDENT]), "e_account")[0] == "+group"
    assert named(feature_rows([PENSIONER]), "e_account")[0].startswith("-")


def test_a_product_held_speaks_as_holdings_one_given_up_as_changes() -> None:
    found = explained(MODEL, None, feature_rows([PENSIONER]))
    assert found is not None
    sums, column = ReasonSums(found.columns, {}), found.columns.index("held_lately.pension_deposit")
    one = np.ones(3, np.float32)
    values = np.array([11, 3, 0], np.float32)
    by_family = dict(sums.split(column, BIT["payroll"], values, one))
    np.testing.assert_array_equal(by_family["holdings"], [1, 0, 1])
    np.testing.assert_array_equal(by_family["changes"], [0, 1, 0])
    assert dict(sums.split(column, BIT["pension_deposit"], values, one)).keys() == {"changes"}


def test_reasons_too_small_and_places_without_a_product_have_none() -> None:
    listed = np.array([[BIT["e_account"], NO_PRODUCT], [BIT["guarantee"], BIT["taxes"]]])
    found = reasoner().strongest(feature_rows([STUDENT, TAXPAYER]), listed, most=2, least=0.01)
    assert found.codes[0, 0].any()
    assert not found.codes[0, 1].any()
    assert not found.codes[1, 0].any()  # nobody has added one: the model says nothing of it
    assert not reasoner().strongest(feature_rows([STUDENT]), listed[:1], most=2, least=100.0).codes.any()


def test_tables_have_a_list_of_signs_and_families_for_each_product_listed() -> None:
    listed = np.array([[BIT["e_account"], NO_PRODUCT], [BIT["guarantee"], BIT["taxes"]]])
    found = reasoner().strongest(feature_rows([STUDENT, TAXPAYER]), listed, most=2, least=0.01)
    lists = found.lists(*np.nonzero(listed != NO_PRODUCT)).to_pylist()
    assert [bool(each) for each in lists] == [True, False, True]
    assert all(reason[0] in "+-" and reason[1:] in found.families for each in lists for reason in each)


def test_a_blend_has_the_reasons_of_its_members_by_weight() -> None:
    one, other = reasoner(), reasoner(OfActivity())
    blended = Reasoner.blended(MODEL, [(one, 1.0), (other, 3.0)])
    assert blended is not None
    taxes = BIT["taxes"]
    assert blended.means.explained[taxes] == pytest.approx(
        0.25 * one.means.explained[taxes] + 0.75 * other.means.explained[taxes], abs=1e-5
    )
    found = blended.explained(PEOPLE)
    assert found is not None
    sums = ReasonSums(found.columns, {})
    reasons = sums.of(found, taxes) - blended.means.in_order(sums.names)[taxes][:, None]
    np.testing.assert_allclose(reasons.sum(axis=0) + blended.means.explained[taxes], found.margins[taxes], atol=1e-4)
    assert Reasoner.blended(MODEL, []) is None


def test_customers_explained_in_parts_get_the_same_reasons(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = feature_rows([STUDENT, PENSIONER, TAXPAYER, {"holdings_lag_1": MASK["taxes"], "owned": MASK["taxes"]}])
    listed = MODEL.rank(rows, MODEL.score(rows))
    whole = reasoner().strongest(rows, listed, 3, 0.01).codes
    monkeypatch.setattr("santander.models.reasons.AT_A_TIME", 3)
    np.testing.assert_array_equal(reasoner().strongest(rows, listed, 3, 0.01).codes, whole)


def test_means_come_back_as_they_were_written() -> None:
    means = reasoner().means
    again = ReasonMeans.read(json.loads(json.dumps(means.written())))
    assert again.families == means.families
    np.testing.assert_array_equal(again.explained, means.explained)
    np.testing.assert_array_equal(again.of_family, means.of_family)


def test_a_feature_without_a_family_of_its_own_tells_of_the_person() -> None:
    assert ReasonSums(["age", "shoe_size", "lag_1_bits.taxes"], {}).names == ("group", "person", "holdings", "changes")
