"""Chances against what happened, on scores whose bins can be counted."""

import numpy as np
import pytest

from santander.evaluation.calibration import calibration_of, expected_calibration_error


def scores_of(*rows: dict[int, float]) -> np.ndarray:
    scores = np.full((len(rows), 24), np.nan, dtype=np.float32)
    for row, chances in enumerate(rows):
        for bit, chance in chances.items():
            scores[row, bit] = chance
    return scores


def test_bins_count_pairs_of_an_addition_and_a_product() -> None:
    bins = calibration_of(scores_of({3: 3.0, 5: 1.0}, {3: 3.0, 5: 1.0}, {3: 1.0}), np.array([1 << 3, 1 << 5, 0]))
    assert [(each.lower, each.pairs) for each in bins] == [(0.0, 44), (0.2, 2), (0.7, 2)]
    assert [each.chance for each in bins] == [0, 0.25, 0.75]
    assert [each.happened for each in bins] == [0, 0.5, 0.5]


def test_the_error_weighs_bins_by_their_pairs() -> None:
    bins = calibration_of(scores_of({3: 3.0, 5: 1.0}, {3: 3.0, 5: 1.0}), np.array([1 << 3, 1 << 5]))
    assert expected_calibration_error(bins) == pytest.approx((2 * 0.25 + 2 * 0.25) / 48)


def test_a_month_without_additions_has_no_bins_and_no_error() -> None:
    bins = calibration_of(scores_of({3: 1.0}), np.array([0]))
    assert bins == ()
    assert expected_calibration_error(bins) is None
