import numpy as np
import pytest
from chances import Pairs

ROWS = 50_000


def pairs(power: float = 1.0, noise: float = 0.0, level: float = 1.0) -> Pairs:
    """Pairs of two products; what is given is the truth to a power, blurred, at another level."""
    draw = np.random.default_rng(3)
    true = np.exp(draw.normal(-3.5, 0.8, ROWS))
    given = level * true**power * np.exp(draw.normal(0, noise, ROWS)) if noise else level * true**power
    return Pairs(given, true, draw.choice([17, 21], ROWS))


def test_the_truth_itself_has_slope_one_no_error_and_all_that_the_best_pairs_hold() -> None:
    found = pairs(level=3.0).levelled()
    assert found.slope() == pytest.approx(1.0, abs=1e-6)
    assert found.errors() == pytest.approx([0.0, 0.0], abs=1e-9)
    assert [found.top(share) for share in (0.01, 0.05)] == pytest.approx([1.0, 1.0])


def test_chances_that_spread_too_far_have_a_slope_below_one_and_an_error() -> None:
    found = pairs(power=1.25).levelled()
    assert found.slope() == pytest.approx(0.8, abs=1e-6)
    assert min(found.errors()) > 0.1
    assert found.top(0.01) == pytest.approx(1.0)


def test_blurred_chances_find_fewer_of_the_best_pairs() -> None:
    assert pairs(noise=0.5).levelled().top(0.01) < 0.8
