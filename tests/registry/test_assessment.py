"""The whole way on a small bank: train, register, then judge the registered version on a month."""

import json
from functools import partial

import mlflow
import pytest

from santander.config.settings import Settings
from santander.errors import InputError
from santander.registry.blending import blend_candidate
from santander.registry.contest import assess
from santander.registry.decisions import Promotion
from santander.registry.promotion import register_candidate
from santander.registry.tracking import open_tracking
from santander.registry.verdict import CARD
from santander.registry.versions import load_version
from santander.schema.months import Month
from santander.schema.records import plain
from santander.store.access import open_store
from santander.training.collect import Retrieve, through
from santander.training.plan import FitName
from santander.training.recipe import Recipe
from santander.training.train import TrainReport, train
from tests.conftest import Bank
from tests.registry.conftest import Named

MAY, JUNE = Month(2016, 5), Month(2016, 6)


@pytest.fixture(scope="module")
def settings(bank: Bank, named: Named) -> Settings:
    """The registry of these tests over the data of the bank."""
    tracked = named("assessed")
    mlflow = tracked.mlflow.model_dump()
    return Settings.load(data_dir=bank.settings.data_dir, state_dir=tracked.state_dir, mlflow=mlflow)


@pytest.fixture(scope="module")
def retrieve(bank: Bank, settings: Settings) -> Retrieve:
    return through(open_store(settings, bank.lake))


@pytest.fixture(scope="module")
def report(bank: Bank, settings: Settings, retrieve: Retrieve) -> TrainReport:
    return train(
        settings, bank.lake, retrieve, Recipe.load("next_products").with_rounds(12), blend=partial(blend_candidate, settings)
    )


@pytest.fixture(scope="module")
def promotion(bank: Bank, settings: Settings, report: TrainReport) -> Promotion:
    return register_candidate(settings, bank.lake, report)


def test_the_default_target_is_the_month_after_the_last_one_known(report: TrainReport) -> None:
    assert report.candidate.target == JUNE
    assert report.candidate.fits[FitName.PROMOTED].last_month == MAY
    assert Month(2015, 6) in report.candidate.fits[FitName.PROMOTED].weights
    assert report.candidate.fits[FitName.JUDGED].last_month == Month(2016, 4)


def test_the_model_stands_between_baseline_and_ceiling(report: TrainReport) -> None:
    assert report.judgement is not None
    evaluation = report.judgement.evaluation
    assert evaluation.baseline < evaluation.map7 < evaluation.ceiling
    assert evaluation.oracle is not None
    assert evaluation.oracle < evaluation.ceiling


def test_a_run_names_the_version_of_every_table_it_read(bank: Bank, settings: Settings, promotion: Promotion) -> None:
    from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE

    tags = open_tracking(settings).get_run(load_version(settings, promotion.version).run_id).data.tags
    assert tags["delta.customers"] == str(bank.lake.version(CUSTOMERS))
    assert tags["delta.features"] == str(bank.lake.version(FEATURES_TABLE))


def test_the_gate_month_is_judged_by_the_fit_that_has_not_seen_it(
    bank: Bank, settings: Settings, retrieve: Retrieve, report: TrainReport, promotion: Promotion
) -> None:
    registered = load_version(settings, promotion.version)
    assessment = assess(settings, bank.lake, retrieve, registered, MAY)
    assert assessment.fit is FitName.JUDGED
    assert report.judgement is not None
    figures = plain(assessment)
    assert figures | plain(report.judgement.evaluation.figures()) == figures
    assert figures["fit_months"] == [str(month) for month in report.candidate.fits[FitName.JUDGED].weights]
    assert json.loads(json.dumps(figures))["version"] == promotion.version
    assert figures["chances"] == plain(report.judgement.evaluation)["chances"]
    assert figures["chances"] | plain(promotion.verdict)["chances"] == figures["chances"]
    assert figures["chances"]["slope_low"] < figures["chances"]["slope"] < figures["chances"]["slope_high"]
    assert [part["name"] for part in figures["chances"]["slices"]] == ["top", "individuals", "students", "new customers"]


def test_the_baseline_that_came_first_gives_chances_too(
    bank: Bank, settings: Settings, retrieve: Retrieve, report: TrainReport, promotion: Promotion
) -> None:
    first, model = (load_version(settings, number) for number in (1, promotion.version))
    assert first.candidate.recipe.kind == "popularity"
    chances, others = first.candidate.scoring.chances, model.candidate.scoring.chances
    assert chances is not None
    assert others is not None
    forecast, other = chances.forecast(JUNE), others.forecast(JUNE)
    assert forecast is not None
    assert other is not None
    assert forecast.expected.tolist() == other.expected.tolist()
    found = assess(settings, bank.lake, retrieve, first, MAY).evaluation.chances
    assert report.judgement is not None
    expected = report.judgement.evaluation.chances
    assert found is not None
    assert expected is not None
    assert found.calibration.level == pytest.approx(expected.calibration.level, rel=0.2)


def test_a_run_has_whether_the_chances_hold_as_metrics_as_a_plot_and_in_its_card(
    settings: Settings, report: TrainReport, promotion: Promotion
) -> None:
    client, run_id = open_tracking(settings), load_version(settings, promotion.version).run_id
    assert report.judgement is not None
    assert report.judgement.evaluation.chances is not None
    found = report.judgement.evaluation.chances.calibration
    metrics = client.get_run(run_id).data.metrics
    assert (metrics["chance_slope"], metrics["chance_error"]) == (found.slope, found.error)
    assert {"chance_slope/students", "chance_top_1_percent", "chance_level"} <= metrics.keys()
    assert "plots/chances.png" in {item.path for item in client.list_artifacts(run_id, "plots")}
    card = mlflow.artifacts.load_text(f"runs:/{run_id}/{CARD}")
    assert f"\n| all | {found.additions:,} | {found.level:.2f} | {found.slope:.3f} |" in card


@pytest.mark.parametrize("month", [Month(2016, 4), Month(2015, 6), Month(2015, 9)])
def test_a_month_of_the_fit_or_before_its_end_is_refused(
    bank: Bank, settings: Settings, retrieve: Retrieve, promotion: Promotion, month: Month
) -> None:
    registered = load_version(settings, promotion.version)
    with pytest.raises(InputError, match=f"fitted on months from 2015-05 to 2016-05: judging it on {month}"):
        assess(settings, bank.lake, retrieve, registered, month)


@pytest.mark.parametrize("month", [JUNE, Month(2015, 1), Month(2020, 1)])
def test_a_month_whose_additions_are_not_known_is_refused(
    bank: Bank, settings: Settings, retrieve: Retrieve, promotion: Promotion, month: Month
) -> None:
    registered = load_version(settings, promotion.version)
    with pytest.raises(InputError, match=f"additions of {month} are not known.*known are 2015-02 to 2016-05"):
        assess(settings, bank.lake, retrieve, registered, month)
