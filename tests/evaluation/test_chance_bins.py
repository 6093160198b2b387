"""Bins of chances: every pair is counted once, wherever its part of the month was looked at."""

import itertools

import numpy as np
import pytest

from santander.evaluation.chance_bins import N_BINS, UNITS, ChanceBins, bin_of
from tests.evaluation.chance_worlds import draw_month, groups_of_customers

CHANCES, ADDED = draw_month(1)
GROUPS = groups_of_customers(len(CHANCES))


def test_parts_add_up_to_the_whole_in_any_order() -> None:
    whole = ChanceBins.of(CHANCES, ADDED, GROUPS)
    borders = [0, 1, 700, 701, 3_000, len(CHANCES)]
    parts = [
        ChanceBins.of(CHANCES[start:end], ADDED[start:end], GROUPS[start:end]).pack()
        for start, end in itertools.pairwise(borders)
    ]
    for order in (parts, parts[::-1]):
        assert np.array_equal(ChanceBins.unpack(order).counts, whole.counts)
    turned = np.random.default_rng(2).permutation(len(CHANCES))
    assert np.array_equal(ChanceBins.of(CHANCES[turned], ADDED[turned], GROUPS[turned]).counts, whole.counts)


def test_every_product_that_is_not_owned_is_a_pair_and_no_other() -> None:
    cells = ChanceBins.of(CHANCES, ADDED, GROUPS).within()
    there = ~np.isnan(CHANCES)
    assert np.array_equal(cells.pairs.sum(axis=1), there.sum(axis=0))
    assert np.array_equal(cells.happened.sum(axis=1), ADDED.sum(axis=0))
    assert cells.chance.sum(axis=1) == pytest.approx(np.nansum(CHANCES.astype(np.float64), axis=0), abs=len(CHANCES) / UNITS)


def test_groups_of_customers_part_the_pairs() -> None:
    bins = ChanceBins.of(CHANCES, ADDED, GROUPS)
    chosen = np.isin(GROUPS, (1, 3))
    assert np.array_equal(bins.within((1, 3)).pairs.sum(axis=1), (~np.isnan(CHANCES[chosen])).sum(axis=0))


def test_bins_are_in_the_order_of_the_chances_and_narrow() -> None:
    chances = np.geomspace(2.0**-30, 0.999, 100_000).astype(np.float32)
    bins = bin_of(chances)
    assert (np.diff(bins) >= 0).all()
    assert set(bins.tolist()) == set(range(N_BINS))
    first, last = (np.array([chances[bins == place][end] for place in range(N_BINS)]) for end in (0, -1))
    assert (last / first).max() < 1.126


def test_chances_outside_the_range_are_in_the_outermost_bins() -> None:
    assert bin_of(np.array([0.0, 1e-12, 1.0], dtype=np.float32)).tolist() == [0, 0, N_BINS - 1]
    nothing = ChanceBins.of(np.zeros((1, 24), dtype=np.float32), np.zeros((1, 24), dtype=np.uint8), np.zeros(1, dtype=np.int64))
    assert np.isfinite(nothing.within().log_chance).all()


def test_levels_are_taken_from_what_happened_by_product() -> None:
    cells = ChanceBins.of(CHANCES, ADDED, GROUPS).within()
    assert cells.levelled().chance.sum(axis=1) == pytest.approx(ADDED.sum(axis=0))
