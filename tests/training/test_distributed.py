"""Training on Spark's workers, beside a fit of the same rows in the driver. Real workers: run with ``--engine spark``."""

import dataclasses
import logging
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession

from santander.config.settings import Settings
from santander.engine.session import cores_of_a_slot, slots_of
from santander.lake.lake import Lake
from santander.models.additions import RowWeight
from santander.models.boosted_trees import BoostedTrees, BoostedTreesSettings
from santander.models.month_weight import ALIKE, MonthWeight
from santander.models.per_product_trees import PerProductTrees, PerProductTreesSettings
from santander.models.sklearn_classifier import SklearnClassifier, SklearnSettings
from santander.models.training_set import TrainingSet
from santander.registry.blending import blend_candidate
from santander.schema.column_groups import ColumnGroup
from santander.schema.months import Month
from santander.store.access import open_store
from santander.training.barrier import Guard, MissingSlots
from santander.training.collect import collect_training_set, keep_training_set, through
from santander.training.distributed import DistributedTrainingSet, TrainingFailed
from santander.training.train import train
from tests.conftest import Bank
from tests.models.recommender_contract import lists
from tests.models.toy_world import (
    BIT,
    FROM_GROUPS,
    MASK,
    PENSIONER,
    SMALL_TREES,
    STUDENT,
    TAXPAYER,
    buyers_of,
    feature_rows,
    population_of,
    toy_training_set,
)
from tests.registry.two_holders import recipe

pytestmark = [pytest.mark.plan, pytest.mark.sample(push=8, of="training on the workers")]

MARCH, APRIL, MAY = Month(2016, 3), Month(2016, 4), Month(2016, 5)
PATIENCE = 2.0


def on_workers(session: SparkSession, training: TrainingSet, workers: int) -> DistributedTrainingSet:
    """The same training data with its buyers on Spark."""
    rows: DataFrame = session.createDataFrame(training.buyers)
    return DistributedTrainingSet(rows, training.population, training.weights, Guard(session, workers, PATIENCE))


def trees(model: BoostedTrees) -> list[str]:
    return model.booster.get_dump(with_stats=True)


@pytest.fixture
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """The driver fits with as many threads as a worker here: their number changes the order of sums, the last digits."""
    monkeypatch.setattr("santander.config.machine.os.sched_getaffinity", lambda _: {0})


def several(month: Month, *habits: tuple[dict[str, object], int], each: int = 40) -> TrainingSet:
    """One month in which ``each`` customers of every kind add what the kind adds."""
    bought = [(who, added) for who, added in habits for _ in range(each)]
    counts = population_of((month, who, added, each) for who, added in habits)
    rows = buyers_of((month, customer, who, added) for customer, (who, added) in enumerate(bought, start=1))
    return TrainingSet(rows, counts, {month: ALIKE})


@pytest.mark.parametrize("settings", [SMALL_TREES, FROM_GROUPS], ids=["from all", "from groups"])
def test_one_worker_grows_the_very_booster_of_the_driver(
    session: SparkSession, one_thread: None, settings: BoostedTreesSettings
) -> None:
    training = toy_training_set()
    here, there = BoostedTrees.fit(settings, training), BoostedTrees.fit(settings, on_workers(session, training, 1))
    assert trees(there) == trees(here)
    assert there.booster.feature_names == here.booster.feature_names == list(here.plan.names)
    assert there.classes == here.classes
    np.testing.assert_array_equal(there.prior, here.prior)
    rows = feature_rows([STUDENT, PENSIONER, TAXPAYER, {}])
    np.testing.assert_array_equal(there.score(rows), here.score(rows))


def test_two_workers_agree_with_the_driver_and_with_themselves(session: SparkSession) -> None:
    training, rows = toy_training_set(), feature_rows([STUDENT, PENSIONER, TAXPAYER])
    together = BoostedTrees.fit(SMALL_TREES, on_workers(session, training, 2))
    # the ages are three, so both find the same bins, and only the order of sums differs
    np.testing.assert_allclose(together.score(rows), BoostedTrees.fit(SMALL_TREES, training).score(rows), atol=1e-4)
    assert trees(together) == trees(BoostedTrees.fit(SMALL_TREES, on_workers(session, training, 2)))
    assert together.rounds == SMALL_TREES.rounds


def test_what_is_unknown_stays_missing_and_is_not_zero(session: SparkSession) -> None:
    unknown, nothing_held = {**STUDENT, "holdings_lag_1": None}, {**STUDENT, "holdings_lag_1": 0}
    settings = SMALL_TREES.model_copy(update={"columns": (ColumnGroup.LAG_1_BITS,)})
    training = several(APRIL, (unknown, MASK["funds"]), (nothing_held, MASK["taxes"]))
    model = BoostedTrees.fit(settings, on_workers(session, training, 2))
    assert lists(model, feature_rows([unknown, nothing_held]))[:, 0].tolist() == [BIT["funds"], BIT["taxes"]]


def test_of_many_buyers_a_share_comes_to_the_driver_and_stands_for_all(
    session: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = several(APRIL, (STUDENT, MASK["taxes"]), each=400)
    buyers = on_workers(session, training, 1)
    nobody = buyers.buyers.where("added = 0"), {APRIL: 400}
    whole = dataclasses.replace(buyers, others=nobody).everyone()
    assert whole is not None
    assert whole.rows["stands_for"].to_pylist() == [1.0] * 400
    monkeypatch.setattr("santander.training.drawn.A_MONTH", 100)
    some = dataclasses.replace(buyers, others=nobody).everyone()
    assert some is not None
    assert some.rows.num_rows == pytest.approx(100, abs=5)
    assert set(some.rows["stands_for"].to_pylist()) == {4.0}


def test_weights_of_months_decide_between_months_that_disagree(session: SparkSession) -> None:
    parts = several(MARCH, (STUDENT, MASK["taxes"])), several(APRIL, (STUDENT, MASK["funds"]))
    both = on_workers(
        session,
        TrainingSet(
            pa.concat_tables(part.buyers for part in parts),
            pa.concat_tables(part.population for part in parts),
            {MARCH: ALIKE, APRIL: ALIKE},
        ),
        2,
    )

    def first(weights: dict[Month, MonthWeight]) -> int:
        return int(lists(BoostedTrees.fit(SMALL_TREES, both.of_months(weights)), feature_rows([STUDENT]))[0, 0])

    assert first({MARCH: MonthWeight(3.0), APRIL: MonthWeight(1.0)}) == BIT["taxes"]
    assert first({MARCH: MonthWeight(1.0), APRIL: MonthWeight(3.0)}) == BIT["funds"]


def test_products_nobody_or_too_few_added_are_left_out(session: SparkSession) -> None:
    settings = SMALL_TREES.model_copy(update={"min_additions": 31})
    model = BoostedTrees.fit(settings, on_workers(session, toy_training_set(), 2))
    known = sorted(BIT[name] for name in ("e_account", "taxes", "payroll"))
    assert np.flatnonzero(~np.isnan(model.score(feature_rows([STUDENT]))[0])).tolist() == known


def test_validation_months_stop_the_fit_where_they_stop_it_in_the_driver(session: SparkSession, one_thread: None) -> None:
    settings = SMALL_TREES.model_copy(update={"rounds": 400, "early_stopping_rounds": 2})
    training, watched = toy_training_set(), toy_training_set(MARCH, each=40)
    here = BoostedTrees.fit(settings, training, watched)
    there = BoostedTrees.fit(settings, on_workers(session, training, 1), on_workers(session, watched, 1))
    assert there.rounds == here.rounds < 400
    assert trees(there) == trees(here)
    together = BoostedTrees.fit(settings, on_workers(session, training, 2), on_workers(session, watched, 2))
    assert together.rounds < 400


def test_workers_that_start_from_groups_stop_where_the_driver_does(session: SparkSession, one_thread: None) -> None:
    settings = FROM_GROUPS.model_copy(update={"rounds": 60, "early_stopping_rounds": 2})
    training, watched = toy_training_set(), toy_training_set(MARCH, each=40)
    here = BoostedTrees.fit(settings, training, watched)
    there = BoostedTrees.fit(settings, on_workers(session, training, 1), on_workers(session, watched, 1))
    assert there.fingerprint == here.fingerprint


@pytest.mark.parametrize("settings", [SMALL_TREES, FROM_GROUPS], ids=["from all", "from groups"])
@pytest.mark.parametrize("watched", [False, True])
def test_a_worker_without_rows_takes_part(session: SparkSession, watched: bool, settings: BoostedTreesSettings) -> None:
    habits = [(APRIL, 7, STUDENT, MASK["taxes"]), (APRIL, 7, PENSIONER, MASK["funds"])] * 20
    counts = population_of([(APRIL, STUDENT, MASK["taxes"], 20), (APRIL, PENSIONER, MASK["funds"], 20)])
    one_customer = TrainingSet(buyers_of(habits), counts, {APRIL: ALIKE})
    validation = on_workers(session, several(MARCH, (STUDENT, MASK["taxes"]), each=1), 2) if watched else None
    model = BoostedTrees.fit(settings, on_workers(session, one_customer, 2), validation)
    assert lists(model, feature_rows([STUDENT, PENSIONER]))[:, 0].tolist() == [BIT["taxes"], BIT["funds"]]


def test_more_workers_than_slots_are_refused_in_one_line(session: SparkSession, caplog: pytest.LogCaptureFixture) -> None:
    training = on_workers(session, toy_training_set(), 3)
    expected = "training needs 3 task slots at once and the cluster has 2; it waited 2 s"
    with caplog.at_level(logging.WARNING, logger="santander"), pytest.raises(MissingSlots, match=expected) as refused:
        BoostedTrees.fit(SMALL_TREES, training)
    assert "\n" not in str(refused.value)
    assert refused.value.exit_code == 1
    assert "training waits for 1 of 3 task slots, at most 2 s" in caplog.text


def test_slots_are_those_of_the_master(session: SparkSession) -> None:
    assert slots_of(session) == 2
    assert cores_of_a_slot(session) == 1


def test_a_booster_per_product_grows_on_the_workers_as_in_the_driver(session: SparkSession, one_thread: None) -> None:
    settings = PerProductTreesSettings(columns=SMALL_TREES.columns, rounds=6, max_depth=3, eta=0.5, row_weight=RowWeight.CUSTOMER)
    training, rows = toy_training_set(), feature_rows([STUDENT, PENSIONER, TAXPAYER, {}])
    here = PerProductTrees.fit(settings, training)
    assert PerProductTrees.fit(settings, on_workers(session, training, 1)).fingerprint == here.fingerprint
    np.testing.assert_allclose(
        PerProductTrees.fit(settings, on_workers(session, training, 2)).score(rows), here.score(rows), atol=1e-4
    )


def test_a_kind_of_the_driver_fetches_the_rows(session: SparkSession) -> None:
    steps = [{"class": "sklearn.ensemble.HistGradientBoostingClassifier", "parameters": {"max_iter": 3, "min_samples_leaf": 5}}]
    settings = SklearnSettings.model_validate({"columns": SMALL_TREES.columns, "steps": steps})
    there = SklearnClassifier.fit(settings, on_workers(session, toy_training_set(), 2))
    assert there.fingerprint == SklearnClassifier.fit(settings, toy_training_set()).fingerprint


def test_what_goes_wrong_on_a_worker_is_said_in_one_line(session: SparkSession) -> None:
    training = toy_training_set()
    ageless = TrainingSet(training.buyers.drop_columns(["age"]), training.population, training.weights)
    with pytest.raises(TrainingFailed, match="the feature rows have no column 'age', which the model needs") as failed:
        BoostedTrees.fit(SMALL_TREES, on_workers(session, ageless, 2))
    assert "\n" not in str(failed.value)


def test_both_halves_must_lie_in_one_place(session: SparkSession) -> None:
    here, there = toy_training_set(), on_workers(session, toy_training_set(), 2)
    with pytest.raises(TypeError, match="validation rows lie in the driver, training rows in spark, 2 workers"):
        BoostedTrees.fit(SMALL_TREES, there, here)
    with pytest.raises(TypeError, match="validation rows lie in spark, 2 workers, training rows in the driver"):
        BoostedTrees.fit(SMALL_TREES, here, there)


@pytest.fixture
def settings(bank: Bank, tmp_path: Path) -> Settings:
    return Settings.load(data_dir=bank.settings.data_dir, state_dir=str(tmp_path))


def test_the_rows_kept_on_the_workers_are_those_that_would_be_collected(bank: Bank, settings: Settings) -> None:
    retrieve, weights = through(open_store(settings, bank.lake)), {APRIL: ALIKE, MAY: ALIKE}
    collected = collect_training_set(bank.lake, retrieve, weights)
    order = [("snapshot_date", "ascending"), ("customer_id", "ascending")]
    with keep_training_set(settings, bank.lake, retrieve, weights) as kept:
        assert kept.place == "spark, 2 workers"
        assert kept.buyers.toArrow().sort_by(order).equals(collected.buyers.sort_by(order))
        np.testing.assert_array_equal(kept.counts(), collected.counts())
        np.testing.assert_array_equal(kept.counts(), collected.additions().counts())
        np.testing.assert_array_equal(kept.shares(), collected.shares())
        assert kept.example(3).num_rows == 3


def test_workers_that_are_missing_are_told_before_any_row_is_read(lake: Lake, tmp_path: Path) -> None:
    three = Settings.load(data_dir=str(tmp_path), spark={"workers": 3, "barrier_wait": 1})
    with pytest.raises(MissingSlots), keep_training_set(three, lake, lambda rows: rows, {APRIL: ALIKE}):
        pytest.fail("there are two slots")


def test_a_recipe_trains_on_the_workers_and_says_so(bank: Bank, settings: Settings) -> None:
    report = train(
        settings, bank.lake, through(open_store(settings, bank.lake)), recipe(rounds=5), blend=partial(blend_candidate, settings)
    )
    assert {fit.trained_on for fit in report.candidate.fits.values()} == {"spark, 2 workers"}
    assert report.judgement is not None
    assert report.judgement.evaluation.map7 > report.judgement.evaluation.baseline * 0.5
