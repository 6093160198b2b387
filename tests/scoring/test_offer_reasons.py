"""Reasons in the table of offers: of what may be offered, in the same pass, where they are asked for."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from santander.config.offer_rules import OfferRule
from santander.models.boosted_trees import BoostedTrees
from santander.models.reasons import Reasoner, Telling
from santander.schema.catalogue import OFFERS
from santander.schema.months import Month
from santander.scoring.batch import Scoring
from santander.scoring.offer_conditions import RULES_MET
from santander.scoring.offer_rows import Offering
from santander.suppression.suppression_list import SuppressionList
from tests.models.toy_world import BIT, FROM_GROUPS, MASK, PENSIONER, STUDENT, TAXPAYER, feature_rows, toy_training_set

JUNE = Month(2016, 6)
MODEL = BoostedTrees.fit(FROM_GROUPS, toy_training_set())
REASONER = Reasoner.of(MODEL, None, feature_rows([STUDENT, PENSIONER, TAXPAYER, {}]))
NO_TAXES = OfferRule("no_taxes", "true", MASK["taxes"], "No taxes.", "Sin impuestos.", Path("offers.yaml"))


def customers() -> pa.Table:
    rows = feature_rows([STUDENT, PENSIONER, TAXPAYER])
    rows = rows.append_column("customer_id", pa.array([1, 2, 3], pa.int64()))
    return rows.append_column(RULES_MET, pa.array([0, 0, 1], pa.int64()))


def offers(scoring: Scoring) -> list[dict[str, Any]]:
    written, _ = scoring.rows(customers())
    [rows] = [rows for table, rows in written if table == OFFERS]
    found: list[dict[str, Any]] = rows.to_pylist()
    return found


def scoring() -> Scoring:
    assert REASONER is not None
    offering = Offering([NO_TAXES], SuppressionList(frozenset(), None))
    return Scoring(MODEL, 1, JUNE, None, offering, Telling(REASONER, most=2, least=0.05))


def test_what_may_be_offered_has_reasons_and_what_may_not_is_no_offer() -> None:
    rows = offers(scoring())
    of_taxpayer = {row["product"]: row["reasons"] for row in rows if row["customer_id"] == 3}
    assert "taxes" not in of_taxpayer
    assert 1 <= len(of_taxpayer["credit_card"]) <= 2
    assert all(reason[0] in "+-" for row in rows for reason in row["reasons"])
    assert next(row["reasons"] for row in rows if row["product"] == "e_account")[0] == "+group"
    assert {tuple(row["reasons"]) for row in rows if BIT[row["product"]] == BIT["guarantee"]} <= {()}


def test_offers_are_the_same_without_reasons_and_have_none() -> None:
    told, silent = offers(scoring()), offers(replace(scoring(), reasons=None))
    assert {row["reasons"] for row in silent} == {None}
    assert [{**row, "reasons": None} for row in told] == silent
