"""What a list of any recommender must be like, and that nothing judges, serves or compares one that is not."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from santander.evaluation.buyers import BuyersOfMonth
from santander.evaluation.judgement import judge, precisions_of
from santander.evaluation.oracle import HiddenMonth
from santander.models.list_check import WrongLists, checked_chances, checked_lists, refuse_wrong_lists
from santander.models.popularity import Popularity, PopularitySettings
from santander.models.ranking import top_products
from santander.registry.contest import UnsoundModel, sound_lists
from santander.registry.served_model import ServedRecommender
from santander.schema.months import Month
from santander.schema.products import N_PRODUCTS
from tests.registry import crowd

OWNED = np.array([0, 0b1, (1 << N_PRODUCTS) - 1 & ~0b110, (1 << N_PRODUCTS) - 1])
CUSTOMERS = np.array([11, 22, 33, 44])
SCORES = np.tile(np.linspace(1, 0.1, N_PRODUCTS, dtype=np.float32), (4, 1))
SCORES[:, 6] = np.nan


def lists() -> npt.NDArray[Any]:
    """Lists of four customers as they must be: owning nothing, one product, all but two, everything."""
    return top_products(SCORES, OWNED, prior=np.zeros(N_PRODUCTS))


def complaint(ranks: npt.NDArray[Any], customers: npt.NDArray[Any] | None = CUSTOMERS) -> str:
    with pytest.raises(WrongLists) as wrong:
        refuse_wrong_lists("it", ranks, SCORES, OWNED, customers)
    assert str(wrong.value) == f"it {wrong.value.complaint}"
    return wrong.value.complaint


def test_lists_by_the_rules_are_taken() -> None:
    assert lists()[2:].tolist() == [[1, 2, -1, -1, -1, -1, -1], [-1] * 7]
    refuse_wrong_lists("it", lists(), SCORES, OWNED, CUSTOMERS)
    refuse_wrong_lists("it", lists()[:0], SCORES[:0], OWNED[:0])


@pytest.mark.parametrize(
    ("row", "rank", "bit", "rule"),
    [
        (0, 3, 2, "names a product twice in the list ("),
        (0, 6, 24, "names what is no product in the list ("),
        (0, 6, -2, "names what is no product"),
        (0, 6, -1, "does not name exactly min(7, 24 - owned) products"),
        (2, 2, 5, "does not name exactly min(7, 24 - owned) products"),
        (3, 0, 5, "does not name exactly min(7, 24 - owned) products in the list"),
        (1, 0, 0, "names an owned product"),
        (2, 1, 3, "names an owned product"),
        (0, 0, 20, "names a product before one with a higher score"),
        (0, 5, 6, "names a product before one with a higher score"),
    ],
)
def test_the_first_wrong_list_is_named_with_its_customer_and_the_rule(row: int, rank: int, bit: int, rule: str) -> None:
    ranks = lists()
    ranks[row, rank] = bit
    found = complaint(ranks)
    assert found.startswith(rule)
    assert found.endswith(f"of customer {CUSTOMERS[row]}")
    assert len(re.findall(r"[\w-]+", found.split("(")[-1].split(")")[0])) == 7
    assert complaint(ranks, None).endswith(f"of row {row + 1}")


def test_an_empty_rank_before_another_is_refused() -> None:
    ranks = lists()
    ranks[2, :3] = [1, -1, 2]
    assert complaint(ranks).startswith("leaves a rank empty before another in the list (")


def test_one_list_of_seven_places_for_each_customer_is_wanted() -> None:
    assert complaint(lists()[:3]) == "gives lists of shape 3 x 7 where one of 7 places was asked for 4 customers"
    assert complaint(lists()[:, :6]).startswith("gives lists of shape 4 x 6")
    assert complaint(lists().astype(float)) == "names products by numbers of type float64, not by whole ones"


def test_a_wrong_list_is_found_wherever_it_stands_among_many() -> None:
    many = 20_000
    owned, scores = np.zeros(many, np.int64), np.tile(SCORES[0], (many, 1))
    ranks = top_products(scores, owned, prior=np.zeros(N_PRODUCTS))
    ranks[19_000, 1] = ranks[19_000, 0]
    with pytest.raises(WrongLists, match="of customer 19000"):
        refuse_wrong_lists("it", ranks, scores, owned, np.arange(many))


class Stammering(Popularity):
    """Shares of groups, every list with its first product at each rank."""

    def rank(self, features: Any, scores: Any) -> Any:
        return np.repeat(super().rank(features, scores)[:, :1], 7, axis=1)


class Narrow(Popularity):
    """Scores of the first products alone."""

    def score(self, features: Any) -> Any:
        return super().score(features)[:, :10]


ROWS = crowd.gate_rows(300)
EVERYONE = crowd.month_of(crowd.GATE, 300)
HIDDEN = HiddenMonth(Month(2016, 6), EVERYONE, np.tile(SCORES[0], (300, 1)))
DOORS: dict[str, Callable[[Any], object]] = {
    "judge": lambda model: judge(model, Popularity.fit(PopularitySettings(), crowd.training_set()), ROWS),
    "judge, as baseline": lambda model: judge(Popularity.fit(PopularitySettings(), crowd.training_set()), model, ROWS),
    "precisions": lambda model: precisions_of(model, ROWS),
    "buyers of a month": lambda model: BuyersOfMonth(ROWS.month, ROWS.apply, ROWS.buyers, 300).map7(model),
    "a hidden month": HIDDEN.map7,
    "lists": lambda model: checked_lists(model, EVERYONE),
    "the gate": lambda model: sound_lists(ROWS, {"version 3: its judged fit": model}),
}


def served(model: Any) -> object:
    """What the registered model answers to MLflow."""
    recommender = ServedRecommender()
    recommender._model = model
    return recommender.predict(None, EVERYONE.to_pandas())  # type: ignore[arg-type]


DOORS["the model as MLflow serves it"] = served


@pytest.mark.parametrize("door", DOORS)
def test_no_door_judges_a_product_as_often_as_it_is_repeated(door: str) -> None:
    model = Stammering.fit(PopularitySettings(), crowd.training_set())
    whose = "version 3: its judged fit" if door == "the gate" else "the recommender Stammering"
    with pytest.raises((WrongLists, UnsoundModel), match=rf"^{whose} names a product twice in the list .* of customer \d+$"):
        DOORS[door](model)


def test_scores_of_fewer_products_are_refused_before_they_are_ranked() -> None:
    model = Narrow.fit(PopularitySettings(), crowd.training_set())
    with pytest.raises(WrongLists, match="Narrow gives scores of shape 300 x 10 where 24 for each of 300 customers were asked"):
        checked_lists(model, EVERYONE)


@pytest.mark.parametrize(
    ("of_owned", "of_open", "is_wrong"),
    [
        (np.nan, 0.0, False),
        (np.nan, 1.0, False),
        (np.nan, 1.01, True),
        (np.nan, -0.1, True),
        (np.nan, np.nan, True),
        (np.nan, np.inf, True),
        (0.5, 0.5, True),
    ],
)
def test_a_chance_lies_between_0_and_1_and_an_owned_product_has_none(of_owned: float, of_open: float, is_wrong: bool) -> None:
    given = np.full((2, N_PRODUCTS), 0.1, dtype=np.float32)
    given[1, 0], given[1, 1] = of_owned, of_open

    class Given:
        def of(self, _model: object, _features: object, _scores: object) -> npt.NDArray[np.float32]:
            return given

    given[0, 0] = np.nan
    rows = pa.table({"owned": pa.array([1, 1], pa.int32())})
    if is_wrong:
        with pytest.raises(WrongLists, match="gives 1 of 2 customers a chance that is none"):
            checked_chances(None, Given(), rows, given)
    else:
        assert checked_chances(None, Given(), rows, given) is given
