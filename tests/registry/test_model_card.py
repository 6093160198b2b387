"""What a reviewer reads of a version: figures that are those of the judgement, and a verdict that is kept up to date."""

import dataclasses
import logging

import mlflow
import numpy as np
import pytest

from santander.config.settings import Settings
from santander.evaluation.judgement import Judgement
from santander.evaluation.month_to_judge import Slice
from santander.evaluation.resampling import PairedDifference, SliceDifference
from santander.lake.lake import Lake
from santander.models.month_weight import MonthWeight
from santander.registry import verdict as reporting
from santander.registry.gate import Contest, Verdict
from santander.registry.model_card import NOT_MET, ModelCard, Origin, Section, model_card, months_told
from santander.registry.promotion import register_candidate
from santander.registry.registration import metrics_of
from santander.registry.runs import datasets
from santander.registry.tracking import experiment_id, open_tracking
from santander.registry.verdict import CARD, COMPARISON, LONGEST_DESCRIPTION, NOTE, comparison, record_verdict, verdict_line
from santander.registry.versions import load_version
from santander.schema.months import Month
from santander.training.train import TrainReport
from tests.evaluation.chance_worlds import draw_month, judged
from tests.registry.conftest import Named
from tests.registry.two_holders import month_of_buyers, recipe, report_for

MAY = Month(2016, 5)
ORIGIN = Origin("0a1b", {"customers": 7, "features": None}, "f00d", 4)

WORSE = SliceDifference("students", 900, 250, True, True, 0.02, 0.01, -0.5, -0.6, -0.4)
VERDICT = Verdict(
    promoted=False,
    reason="worse for students_of * everything",
    compared=PairedDifference(0.02, 0.021, -0.0004, 0.0024, 0.05, -0.02, 0.12),
    slices=(WORSE,),
    contest=Contest.NEW_RECIPE,
    month=Month(2016, 4),
)


@pytest.fixture(scope="module")
def report() -> TrainReport:
    return report_for(MAY, recipe())


@pytest.fixture(scope="module")
def judgement(report: TrainReport) -> Judgement:
    assert report.judgement is not None
    return report.judgement


@pytest.fixture(scope="module")
def card(report: TrainReport, judgement: Judgement) -> ModelCard:
    return model_card(report.candidate, judgement, ORIGIN, 500)


@pytest.fixture(scope="module")
def registered(named: Named, report: TrainReport) -> Settings:
    settings = named("reviewed")
    register_candidate(settings, Lake(settings), report)
    return settings


def section(card: ModelCard, title: str) -> str:
    return next(part.body for part in card.sections if part.title == title)


def test_the_card_says_what_the_model_is_and_that_nothing_is_decided(card: ModelCard) -> None:
    assert card.text().startswith(NOT_MET)
    assert (
        "may add in 2016-05: kind `xgboost`, recipe `small_xgboost`, fitted on additions of 2 months up to 2016-04" in card.lead
    )


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        ([], None),
        ([MAY - 12], None),  # no fit month looks back so far
        ([MAY + 1], None),
        ([MAY - 5], "2015-12** (no customers, though there are some before and after). Features of 2016-02 to 2016-05 look back"),
    ],
)
def test_a_card_names_missing_months_that_the_model_rests_on(
    report: TrainReport, judgement: Judgement, missing: list[Month], told: str | None
) -> None:
    data = section(model_card(report.candidate, judgement, dataclasses.replace(ORIGIN, missing=missing), 500), "Data")
    assert ("Months missing" in data) == (told is not None)
    assert told is None or told in data


def test_figures_stand_beside_baseline_and_ceiling(card: ModelCard, judgement: Judgement) -> None:
    figures, found = section(card, "Figures"), judgement.evaluation
    assert "Judged on 2016-04 by the fit that has not seen it: 400 customers, 70 of whom added something" in figures
    assert f"| model | {found.map7:.6f} | {found.map7 / 0.175:.3f} |" in figures
    assert f"| baseline | {found.baseline:.6f} | {found.baseline / 0.175:.3f} |" in figures
    assert "| ceiling | 0.175000 | 1.000 |" in figures
    assert "oracle" not in figures


def test_an_oracle_is_shown_where_it_is_known(report: TrainReport, judgement: Judgement) -> None:
    known = dataclasses.replace(judgement, evaluation=dataclasses.replace(judgement.evaluation, oracle=0.14))
    assert "| oracle | 0.140000 | 0.800 |" in section(model_card(report.candidate, known, ORIGIN, 500), "Figures")


def test_data_are_months_rows_and_versions_of_tables(card: ModelCard) -> None:
    data = section(card, "Data")
    february, march, april = (month_of_buyers(Month(2016, month)).buyers.num_rows for month in (2, 3, 4))
    assert f"| judged (on 2016-04) | `2016-02 2016-03` | 800 | {february + march} | - |" in data
    assert f"| promoted (scores 2016-05) | `2016-03 2016-04` | 800 | {march + april} | - |" in data
    assert "`customers` 7, `features` unknown" in data


def test_chances_have_a_table_by_slice_and_a_line_of_the_larger_products(report: TrainReport, judgement: Judgement) -> None:
    assert "Chances" not in {part.title for part in model_card(report.candidate, judgement, ORIGIN, 1).sections}
    chances, added = draw_month(1)
    found = judged(chances, added).figures(
        [Slice("new customers", 7, np.ones(int(added.any(axis=1).sum()), dtype=np.bool_), (1, 3, 5, 7))]
    )
    known = dataclasses.replace(judgement, evaluation=dataclasses.replace(judgement.evaluation, chances=found))
    largest = max(found.products, key=lambda part: part.calibration.additions)
    told = section(model_card(report.candidate, known, ORIGIN, largest.calibration.additions), "Chances")
    all_, new = found.calibration, found.slices[0].calibration
    for name, each in (("all", all_), ("new customers", new)):
        slope, error = f"{each.slope:.3f} | {each.slope_low:.3f} | {each.slope_high:.3f}", f"{each.error:.1%}"
        assert f"| {name} | {each.additions:,} | {each.level:.2f} | {slope} | {error} | {each.error_by_luck:.1%} |" in told
    product = f"{largest.name.replace('_', ' ')} {largest.calibration.error:.1%} ({largest.calibration.error_by_luck:.1%})."
    assert told.endswith(f"at least {largest.calibration.additions} additions: {product}")
    assert "none has so many" in section(model_card(report.candidate, known, ORIGIN, 10_000), "Chances")


def test_weights_stand_with_their_months() -> None:
    weights = {Month(2016, 4): MonthWeight(1.0), Month(2015, 6): MonthWeight(0.5, (("taxes", 3.0),))}
    assert months_told(weights) == "2015-06*0.5(taxes*3) 2016-04"


def test_slices_errors_and_calibration_are_those_of_the_judgement(card: ModelCard, judgement: Judgement) -> None:
    found = judgement.evaluation
    segment = found.segments[0]
    assert f"| {segment.segment} | 400 | 70 | {segment.map7:.6f} | {segment.baseline:.6f} |" in section(card, "Slices")
    loan = next(product for product in found.products if product.product == "loan")
    errors = section(card, "Errors")
    assert f"| loan | 4 | {loan.found_at[0]} | {loan.hits} | {4 - loan.hits} | {loan.lost:.6f} |" in errors
    assert f"over all products, {found.ceiling - found.map7:.6f}" in errors
    assert "Listed first to buyers who added something else: credit card 4." in errors
    assert f"Expected calibration error {judgement.calibration_error:.4f}" in section(card, "Calibration")
    assert section(card, "Calibration").count("\n| 0") == len(judgement.calibration)


def test_features_cost_and_the_way_back(card: ModelCard, report: TrainReport) -> None:
    features = section(card, "Features")
    columns = len(report.candidate.scoring.model.plan.names)  # type: ignore[attr-defined]
    assert f"{columns} columns of the groups `profile`, `lag_1_bits`" in features
    largest, share = max(report.candidate.scoring.model.importance().items(), key=lambda item: item[1])
    assert largest in {"lag_1_bits.funds", "lag_1_bits.payroll"}
    assert f"held the month before | {share:.1%} |" in features
    seconds = report.candidate.fits["judged"].seconds  # type: ignore[index]
    assert f"| judged | {seconds:.1f} | 6 | the driver |" in section(card, "Training cost")
    assert section(card, "Reproduce") == "`santander reproduce 0a1b` (code `f00d`)"


def test_a_candidate_that_was_not_judged_has_a_card_without_figures(report: TrainReport) -> None:
    titles = [part.title for part in model_card(report.candidate, None, ORIGIN, 500).sections]
    assert titles == ["Data", "Use and limits", "Reproduce", "Features", "Training cost"]


def test_a_card_is_read_back_as_it_was_written(card: ModelCard) -> None:
    assert ModelCard.parse(card.text()) == card


def test_a_verdict_takes_the_place_of_the_one_before(card: ModelCard) -> None:
    decided = card.with_verdict(verdict_line(VERDICT), comparison(VERDICT, 3))
    again = ModelCard.parse(decided.text()).with_verdict("Promoted: for a reason", comparison(VERDICT, 4))
    assert decided.text().startswith(r"Not promoted: worse for students\_of \* everything")
    assert again.text().startswith("Promoted: for a reason\n")
    assert [part.title for part in again.sections][:3] == ["Figures", COMPARISON, "Data"]
    assert again.text().count(COMPARISON) == 1
    compared = section(again, COMPARISON)
    assert "champion version 4 on the same customers of 2016-04, as a new recipe" in compared
    assert "| everybody | 0.020000 | 0.021000 | +0.001000 | -0.000400 | +0.002400 |" in compared
    assert "| students | 250 | 0.020000 | 0.010000 | -50.00% | -60.00% | -40.00% | worse |" in compared


def test_a_verdict_without_figures_keeps_what_was_compared_before(card: ModelCard) -> None:
    decided = card.with_verdict(verdict_line(VERDICT), comparison(VERDICT, 3))
    rolled_back = Verdict(promoted=False, reason="rolled back to version 2")
    assert comparison(rolled_back, None) is None
    assert COMPARISON in decided.with_verdict(verdict_line(rolled_back), None).text()


def test_a_description_has_aligned_text_for_tables_and_keeps_to_its_length() -> None:
    rows = "| name | figure |\n| --- | --: |\n| `one` | 1 |\n| **twelve** | 12 |"
    sections = (Section("First", rows), Section("Second", "x" * 300), Section("Third", "y"))
    short = ModelCard("Promoted: why", "what", sections).description(300)
    assert "```\nname    figure\none          1\ntwelve      12\n```" in short
    assert short.endswith("More in the artifact `model_card.md` of the run: second, third.\n")
    whole = ModelCard("Promoted: why", "what", sections).description(1_000)
    assert "x" * 300 in whole
    assert "More in the artifact" not in whole


def test_metrics_begin_with_the_telling_ones_and_add_up(judgement: Judgement) -> None:
    metrics = metrics_of(judgement)
    assert list(metrics)[:5] == ["map7", "share_of_ceiling", "gain_over_baseline", "baseline", "ceiling"]
    lost = sum(value for name, value in metrics.items() if name.startswith("share_of_ceiling_lost/"))
    assert lost + metrics["share_of_ceiling"] == pytest.approx(1)
    assert not [name for name, value in metrics.items() if np.isnan(value)]


def test_a_registered_version_begins_with_its_verdict_everywhere(registered: Settings) -> None:
    client, run_id = open_tracking(registered), load_version(registered, 2).run_id
    version, run = client.get_model_version("reviewed", "2"), client.get_run(run_id)
    whole = mlflow.artifacts.load_text(f"runs:/{run_id}/{CARD}")
    for text in (version.description, run.data.tags[NOTE], whole):
        assert text.startswith("Promoted: MAP@7 ")
        assert "Compared with champion version 1 on the same customers of 2016-04" in text
        assert f"santander reproduce {run_id}" in text
    assert len(version.description) <= LONGEST_DESCRIPTION
    assert run.info.run_name == "v2 2016-05 small_xgboost"
    assert (run.data.tags["promoted"], run.data.tags["met_champion"]) == ("true", "1")
    assert run.data.metrics["champion"] == pytest.approx(run.data.metrics["baseline"])
    gain = run.data.metrics["map7"] / run.data.metrics["champion"] - 1
    assert run.data.metrics["gain_over_champion"] == pytest.approx(gain)
    assert "champion" in client.get_registered_model("reviewed").description


def test_the_view_of_the_run_list_names_what_runs_have(registered: Settings) -> None:
    import json

    client = open_tracking(registered)
    tags = client.get_experiment(experiment_id(registered, client)).tags
    assert tags["mlflow.experimentKind"] == "custom_model_development"
    state = json.loads(json.loads(tags["mlflow.sharedViewState.review"])["state"])
    data = client.get_run(load_version(registered, 2).run_id).data
    has = {"metrics": data.metrics, "tags": data.tags, "params": data.params}
    named = [column.split(".", 1) for column in state["selectedColumns"]]
    assert [name for kind, name in named if name.strip("`") not in has[kind]] == []


def test_a_description_never_stands_in_the_way(
    registered: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_: Settings) -> None:
        raise ConnectionError("the server is away")

    monkeypatch.setattr(reporting, "open_tracking", refuse)
    with caplog.at_level(logging.WARNING):
        record_verdict(registered, 2, VERDICT)
    assert "version 2: the verdict was not written to its description: the server is away" in caplog.text


def test_a_version_from_before_there_were_cards_gets_its_verdict(registered: Settings) -> None:
    client = open_tracking(registered)
    run = client.create_run(experiment_id(registered, client))
    version = client.create_model_version("reviewed", source=load_version_source(registered), run_id=run.info.run_id)
    record_verdict(registered, int(version.version), VERDICT, 2)
    described = client.get_model_version("reviewed", version.version).description
    assert described.startswith("Not promoted: worse for")


def test_tables_are_named_as_datasets_without_being_read(named: Named) -> None:
    settings = named("datasets")
    found = datasets(Lake(settings), {"customers": 3, "features": None})
    assert [(dataset.name, dataset.digest) for dataset in found] == [("customers", "v3")]
    assert found[0].source.to_dict()["path"].endswith("/lake/customers")


def load_version_source(settings: Settings) -> str:
    return str(open_tracking(settings).get_model_version("reviewed", "2").source)
