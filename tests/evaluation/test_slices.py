"""Slices of a month in sight: which are held against a model, and when."""

import numpy as np
import pytest

from santander.config.settings import Settings
from santander.evaluation.judgement import MonthToJudge
from santander.evaluation.resampling import SliceDifference, compare_slices
from santander.schema.months import Month
from tests.models.toy_world import rows_to_judge

RULE = Settings.load().gate


def month(individuals: int = 600, students: int = 300) -> MonthToJudge:
    """Everybody buys; every tenth student is new."""
    rows = [{"segment": 2, "is_new": False}] * individuals + [{"segment": 3, "is_new": i % 10 == 0} for i in range(students)]
    return MonthToJudge.in_driver(Month(2016, 5), rows_to_judge((who, 1) for who in rows))


def slices(judged: MonthToJudge, individuals: float, students: float) -> dict[str, SliceDifference]:
    """The champion finds every purchase at rank 2 (0.5), the challenger in these precisions."""
    student = judged.bought["segment"].to_numpy() == 3
    champion = np.full(len(student), 0.5)
    found = compare_slices(judged, champion, np.where(student, students, individuals), RULE)
    return {slice_.name: slice_ for slice_ in found}


def test_each_segment_and_new_customers_are_compared_over_their_own() -> None:
    found = slices(month(), 1.0, 0.25)
    assert set(found) == {"individuals", "students", "new customers"}
    assert {name: slice_.customers for name, slice_ in found.items()} == {
        "individuals": 600,
        "students": 300,
        "new customers": 30,
    }
    assert found["individuals"].relative == pytest.approx(1.0)
    assert (found["students"].champion, found["students"].challenger) == (0.5, 0.25)
    assert found["students"].relative_upper == pytest.approx(-0.5)


def test_a_slice_that_has_surely_lost_more_than_a_little_fails() -> None:
    assert slices(month(), 1.0, 0.25)["students"].failed
    assert not slices(month(), 1.0, 0.25)["individuals"].failed
    assert not slices(month(), 1.0, 0.5 * (1 - RULE.max_slice_loss + 0.001))["students"].failed
    assert slices(month(), 1.0, 0.5 * (1 - RULE.max_slice_loss - 0.001))["students"].failed


def test_a_slice_of_few_buyers_is_shown_and_not_held_against_the_model() -> None:
    new = slices(month(), 1.0, 0.25)["new customers"]
    assert (new.buyers, new.counts, new.failed) == (30, False, False)
    assert new.relative == pytest.approx(-0.5)
    few = slices(month(students=RULE.min_slice_buyers - 1), 1.0, 0.25)["students"]
    assert not few.failed
    assert slices(month(students=RULE.min_slice_buyers), 1.0, 0.25)["students"].failed


def test_what_is_not_sure_does_not_fail_a_slice() -> None:
    judged = month()
    student = judged.bought["segment"].to_numpy() == 3
    draw = np.random.default_rng(3)
    champion, challenger = draw.random(len(student)), draw.random(len(student))
    challenger[student] *= 0.97
    found = {slice_.name: slice_ for slice_ in compare_slices(judged, champion, challenger, RULE)}
    assert found["students"].relative_lower < -RULE.max_slice_loss < found["students"].relative_upper
    assert not found["students"].failed
