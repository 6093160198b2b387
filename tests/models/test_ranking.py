"""Lists from scores, checked against a plain sort of each row."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from santander.models.ranking import top_products
from santander.schema.products import N_PRODUCTS

NO_PRIOR = np.zeros(N_PRODUCTS)
ALL = (1 << N_PRODUCTS) - 1


def one_list(
    scores: dict[int, float], owned: int = 0, prior: dict[int, float] | None = None, others: float = np.nan
) -> list[int]:
    """The list of one customer; products not named have the score ``others``."""
    row = np.full((1, N_PRODUCTS), others, dtype=np.float32)
    for bit, score in scores.items():
        row[0, bit] = score
    priors = NO_PRIOR.copy()
    for bit, share in (prior or {}).items():
        priors[bit] = share
    return top_products(row, np.array([owned]), priors)[0].tolist()


def test_the_likeliest_come_first() -> None:
    assert one_list({3: 0.1, 20: 0.9, 7: 0.5}, others=0.0)[:3] == [20, 7, 3]


def test_owned_products_are_left_out_however_likely() -> None:
    assert 20 not in one_list({20: 0.9}, owned=1 << 20, others=0.0)


def test_equal_scores_are_ordered_by_prior_then_bit() -> None:
    assert one_list({}, prior={9: 0.2, 5: 0.1}, others=0.5) == [9, 5, 0, 1, 2, 3, 4]


def test_products_without_a_score_follow_by_prior_even_after_a_score_of_zero() -> None:
    assert one_list({4: 0.0, 6: 0.3}, prior={9: 0.2, 5: 0.1}) == [6, 4, 9, 5, 0, 1, 2]


def test_negative_scores_still_come_before_products_without_one() -> None:
    assert one_list({4: -1e30}, prior={9: 0.2})[:2] == [4, 9]


@pytest.mark.parametrize(("owned", "length"), [(0, 7), (ALL ^ 0b111, 3), (ALL ^ 1, 1), (ALL, 0)])
def test_a_list_is_as_long_as_what_is_not_owned(owned: int, length: int) -> None:
    ranks = one_list({}, owned=owned, others=0.1)
    assert sum(bit >= 0 for bit in ranks) == length
    assert ranks[length:] == [-1] * (7 - length)


@given(
    scores=arrays.arrays(np.float32, (3, N_PRODUCTS), elements=st.sampled_from([np.nan, 0.0, 0.25, 0.5, -1.0])),
    owned=st.lists(st.integers(0, ALL), min_size=3, max_size=3),
    prior=arrays.arrays(np.float64, N_PRODUCTS, elements=st.sampled_from([0.0, 0.1, 0.2])),
)
def test_every_row_equals_a_plain_sort(scores: np.ndarray, owned: list[int], prior: np.ndarray) -> None:
    ranks = top_products(scores, np.array(owned), prior)
    for row, mask, got in zip(scores, owned, ranks.tolist(), strict=True):
        free = [bit for bit in range(N_PRODUCTS) if not mask >> bit & 1]
        free.sort(key=lambda bit: (bool(np.isnan(row[bit])), 0.0 if np.isnan(row[bit]) else -float(row[bit]), -prior[bit], bit))
        assert got == (free + [-1] * 7)[:7]
