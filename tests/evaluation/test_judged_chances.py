"""Figures of chances: shape at the level of the month, level apart, groups, the top, slices and products."""

from pathlib import Path

import numpy as np
import pytest

from santander.evaluation.chance_groups import GROUPS
from santander.evaluation.chance_plots import chances_that_hold
from santander.evaluation.month_to_judge import Slice
from santander.schema.months import Month
from santander.schema.products import PRODUCT_NAMES
from santander.schema.records import plain
from tests.evaluation.chance_worlds import draw_month, groups_of_customers, judged

CHANCES, ADDED = draw_month(1, customers=20_000)
ADDITIONS = int(ADDED.sum())


def test_groups_expect_equally_many_additions_and_hold_every_pair() -> None:
    groups = judged(CHANCES, ADDED).groups()
    assert len(groups) == GROUPS
    assert [group.expected for group in groups] == pytest.approx([ADDITIONS / GROUPS] * GROUPS)
    assert sum(group.pairs for group in groups) == pytest.approx((~np.isnan(CHANCES)).sum())
    assert sum(group.happened for group in groups) == pytest.approx(ADDITIONS)
    chance = [group.expected / group.pairs for group in groups]
    assert chance == sorted(chance)


def test_the_error_of_chances_that_hold_is_that_of_luck() -> None:
    found = [judged(*draw_month(seed)).figures(()).calibration for seed in range(20)]
    ratios = [each.error / each.error_by_luck for each in found if each.error and each.error_by_luck]
    assert len(ratios) == 20
    assert 0.8 < np.mean(ratios) < 1.2
    bent = judged(CHANCES**0.7, ADDED).figures(()).calibration
    assert bent.error is not None
    assert bent.error_by_luck is not None
    assert bent.error > 4 * bent.error_by_luck


def test_the_level_is_shown_and_changes_nothing_else() -> None:
    whole, half = (judged(chances, ADDED).figures(()) for chances in (CHANCES, CHANCES / 2))
    assert whole.calibration.level == pytest.approx(np.nansum(CHANCES) / ADDITIONS, rel=1e-5)
    assert half.calibration.level == pytest.approx(np.nansum(CHANCES) / ADDITIONS / 2, rel=1e-5)
    assert half.calibration.error == pytest.approx(whole.calibration.error)
    assert half.top_1_percent == pytest.approx(whole.top_1_percent)


def test_the_highest_chances_hold_the_share_that_counting_finds() -> None:
    there = ~np.isnan(CHANCES)
    scaled = np.where(there, CHANCES * (ADDED.sum(axis=0) / np.nansum(CHANCES, axis=0)), np.nan)[there]
    order = np.argsort(-scaled)
    best = ADDED[there][order[: round(0.05 * len(order))]].sum() / ADDITIONS
    assert judged(CHANCES, ADDED).figures(()).top_5_percent == pytest.approx(best, abs=0.01)


def test_a_slice_is_at_the_level_of_everybody() -> None:
    """Who has chances twice too high stands out, though the chances of all products together are at their level."""
    groups = groups_of_customers(len(CHANCES))
    wrong = np.where((groups == 1)[:, None], np.minimum(2 * CHANCES, 1), CHANCES).astype(np.float32)
    bought = groups[ADDED.any(axis=1)]
    slices = [Slice(name, 1, bought == group, (group,)) for name, group in (("too high", 1), ("right", 2))]
    high, right = judged(wrong, ADDED).figures(slices).slices
    assert high.calibration.level == pytest.approx(2, rel=0.2)
    assert right.calibration.level == pytest.approx(1, rel=0.2)
    assert high.calibration.error is not None
    assert right.calibration.error is not None
    assert high.calibration.error > 2 * right.calibration.error
    as_they_were = judged(CHANCES, ADDED).figures(slices).slices[0].calibration
    assert high.calibration.slope == pytest.approx(as_they_were.slope, rel=0.001)


def test_each_product_that_was_added_has_figures_of_its_own() -> None:
    added = ADDED.copy()
    added[:, 5] = 0
    found = judged(CHANCES, added).figures(())
    assert [part.name for part in found.products] == [name for bit, name in enumerate(PRODUCT_NAMES) if bit != 5]
    assert [part.calibration.additions for part in found.products] == [n for n in added.sum(axis=0).tolist() if n]
    assert {"slope", "slope_low", "slope_high", "error", "top_1_percent", "top_5_percent"} <= plain(found).keys()
    assert {"name", "slope", "error", "level"} <= plain(found)["products"][0].keys()


def test_without_additions_nothing_is_known() -> None:
    found = judged(CHANCES, np.zeros_like(ADDED)).figures(())
    assert (found.calibration.slope, found.calibration.error, found.calibration.level, found.top_1_percent) == (None,) * 4
    assert found.products == ()


@pytest.mark.parametrize("additions", [ADDED, np.zeros_like(ADDED)], ids=["some", "none"])
def test_the_larger_products_are_drawn_beside_all(additions: np.ndarray, tmp_path: Path) -> None:
    found = judged(CHANCES, additions)
    number = np.sort(additions.sum(axis=0))[-3]
    figure = chances_that_hold(Month(2016, 5), found, found.figures(()), at_least=max(int(number), 1))
    titles = [axes.get_title() for axes in figure.axes]
    assert titles[0].startswith("Chances at the level of 2016-05, all products")
    assert len(titles) == (4 if additions.any() else 1)
    figure.savefig(tmp_path / "chances.png")
