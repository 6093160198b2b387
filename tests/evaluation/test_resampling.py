"""The paired bootstrap: its bounds against plain resampling, and what it must not do."""

import numpy as np
import pytest

from santander.evaluation.resampling import paired_difference


def precisions(seed: int, customers: int = 3000) -> tuple[np.ndarray, np.ndarray]:
    """Champion and challenger on customers of whom few add anything, as in a bank."""
    random = np.random.default_rng(seed)
    buys = random.random(customers) < 0.2
    champion = np.where(buys, random.choice([0, 1 / 3, 1 / 2, 1], customers), 0.0)
    challenger = np.where(buys, random.choice([0, 1 / 2, 1, 1], customers), 0.0)
    return champion, challenger


def test_bounds_are_those_of_drawing_customers_one_by_one() -> None:
    champion, challenger = precisions(1)
    random = np.random.default_rng(2)
    drawn = random.integers(0, len(champion), (4000, len(champion)))
    plain = challenger[drawn].mean(axis=1) - champion[drawn].mean(axis=1)
    compared = paired_difference(champion, challenger, resamples=4000, seed=3)
    width = np.percentile(plain, 97.5) - np.percentile(plain, 2.5)
    assert compared.lower == pytest.approx(np.percentile(plain, 2.5), abs=width / 20)
    assert compared.upper == pytest.approx(np.percentile(plain, 97.5), abs=width / 20)


def test_the_difference_itself_is_not_resampled() -> None:
    compared = paired_difference(np.array([0.5, 0.5, 0, 0]), np.array([1.0, 0.5, 0, 0]), 200, 1)
    assert compared.champion == 0.25
    assert compared.difference == 0.125
    assert compared.relative == 0.5


def test_pairing_counts_customers_both_know_alike_as_no_difference() -> None:
    champion, _ = precisions(4)
    compared = paired_difference(champion, champion.copy(), 500, 1)
    assert (compared.lower, compared.difference, compared.upper) == (0, 0, 0)


def test_the_same_seed_gives_the_same_bounds_in_any_order_of_customers() -> None:
    champion, challenger = precisions(5)
    order = np.random.default_rng(6).permutation(len(champion))
    first = paired_difference(champion, challenger, 300, 7)
    again = paired_difference(champion[order], challenger[order], 300, 7)
    assert (again.lower, again.upper) == (first.lower, first.upper)


def test_a_champion_without_a_hit_has_no_relative_difference() -> None:
    assert paired_difference(np.zeros(5), np.ones(5), 100, 1).relative == 0


@pytest.mark.parametrize(("champion", "challenger"), [(np.zeros(3), np.zeros(4)), (np.zeros(0), np.zeros(0))])
def test_arrays_that_do_not_match_are_refused(champion: np.ndarray, challenger: np.ndarray) -> None:
    with pytest.raises(ValueError, match="a pair of precisions"):
        paired_difference(champion, challenger, 100, 1)
