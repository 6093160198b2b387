"""The baseline: groups, fallbacks, and the contract of every kind."""

import numpy as np
import pytest

from santander.errors import SantanderError
from santander.models.popularity import Popularity, PopularitySettings
from santander.models.training_set import TrainingSet
from santander.schema.months import Month
from tests.models.recommender_contract import RecommenderContract
from tests.models.toy_world import BIT, MASK, buyers_of, feature_rows, population_of

APRIL = Month(2016, 4)


class TestPopularityContract(RecommenderContract):
    kind = Popularity
    settings = PopularitySettings()


def fit(*counts: tuple[dict[str, object], int, int], min_group: int = 500) -> Popularity:
    """A baseline fitted on one month of (who, added, customers)."""
    population = population_of((APRIL, who, added, customers) for who, added, customers in counts)
    return Popularity.fit(PopularitySettings(min_group=min_group), TrainingSet(buyers_of([]), population, {APRIL: 1.0}))


def shares(model: Popularity, who: dict[str, object], product: str) -> float:
    return float(model.score(feature_rows([who]))[0, BIT[product]])


YOUNG = {"age": 21, "segment": 3, "is_active": True}
OLD = {"age": 70, "segment": 3, "is_active": True}
RICH = {"age": 70, "segment": 1, "is_active": True}


def test_a_large_group_has_its_own_share() -> None:
    model = fit((YOUNG, MASK["taxes"], 50), (YOUNG, 0, 450), (OLD, 0, 5000))
    assert shares(model, YOUNG, "taxes") == np.float32(0.1)
    assert shares(model, OLD, "taxes") == 0


def test_a_group_under_the_limit_falls_back_to_its_segment() -> None:
    model = fit((YOUNG, MASK["taxes"], 49), (YOUNG, 0, 450), (OLD, 0, 501), (RICH, 0, 9000))
    assert shares(model, YOUNG, "taxes") == np.float32(49 / 1000)
    assert shares(model, OLD, "taxes") == 0


def test_a_small_segment_falls_back_to_everyone() -> None:
    model = fit((YOUNG, MASK["taxes"], 499), (RICH, MASK["funds"], 1), (RICH, 0, 500))
    assert shares(model, YOUNG, "taxes") == np.float32(499 / 1000)
    assert shares(model, YOUNG, "funds") == np.float32(1 / 1000)


@pytest.mark.parametrize(("younger", "older"), [(19, 20), (25, 26), (35, 36), (50, 51), (65, 66)])
def test_age_bands_part_where_the_definition_says(younger: int, older: int) -> None:
    model = fit(({**YOUNG, "age": younger}, MASK["taxes"], 500), ({**YOUNG, "age": older}, MASK["funds"], 500))
    assert shares(model, {**YOUNG, "age": younger}, "taxes") == 1
    assert shares(model, {**YOUNG, "age": older}, "taxes") == 0


def test_unknown_age_segment_and_activity_are_groups_of_their_own() -> None:
    nobody: dict[str, object] = {}
    model = fit((nobody, MASK["taxes"], 500), ({**YOUNG, "is_active": None}, MASK["funds"], 500), (YOUNG, 0, 500))
    assert shares(model, nobody, "taxes") == 1
    assert shares(model, {**YOUNG, "is_active": None}, "funds") == 1
    assert shares(model, YOUNG, "funds") == 0


def test_a_customer_who_adds_two_products_counts_for_both() -> None:
    model = fit((YOUNG, MASK["payroll"] | MASK["pension_deposit"], 100), (YOUNG, 0, 400))
    assert shares(model, YOUNG, "payroll") == shares(model, YOUNG, "pension_deposit") == np.float32(0.2)


def test_months_without_neighbours_are_refused() -> None:
    with pytest.raises(SantanderError, match="two months that follow each other"):
        fit()
