"""Whom the gate scores of a month that is larger than its sample: figures as if everybody had been scored."""

import numpy as np
import pytest

from santander.evaluation import month_to_judge
from santander.evaluation.average_precision import average_precision
from santander.evaluation.judgement import MonthToJudge, precisions_of
from santander.evaluation.month_to_judge import CheckedCustomers
from santander.models.popularity import Popularity, PopularitySettings
from tests.registry import crowd


@pytest.fixture(scope="module")
def judged() -> MonthToJudge:
    return crowd.gate_rows(4_000)


@pytest.fixture
def checked(judged: MonthToJudge, monkeypatch: pytest.MonkeyPatch) -> CheckedCustomers:
    monkeypatch.setattr(month_to_judge, "ENOUGH", 1_000)
    return CheckedCustomers.of(judged)


def test_a_month_that_is_small_enough_is_checked_whole(judged: MonthToJudge) -> None:
    everybody = CheckedCustomers.of(judged)
    assert everybody.drawn.all()
    assert everybody.rows is judged.rows


def test_all_who_added_something_are_among_them_and_as_many_as_wanted_are_drawn(
    judged: MonthToJudge, checked: CheckedCustomers
) -> None:
    assert set(judged.bought) <= set(checked.place)
    assert checked.rows.num_rows == len(checked.place) < judged.rows.num_rows
    assert abs(int(checked.drawn.sum()) - 1_000) < 100
    drawn = judged.added[checked.place[checked.drawn]]
    assert abs(np.count_nonzero(drawn) / len(drawn) - judged.buyers / judged.rows.num_rows) < 0.05


def test_who_is_drawn_depends_on_the_customer_alone(judged: MonthToJudge, checked: CheckedCustomers) -> None:
    turned = CheckedCustomers.of(MonthToJudge(judged.month, judged.rows.take(np.arange(judged.rows.num_rows)[::-1])))
    of_each = [set(part.rows["customer_id"].filter(part.drawn).to_pylist()) for part in (checked, turned)]
    assert of_each[0] == of_each[1]


def test_precisions_are_those_of_a_model_that_ranked_for_everybody(judged: MonthToJudge, checked: CheckedCustomers) -> None:
    model = Popularity.fit(PopularitySettings(), crowd.training_set())
    for_everybody = average_precision(model.rank(judged.rows, model.score(judged.rows)), judged.added)
    ranks = model.rank(checked.rows, model.score(checked.rows))
    assert for_everybody.any()
    assert np.array_equal(checked.precisions(ranks), for_everybody)
    assert np.array_equal(precisions_of(model, judged), for_everybody)
