"""A booster per product: who is asked, how rounds are kept per product, what is saved."""

import json
from pathlib import Path

import numpy as np
import pytest

from santander.errors import InputError
from santander.models.additions import RowWeight
from santander.models.kinds import settings_of
from santander.models.month_weight import MonthWeight
from santander.models.per_product_trees import PerProductTrees, PerProductTreesSettings
from santander.schema.column_groups import ColumnGroup
from santander.schema.products import N_PRODUCTS
from tests.models.recommender_contract import APRIL, MARCH, LearnerContract
from tests.models.toy_world import BIT, MASK, PENSIONER, STUDENT, TAXPAYER, feature_rows, several, toy_training_set

SMALL = PerProductTreesSettings(columns=(ColumnGroup.PROFILE, ColumnGroup.LAG_1_BITS), rounds=12, max_depth=3, eta=0.5)
OWNER = {**STUDENT, "holdings_lag_1": MASK["taxes"], "owned": MASK["taxes"]}


class TestPerProductTreesContract(LearnerContract):
    kind = PerProductTrees
    settings = SMALL

    def test_a_product_that_counts_more_in_a_month_is_learned_from_that_month(self) -> None:
        # both of those who add it there and of those who do not: its probability is that of this month, and no larger
        assert self.first_of_months(MonthWeight(1.0, (("taxes", 4.0),)), MonthWeight(3.0)) == BIT["funds"]
        assert self.first_of_months(MonthWeight(1.0, (("taxes", 4.0),)), MonthWeight(1.0)) == BIT["taxes"]


def flat(*habits: tuple[dict[str, object], int, int], **changes: object) -> np.ndarray:
    """What one constant leaf per product says of a student: the shares it was fitted on."""
    settings = SMALL.model_copy(update={"columns": (ColumnGroup.SEASON,), "rounds": 60, "reg_lambda": 0.0, **changes})
    return PerProductTrees.fit(settings, several(*habits)).score(feature_rows([STUDENT]))[0]


def test_owners_of_a_product_are_not_asked_about_it() -> None:
    scores = flat((STUDENT, MASK["taxes"], 30), (STUDENT, MASK["funds"], 10), (OWNER, MASK["funds"], 60))
    assert scores[BIT["taxes"]] == pytest.approx(30 / 40, abs=1e-3)
    assert scores[BIT["funds"]] == pytest.approx(70 / 100, abs=1e-3)


def test_who_adds_two_products_counts_in_both() -> None:
    scores = flat((STUDENT, MASK["taxes"] | MASK["funds"], 30), (STUDENT, MASK["loan"], 10))
    assert scores[[BIT["taxes"], BIT["funds"], BIT["loan"]]] == pytest.approx([0.75, 0.75, 0.25], abs=1e-3)


def test_additions_that_share_a_weight_count_as_parts_and_what_was_not_added_counts_whole() -> None:
    habits = (STUDENT, MASK["taxes"] | MASK["funds"], 30), (STUDENT, MASK["loan"], 10)
    scores = flat(*habits, row_weight=RowWeight.CUSTOMER)
    assert scores[BIT["taxes"]] == pytest.approx(15 / (15 + 10), abs=1e-3)
    assert scores[BIT["loan"]] == pytest.approx(10 / (10 + 30), abs=1e-3)


def test_a_product_that_counts_in_no_month_has_no_booster() -> None:
    training = toy_training_set().of_months({APRIL: MonthWeight(1.0, (("taxes", 0.0),))})
    scores = PerProductTrees.fit(SMALL, training).score(feature_rows([TAXPAYER]))
    assert np.isnan(scores[0, BIT["taxes"]])
    assert not np.isnan(scores[0, BIT["credit_card"]])


def test_every_booster_stops_by_itself_and_keeps_its_rounds_in_the_next_fit() -> None:
    many = SMALL.model_copy(update={"rounds": 200, "early_stopping_rounds": 2})
    model = PerProductTrees.fit(many, toy_training_set(), validation=toy_training_set(MARCH, each=40))
    stopped = {bit: booster.num_boosted_rounds() for bit, booster in model.boosters.items()}
    assert max(stopped.values()) < 200
    assert len(set(stopped.values())) > 1
    again = PerProductTrees.fit(model.with_rounds(model.rounds), toy_training_set())
    assert {bit: booster.num_boosted_rounds() for bit, booster in again.boosters.items()} == stopped


def test_another_number_of_rounds_is_for_all() -> None:
    model = PerProductTrees.fit(SMALL, toy_training_set())
    assert model.with_rounds(model.rounds) == SMALL
    assert model.with_rounds(5) == SMALL.model_copy(update={"rounds": 5})


def test_progress_runs_through_all_boosters() -> None:
    told: list[tuple[int, int]] = []
    PerProductTrees.fit(SMALL, toy_training_set(), progress=lambda done, most, _: told.append((done, most)))
    assert told == [(done, 4 * 12) for done in range(1, 4 * 12 + 1)]


def test_each_product_has_a_file_of_its_own(tmp_path: Path) -> None:
    PerProductTrees.fit(SMALL, toy_training_set()).save(tmp_path)
    named = {"e_account", "taxes", "credit_card", "payroll"}
    assert {file.stem for file in (tmp_path / "boosters").glob("*.ubj")} == named
    assert set(json.loads((tmp_path / "per_product_trees.json").read_text())["products"]) == named


def test_importance_is_over_all_boosters() -> None:
    importance = PerProductTrees.fit(SMALL, toy_training_set()).importance()
    assert sum(importance.values()) == pytest.approx(1)
    assert set(importance) <= {"age", "segment", "is_active", "lag_1_bits.pension_deposit", "lag_1_bits.current_account"}


def test_an_unknown_product_is_named() -> None:
    values = {"columns": ["profile"], "rounds": 5, "max_depth": 2, "eta": 0.1, "rounds_by_product": {"bitcoin": 3}}
    with pytest.raises(InputError, match="bitcoin: no such product"):
        settings_of(PerProductTrees, values)


def test_every_product_that_occurs_has_a_score() -> None:
    habits = [(who, 1 << bit, 4) for bit in range(N_PRODUCTS) for who in (STUDENT, PENSIONER)]
    scores = PerProductTrees.fit(SMALL, several(*habits)).score(feature_rows([STUDENT]))
    assert not np.isnan(scores).any()
