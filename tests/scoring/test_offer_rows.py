"""What may be offered to whom, on a few customers whose lists are in sight."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from santander.config.offer_rules import EVERYTHING, OfferRule, Place
from santander.models.ranking import Prior, Scores, top_products
from santander.schema.months import Month
from santander.schema.products import N_PRODUCTS, PRODUCT_NAMES
from santander.scoring.offer_conditions import RULES_MET
from santander.scoring.offer_rows import NotOffered, Offering, offer_rows
from santander.suppression.suppression_list import SuppressionList

JUNE = Month(2016, 6)
BIT = {name: bit for bit, name in enumerate(PRODUCT_NAMES)}
PRIOR: Prior = np.full(N_PRODUCTS, 0.01)
NO_PLACE = Place(Path("offers.yaml"), 1)
RULES = (
    OfferRule("gone", "", EVERYTHING, "", "", NO_PLACE),
    OfferRule("no_credit", "", 1 << BIT["loan"] | 1 << BIT["mortgage"], "", "", NO_PLACE),
)
NOBODY = SuppressionList(frozenset(), b"k" * 32)
FALLING: Scores = np.arange(N_PRODUCTS, 0, -1, dtype=np.float32)[None, :]
"""Scores of one customer: the lower the bit, the likelier."""


def customer(met: int, owned: int = 0, id_: int = 15889) -> pa.Table:
    return pa.table({"customer_id": [id_], "owned": pa.array([owned], pa.int32()), RULES_MET: pa.array([met], pa.int64())})


def offered(closed: NotOffered, scores: Scores, owned: int = 0) -> list[str]:
    ranks = top_products(scores, np.array([owned], np.int32), PRIOR)
    rows = offer_rows(closed.ids, closed.lists(scores, ranks, PRIOR), scores / 100, JUNE).to_pylist()
    assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))
    assert [row["chance"] for row in rows] == [pytest.approx(scores[0, BIT[row["product"]]] / 100) for row in rows]
    return [row["product"] for row in rows]


def excluded(closed: NotOffered) -> set[tuple[str, str]]:
    return {(row["product"], row["rule"]) for row in closed.exclusions(JUNE).to_pylist()}


def test_without_a_rule_that_is_met_the_list_is_what_is_offered() -> None:
    closed = Offering(RULES, NOBODY).not_offered(customer(met=0))
    assert offered(closed, FALLING) == list(PRODUCT_NAMES[:7])
    assert excluded(closed) == set()


def test_a_product_that_is_kept_back_is_made_up_from_below_the_seventh_place() -> None:
    scores = FALLING.copy()
    scores[0, [BIT["loan"], BIT["mortgage"]]] = 99, 98
    closed = Offering(RULES, NOBODY).not_offered(customer(met=0b10))
    assert offered(closed, scores) == list(PRODUCT_NAMES[:7])
    assert excluded(closed) == {("loan", "no_credit"), ("mortgage", "no_credit")}


def test_what_is_held_is_neither_offered_nor_said_to_be_kept_back() -> None:
    owned = 1 << BIT["loan"] | 1
    closed = Offering(RULES, NOBODY).not_offered(customer(met=0b10, owned=owned))
    assert offered(closed, FALLING, owned) == list(PRODUCT_NAMES[1:8])
    assert excluded(closed) == {("mortgage", "no_credit")}


def test_a_rule_of_all_products_leaves_nothing_and_each_rule_has_its_row() -> None:
    closed = Offering(RULES, NOBODY).not_offered(customer(met=0b11))
    assert offered(closed, FALLING) == []
    assert {product for product, rule in excluded(closed) if rule == "gone"} == set(PRODUCT_NAMES)
    assert ("loan", "no_credit") in excluded(closed)


def test_who_objects_is_offered_nothing_by_a_rule_of_that_name() -> None:
    digest = NOBODY.digest(15889)
    offering = Offering(RULES, SuppressionList(frozenset({digest}), NOBODY.key))
    theirs, others = offering.not_offered(customer(met=0)), offering.not_offered(customer(met=0, id_=15890))
    assert (offered(theirs, FALLING), offered(others, FALLING)) == ([], list(PRODUCT_NAMES[:7]))
    assert excluded(theirs) == {(product, "objection") for product in PRODUCT_NAMES}
    assert excluded(others) == set()


def test_few_products_that_are_left_make_a_short_list() -> None:
    held = EVERYTHING & ~(1 << BIT["loan"] | 1 << BIT["funds"] | 1 << BIT["taxes"])
    closed = Offering(RULES, NOBODY).not_offered(customer(met=0b10, owned=held))
    assert offered(closed, FALLING, held) == ["funds", "taxes"]


def test_a_version_without_chances_leaves_them_null() -> None:
    rows = offer_rows(np.array([1]), top_products(FALLING, np.array([0], np.int32), PRIOR), None, JUNE)
    assert {(row["chance"], row["reasons"]) for row in rows.to_pylist()} == {(None, None)}
