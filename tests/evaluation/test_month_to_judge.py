"""Whom the gate ranks of a month that is larger than its sample: figures as if everybody had been ranked."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from santander.evaluation import month_to_judge
from santander.evaluation.average_precision import average_precision
from santander.evaluation.judgement import MonthToJudge, judge, precisions_of
from santander.evaluation.ranked import Asked, Whom, drawn_customers
from santander.models.popularity import Popularity, PopularitySettings
from santander.schema.months import Month
from tests.registry import crowd

ROWS = crowd.month_of(crowd.GATE, 4_000)


@pytest.fixture(scope="module")
def judged() -> MonthToJudge:
    return MonthToJudge.in_driver(crowd.GATE, ROWS)


@pytest.fixture(scope="module")
def model() -> Popularity:
    return Popularity.fit(PopularitySettings(), crowd.training_set())


def in_parts(rows: pa.Table) -> MonthToJudge:
    """The month as tasks would see it: a part of the rows each, in another order than that of the customers."""
    turned = rows.take(np.arange(rows.num_rows)[::-1])
    parts = [turned.slice(start, 700) for start in range(0, rows.num_rows, 700)]
    whole = MonthToJudge.in_driver(crowd.GATE, rows)
    return MonthToJudge(whole.month, whole.bought, whole.groups, lambda do: pa.concat_tables(do(part) for part in parts))


def test_of_a_month_that_is_small_enough_everybody_is_in_the_sample(judged: MonthToJudge, model: Popularity) -> None:
    assert len(judged.rank(Asked(model, Whom.SAMPLE))[0].sample) == ROWS.num_rows == judged.customers


def test_about_as_many_as_wanted_are_drawn_of_buyers_and_others_alike(
    judged: MonthToJudge, model: Popularity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(month_to_judge, "ENOUGH", 1_000)
    (ranked,) = judged.rank(Asked(model, Whom.SAMPLE))
    assert len(ranked.precisions) == judged.buyers
    assert abs(len(ranked.sample) - 1_000) < 100
    drawn = ROWS.filter(pa.array(drawn_customers(ROWS["customer_id"].to_numpy(), 0.25)))
    assert len(ranked.sample) == drawn.num_rows
    assert abs(pc.mean(pc.not_equal(drawn["added"], 0)).as_py() - judged.buyers / judged.customers) < 0.05


def test_who_is_drawn_depends_on_the_customer_alone() -> None:
    numbers = np.arange(1, 4_001)
    drawn = set(numbers[drawn_customers(numbers, 0.25)])
    assert drawn == set(numbers[::-1][drawn_customers(numbers[::-1], 0.25)])


def test_precisions_are_those_of_a_model_that_ranked_for_everybody(judged: MonthToJudge, model: Popularity) -> None:
    added = ROWS["added"].to_numpy()
    for_everybody = average_precision(model.rank(ROWS, model.score(ROWS)), added)
    assert for_everybody.any()
    assert np.array_equal(precisions_of(model, judged), for_everybody[added != 0])
    assert judge(model, model, judged).evaluation.map7 == pytest.approx(for_everybody.mean(), rel=1e-14)


def test_a_month_that_is_ranked_in_parts_has_the_same_judgement(judged: MonthToJudge) -> None:
    version = crowd.version(1, crowd.training_set(everybody=True))
    fit = version.candidate.fits[next(iter(version.candidate.fits))]
    whole, parts = (judge(fit.model, fit.baseline, month, chances=fit.chances) for month in (judged, in_parts(ROWS)))
    assert whole.evaluation.chances is not None
    assert whole.evaluation.chances.calibration.additions == np.bitwise_count(judged.added).sum()
    assert parts.evaluation == whole.evaluation
    assert parts.calibration == whole.calibration
    assert np.array_equal(parts.precisions, whole.precisions)


def test_every_list_counts_where_products_are_counted(judged: MonthToJudge, model: Popularity) -> None:
    ranks = model.rank(ROWS, model.score(ROWS))
    listed = [product.listed for product in judge(model, model, judged).evaluation.products]
    assert listed == [int((ranks == bit).sum()) for bit in range(24)]


def test_a_month_that_was_written_meanwhile_is_not_judged(judged: MonthToJudge, model: Popularity) -> None:
    other = MonthToJudge.in_driver(Month(2016, 4), ROWS.slice(0, 3_000))
    mixed = MonthToJudge(judged.month, judged.bought, judged.groups, other.apply)
    with pytest.raises(Exception, match="2016-04 was written while models were judged on it"):
        precisions_of(model, mixed)
