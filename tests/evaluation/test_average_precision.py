"""MAP@7 against a naive implementation written from the formula alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from santander.evaluation.average_precision import average_precision
from santander.models.list_check import WrongLists
from tests.evaluation.whole_month import ceiling, map_at_7

PADDING = [-1] * 7


def naive_average_precision(recommended: list[int], added: set[int]) -> float:
    """The metric as one reads it: precision at each hit, over the best number of hits."""
    if not added:
        return 0.0
    total, found = 0.0, 0
    for rank, product in enumerate(recommended, start=1):
        if product in added:
            found += 1
            total += found / rank
    return total / min(7, len(added))


def mask_of(products: set[int]) -> int:
    return sum(1 << product for product in products)


def of_one(recommended: list[int], added: set[int]) -> float:
    return float(average_precision(np.array([(recommended + PADDING)[:7]], np.int8), np.array([mask_of(added)]))[0])


@pytest.mark.parametrize(
    ("recommended", "added", "expected"),
    [
        ([4], {4}, 1.0),
        ([3, 4], {4}, 1 / 2),
        ([4, 3, 5], {4, 5}, (1 / 1 + 2 / 3) / 2),
        ([0, 1, 2, 3, 4, 5, 6], set(range(9)), 1.0),
        ([0, 1, 2], {7}, 0.0),
        ([0, 1, 2], set(), 0.0),
        ([], {23}, 0.0),
    ],
)
def test_known_lists(recommended: list[int], added: set[int], expected: float) -> None:
    assert of_one(recommended, added) == pytest.approx(expected)


lists = st.lists(st.integers(0, 23), max_size=7, unique=True)


@given(rows=st.lists(st.tuples(lists, st.sets(st.integers(0, 23), max_size=10)), min_size=1, max_size=8))
def test_many_rows_equal_the_naive_formula(rows: list[tuple[list[int], set[int]]]) -> None:
    ranks = np.array([(recommended + PADDING)[:7] for recommended, _ in rows], np.int8)
    added = np.array([mask_of(products) for _, products in rows])
    expected = [naive_average_precision(recommended, products) for recommended, products in rows]
    np.testing.assert_allclose(average_precision(ranks, added), expected, rtol=1e-12)
    assert map_at_7(ranks, added) == pytest.approx(sum(expected) / len(expected))
    assert map_at_7(ranks, added) <= ceiling(added) + 1e-12


def test_who_adds_nothing_counts_in_the_mean() -> None:
    ranks = np.array([[5, -1, -1, -1, -1, -1, -1]] * 4, np.int8)
    added = np.array([1 << 5, 0, 0, 0])
    assert map_at_7(ranks, added) == ceiling(added) == 0.25


def test_no_customers_give_zero() -> None:
    assert map_at_7(np.empty((0, 7), np.int8), np.empty(0, np.int64)) == 0.0
    assert ceiling(np.empty(0, np.int64)) == 0.0


@pytest.mark.parametrize(("recommended", "rule"), [([2] * 7, "names a product twice"), ([24, 2], "names what is no product")])
def test_a_list_that_is_no_set_of_products_is_not_counted(recommended: list[int], rule: str) -> None:
    ranks = np.array([PADDING[:7], (recommended + PADDING)[:7]], np.int8)
    with pytest.raises(WrongLists, match=rf"{rule} in the list \(.*\) of row 1"):
        average_precision(ranks, np.array([0, 1 << 2]))
