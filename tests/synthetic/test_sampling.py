import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from santander.synthetic.sampling import quota, scaled_to, spread, systematic, whole

CHANCES = arrays(np.float64, st.integers(1, 50), elements=st.floats(0, 1))


@given(CHANCES, st.floats(0, 1, exclude_max=True))
def test_the_number_drawn_is_the_sum_of_chances_up_to_one(chances: np.ndarray, start: float) -> None:
    drawn = systematic(chances, start)
    assert abs(len(drawn) - chances.sum()) <= 1 + 1e-9
    assert len(set(drawn.tolist())) == len(drawn)


def test_each_element_is_drawn_with_its_own_chance() -> None:
    chances = np.array([0.1, 0.5, 0.0, 0.9, 0.25, 1.0])
    starts = (np.arange(10_000) + 0.5) / 10_000
    times = np.zeros(6)
    for start in starts:
        times[systematic(chances, start)] += 1
    assert times / starts.size == pytest.approx(chances, abs=2e-4)


@given(arrays(np.float32, st.integers(1, 60), elements=st.floats(2**-10, 1000, width=32)), st.floats(0.01, 0.9))
def test_scaled_chances_reach_the_total_below_their_bound_in_order_of_weight(weights: np.ndarray, share: float) -> None:
    bound = 0.5
    total = share * bound * len(weights)
    chances = scaled_to(weights, total, at_most=bound)
    assert chances.sum() == pytest.approx(total, rel=1e-3)
    assert chances.max() <= bound
    assert (np.diff(chances[np.argsort(weights)]) >= 0).all()


def test_nothing_is_drawn_where_nothing_is_possible_or_wanted() -> None:
    assert not scaled_to(np.zeros(5, np.float32), 3.0, at_most=1.0).any()
    assert not scaled_to(np.ones(5, np.float32), 0.0, at_most=1.0).any()
    assert systematic(np.empty(0), 0.5).size == 0


def test_a_quota_is_met_up_to_one() -> None:
    random = np.random.default_rng(3)
    assert len(quota(np.ones(1_000, np.float32), 123.0, random)) in (122, 123, 124)


def test_marked_customers_carry_their_share_of_rows() -> None:
    rows = np.random.default_rng(0).integers(1, 18, 20_000)
    for seed in range(5):
        marked = spread(0.002, rows, np.random.default_rng(seed))
        assert rows[marked].sum() == pytest.approx(0.002 * rows.sum(), rel=0.05)


@given(arrays(np.float64, st.integers(1, 20), elements=st.floats(0, 1e5)))
def test_rounded_running_totals_stay_close(amounts: np.ndarray) -> None:
    assert np.abs(np.cumsum(whole(amounts)) - np.cumsum(amounts)).max() <= 0.5 + 1e-6
