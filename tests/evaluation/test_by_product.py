"""Where the ceiling is lost, counted by hand on four customers."""

import numpy as np
import pytest

from santander.evaluation.average_precision import average_precision
from santander.evaluation.by_product import ProductFigures, by_product, found_at, lost_by_product
from santander.evaluation.figures import Evaluation, SegmentFigures
from santander.evaluation.plots import by_slice, recall_by_product
from santander.evaluation.plots import lost_by_product as plot_of_losses
from santander.models.ranking import Ranks
from santander.schema.months import Month
from tests.evaluation.whole_month import ceiling

RANKS: Ranks = np.array(
    [
        [3, 5, 7, 1, 2, 4, 6],
        [5, 3, 7, 1, 2, 4, 6],
        [5, 3, 7, 1, 2, 4, -1],
        [3, 5, 7, 1, 2, 4, 6],
    ],
    dtype=np.int8,
)
ADDED = np.array([1 << 3, 1 << 3 | 1 << 7, 1 << 20, 0])
"""Found first; found at ranks 2 and 3; missed; nothing."""


def figures(ranks: Ranks = RANKS) -> dict[int, ProductFigures]:
    return dict(enumerate(by_product(ranks, RANKS[:, ::-1], ADDED, np.bincount(ranks[ranks >= 0], minlength=24), len(ADDED))))


def test_additions_are_counted_at_their_rank() -> None:
    counts = found_at(RANKS, ADDED)
    assert counts[3].tolist() == [1, 1, 0, 0, 0, 0, 0]
    assert counts[7].tolist() == [0, 0, 1, 0, 0, 0, 0]
    assert counts.sum() == 3


def test_what_is_lost_is_shared_out_among_the_additions() -> None:
    lost = lost_by_product(RANKS, ADDED, len(ADDED))
    assert lost[3] == pytest.approx((0 + (1 / 2 - 1 / 2 / 2)) / 4)
    assert lost[7] == pytest.approx((1 / 2 - 2 / 3 / 2) / 4)
    assert lost[20] == pytest.approx(1 / 4)
    assert np.count_nonzero(lost) == 3


@pytest.mark.parametrize("seed", range(5))
def test_what_is_lost_sums_to_the_distance_from_the_ceiling(seed: int) -> None:
    draw = np.random.default_rng(seed)
    ranks = np.array([draw.permutation(24)[:7] for _ in range(300)], dtype=np.int8)
    added = np.array([int(np.bitwise_or.reduce(1 << draw.permutation(24)[: draw.integers(0, 11)])) for _ in range(300)])
    distance = ceiling(added) - float(average_precision(ranks, added).mean())
    assert lost_by_product(ranks, added, len(added)).sum() == pytest.approx(distance)


def test_a_month_without_additions_loses_nothing() -> None:
    assert not lost_by_product(RANKS, np.zeros(4, dtype=np.int64), 4).any()


def test_a_product_is_first_in_vain_for_buyers_of_others_alone() -> None:
    found = figures()
    assert found[5].first_in_vain == 2  # the last customer added nothing, the first one what stood first
    assert found[3].first_in_vain == 0
    assert (found[20].additions, found[20].hits, found[20].missed) == (1, 0, 1)
    assert (found[3].hits, found[3].baseline_found_at) == (2, (0, 0, 0, 0, 0, 1, 1))


def test_plots_show_ranks_and_losses_of_what_was_added() -> None:
    evaluation = Evaluation(
        Month(2016, 5), 4, 3, 0.4, 0.75, 0.2, None, tuple(figures().values()),
        (SegmentFigures("top", 3, 2, 0.5, 0.25, 1.0), SegmentFigures("students", 1, 0, 0.0, 0.0, 0.0)),
    )  # fmt: skip
    recall = recall_by_product(evaluation).axes[0]
    of_the_first_added = [bar.get_width() for bar in recall.patches if bar.get_y() == pytest.approx(2 + 0.21 - 0.19)]  # type: ignore[attr-defined]
    assert of_the_first_added == [0.5, 0.5, 0, 0]
    assert len(plot_of_losses(evaluation).axes[0].get_yticklabels()) == 3
    slices = [label.get_text() for label in by_slice(evaluation).axes[0].get_yticklabels()]
    assert slices == ["top\n3 customers, 2 buyers", "everybody\n4 customers, 3 buyers"]
