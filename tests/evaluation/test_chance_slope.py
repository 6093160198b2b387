"""The slope of calibration on chances that are known."""

import numpy as np
import pytest

from santander.evaluation.chance_bins import ChanceBins
from santander.evaluation.chance_slope import Buyers, Slope, slope_of
from santander.features.expansion import Bits
from santander.models.ranking import Scores
from tests.evaluation.chance_worlds import draw_month, groups_of_customers
from tests.sample import amount


def slope(chances: Scores, added: Bits) -> Slope:
    cells = ChanceBins.of(chances, added, groups_of_customers(len(chances))).within()
    bought = added.any(axis=1)
    found = slope_of(cells, Buyers.of(chances[bought], added[bought]))
    assert found is not None
    return found


@pytest.mark.parametrize("together", [False, True], ids=["alone", "together"])
def test_the_interval_of_chances_that_hold_has_1_in_it_about_95_times_in_100(together: bool) -> None:
    seeds = amount(push=60, whole=400)
    found = [slope(*draw_month(seed, together=together)) for seed in range(seeds)]
    held = sum(each.low <= 1 <= each.high for each in found)
    # four deviations of a binomial number below 95 %; and not so wide that nothing would ever be refused
    assert held >= 0.95 * seeds - 4 * (seeds * 0.95 * 0.05) ** 0.5
    spread = np.std([each.slope for each in found])
    assert np.mean([each.high - each.low for each in found]) / (2 * 1.96) == pytest.approx(spread, rel=0.3)
    assert np.mean([each.slope for each in found]) == pytest.approx(1, abs=4 * spread / seeds**0.5)


@pytest.mark.parametrize("power", [0.7, 1.5])
def test_chances_raised_to_a_power_have_its_inverse_as_slope(power: float) -> None:
    chances, added = draw_month(1, customers=20_000)
    straight, bent = slope(chances, added), slope(chances**power, added)
    assert bent.slope == pytest.approx(straight.slope / power, rel=0.002)
    assert bent.low <= 1 / power <= bent.high
    assert not bent.low <= 1 <= bent.high


def test_the_slope_is_that_of_the_pairs_themselves() -> None:
    """Bins change nothing: the same regression on every pair, without them."""
    chances, added = draw_month(2)
    there, by_pairs = ~np.isnan(chances), 1.0
    logs = np.log(np.where(there, chances, 1.0), dtype=np.float64)
    for _ in range(20):
        weight = np.where(there, np.exp(by_pairs * logs), 0.0)
        weight /= weight.sum(axis=0)
        away = logs - (weight * logs).sum(axis=0)
        by_pairs += (added * away).sum() / (added.sum(axis=0) * (weight * away**2).sum(axis=0)).sum()
    assert slope(chances, added).slope == pytest.approx(by_pairs, abs=0.001)


def test_a_level_by_product_changes_no_slope() -> None:
    chances, added = draw_month(3)
    halved = chances * np.where(np.arange(24) % 2, 0.5, 1.0).astype(np.float32)
    assert slope(halved, added).slope == pytest.approx(slope(chances, added).slope, abs=1e-6)


def test_what_tells_no_slope_has_none() -> None:
    alike = np.full((100, 24), 0.01, dtype=np.float32)
    added = np.zeros((100, 24), dtype=np.uint8)
    groups = groups_of_customers(100)
    nobody = Buyers.of(alike[:0], added[:0])
    assert slope_of(ChanceBins.of(alike, added, groups).within(), nobody) is None
    added[0, 0] = 1
    assert slope_of(ChanceBins.of(alike, added, groups).within(), Buyers.of(alike[:1], added[:1])) is None
    alike[0] = 0.5  # the one with the highest chance was the one who added: the steeper, the better
    assert slope_of(ChanceBins.of(alike, added, groups).within(), Buyers.of(alike[:1], added[:1])) is None
