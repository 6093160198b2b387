"""A judgement of the toy world: figures that can be counted by hand, the oracle, the plots."""

import json
from pathlib import Path

import numpy as np
import pytest

from santander.evaluation.judgement import Judgement, MonthToJudge, judge
from santander.evaluation.oracle import oracle_of
from santander.evaluation.plots import draw
from santander.models.boosted_trees import BoostedTrees, BoostedTreesSettings
from santander.models.popularity import Popularity, PopularitySettings
from santander.schema.column_groups import ColumnGroup
from santander.schema.months import Month
from santander.schema.records import plain
from tests.models.toy_world import MASK, PENSIONER, SMALL_TREES, STUDENT, TAXPAYER, rows_to_judge, toy_training_set

MAY = Month(2016, 5)


def month_of(*customers: tuple[dict[str, object], int]) -> MonthToJudge:
    """Customers of May and what they added."""
    return MonthToJudge.in_driver(MAY, rows_to_judge(customers))


@pytest.fixture(scope="module")
def judgement() -> Judgement:
    """A student and a pensioner do the usual, a taxpayer the less usual, another nothing."""
    training = toy_training_set()
    settings = SMALL_TREES
    customers = [(STUDENT, "e_account"), (PENSIONER, "payroll"), (TAXPAYER, "credit_card"), (TAXPAYER, "")]
    judged = month_of(*((who, MASK.get(product, 0)) for who, product in customers))
    return judge(BoostedTrees.fit(settings, training), Popularity.fit(PopularitySettings(), training), judged, oracle=0.7)


def test_figures_count_everyone(judgement: Judgement) -> None:
    figures = judgement.evaluation.figures()
    assert (figures.customers, figures.buyers) == (4, 3)
    assert figures.ceiling == 0.75
    assert figures.map7 == (1 + 1 + 1 / 2 + 0) / 4
    assert figures.share_of_ceiling == pytest.approx(0.625 / 0.75)
    assert figures.share_of_oracle == pytest.approx(0.625 / 0.7)
    assert str(figures.month) == "2016-05"


def test_products_are_counted_by_addition_and_by_place_in_lists(judgement: Judgement) -> None:
    by_name = {product.product: product for product in judgement.evaluation.products}
    assert by_name["credit_card"].additions == 1
    assert by_name["credit_card"].recall == 1
    assert by_name["credit_card"].listed == 4
    assert by_name["credit_card"].precision == 0.25
    assert by_name["loan"].recall is None
    assert by_name["current_account"].listed == 2


def test_segments_part_the_customers(judgement: Judgement) -> None:
    by_name = {segment.segment: segment for segment in judgement.evaluation.segments}
    assert {name: segment.customers for name, segment in by_name.items()} == {"top": 2, "individuals": 1, "students": 1}
    assert by_name["top"].map7 == 0.25
    assert by_name["top"].ceiling == 0.5


def test_new_customers_are_a_slice_of_their_own() -> None:
    baseline = Popularity.fit(PopularitySettings(), toy_training_set())
    judged = month_of((STUDENT | {"is_new": True}, MASK["e_account"]), (STUDENT, 0), (TAXPAYER, MASK["loan"]))
    evaluation = judge(baseline, baseline, judged).evaluation
    assert evaluation.new_customers is not None
    assert (evaluation.new_customers.customers, evaluation.new_customers.ceiling) == (1, 1)
    assert [part.segment for part in evaluation.slices] == ["top", "students", "new customers"]
    assert plain(evaluation)["new_customers"]["buyers"] == 1


def test_everything_can_be_written_as_json(judgement: Judgement) -> None:
    assert (details := json.loads(json.dumps(plain(judgement.evaluation))))["segments"][0]["segment"] == "top"
    assert (details["month"], details["map7"]) == ("2016-05", judgement.evaluation.map7)


def test_a_month_without_buyers_has_no_shares() -> None:
    baseline = Popularity.fit(PopularitySettings(), toy_training_set())
    figures = judge(baseline, baseline, month_of((STUDENT, 0))).evaluation.figures()
    assert figures.map7 == figures.ceiling == 0
    assert figures.share_of_ceiling is figures.gain_over_baseline is figures.oracle is None


def test_chances_of_the_products_that_were_added_lie_in_the_upper_bins(judgement: Judgement) -> None:
    bins = judgement.calibration
    assert [each.chance for each in bins] == sorted(each.chance for each in bins)
    assert bins[0].happened < 0.1
    assert bins[-1].happened == 1
    assert judgement.calibration_error == pytest.approx(sum(b.pairs * abs(b.chance - b.happened) for b in bins) / 72)


def test_plots_are_drawn_with_names_people_read(judgement: Judgement, tmp_path: Path) -> None:
    baseline = Popularity.fit(PopularitySettings(), toy_training_set())
    model = BoostedTrees.fit(
        BoostedTreesSettings(columns=(ColumnGroup.LAG_1_BITS,), rounds=3, max_depth=2, eta=0.5), toy_training_set()
    )
    always = {"recall_by_product", "lost_by_product", "slices", "calibration"}
    assert set(draw(baseline, judgement, 500)) == always
    plots = draw(model, judgement, 500)
    assert set(plots) == always | {"importance"}
    labels = [label.get_text() for label in plots["importance"].axes[0].get_yticklabels()]
    assert "pension deposit: held the month before" in labels
    recalled = [label.get_text() for label in plots["recall_by_product"].axes[0].get_yticklabels()]
    assert sorted(recalled) == ["credit card (1)", "e account (1)", "payroll (1)"]
    plots["calibration"].savefig(tmp_path / "calibration.png")
    assert (tmp_path / "calibration.png").stat().st_size > 5_000


def test_the_oracle_counts_only_for_the_bank_it_was_written_for(tmp_path: Path) -> None:
    entry = {"month": "2016-05", "customers": 10, "buyers": 3, "additions": 4, "ceiling": 0.3, "oracle": 0.27}
    assert oracle_of(tmp_path, MAY, 10, 3) is None
    (tmp_path / "oracle.json").write_text(json.dumps({"seed": 1, "months": [entry]}))
    assert oracle_of(tmp_path, MAY, 10, 3) == 0.27
    assert oracle_of(tmp_path, MAY, 10, 4) is None
    assert oracle_of(tmp_path, MAY, 11, 3) is None
    assert oracle_of(tmp_path, MAY + 1, 10, 3) is None


def test_scores_and_precisions_of_buyers_are_in_the_order_of_the_customers(judgement: Judgement) -> None:
    assert judgement.precisions.tolist() == [1, 1, 0.5]
    assert int(np.nanargmax(judgement.scores[0])) == 12
