"""Training sets and months to judge, collected from a bank through Feast."""

import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from santander.config.settings import Settings
from santander.errors import SantanderError
from santander.evaluation.judgement import MonthToJudge, judge
from santander.evaluation.ranked import Asked, Whom
from santander.lake.lake import Lake
from santander.models.chances import FittedChances
from santander.models.month_weight import ALIKE, MonthWeight
from santander.models.popularity import Popularity, PopularitySettings
from santander.models.rate import RateSettings
from santander.models.training_set import TrainingSet
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE
from santander.schema.features import FEATURE_NAMES
from santander.schema.months import Month, month_range
from santander.store.access import open_store
from santander.training.collect import Retrieve, collect_month, collect_training_set, through
from santander.training.in_pieces import in_pieces
from santander.training.labelled import labelled_months
from santander.training.labels import labels
from tests.conftest import Bank
from tests.registry import crowd

pytestmark = pytest.mark.plan

MAY = Month(2016, 5)


@pytest.fixture(scope="module")
def retrieve(bank: Bank, tmp_path_factory: pytest.TempPathFactory) -> Retrieve:
    state = str(tmp_path_factory.mktemp("state"))
    return through(open_store(Settings.load(data_dir=bank.settings.data_dir, state_dir=state), bank.lake))


@pytest.fixture(scope="module")
def training(bank: Bank, retrieve: Retrieve) -> TrainingSet:
    return collect_training_set(bank.lake, retrieve, {Month(2015, 6): MonthWeight(0.5), MAY: ALIKE})


def oracle(bank: Bank) -> dict[str, dict[str, int]]:
    """What the generator says of each month: customers, buyers, additions."""
    return {entry["month"]: entry for entry in json.loads((bank.raw / "oracle.json").read_text())["months"]}


def test_additions_are_known_from_the_second_month_to_the_last_with_products(bank: Bank) -> None:
    assert labelled_months(bank.lake) == month_range(Month(2015, 2), MAY)


@pytest.mark.parametrize("month", [Month(2015, 6), MAY])
def test_buyers_and_additions_are_those_the_bank_was_made_with(bank: Bank, training: TrainingSet, month: Month) -> None:
    known = oracle(bank)[str(month)]
    part = training.of_months({month: ALIKE})
    assert part.buyers.num_rows == known["buyers"]
    assert len(part.additions().product) == known["additions"]
    assert part.population["customers"].to_numpy().sum() == known["customers"]


def test_examples_carry_the_weight_of_their_month_and_stand_in_order(training: TrainingSet) -> None:
    additions = training.additions()
    dates = additions.buyers["snapshot_date"].to_numpy()[additions.row]
    customers = additions.buyers["customer_id"].to_numpy()[additions.row]
    assert set(additions.weight[dates == np.datetime64(MAY.snapshot)]) == {1.0}
    assert set(additions.weight[dates < np.datetime64(MAY.snapshot)]) == {0.5}
    order = list(zip(dates, customers, additions.product, strict=True))
    assert order == sorted(order)


def test_what_was_added_was_not_owned(training: TrainingSet) -> None:
    added, owned = training.buyers["added"].to_numpy(), training.buyers["owned"].to_numpy()
    assert (added != 0).all()
    assert not (added & owned).any()


def test_the_features_are_those_of_the_month_itself(bank: Bank, training: TrainingSet) -> None:
    table = bank.lake.read_months(FEATURES_TABLE, [MAY]).toArrow().sort_by("customer_id").to_pylist()
    by_customer = {row["customer_id"]: row for row in table}
    rows = training.of_months({MAY: ALIKE}).buyers.to_pylist()
    assert [{name: row[name] for name in FEATURE_NAMES} for row in rows] == [
        {name: by_customer[row["customer_id"]][name] for name in FEATURE_NAMES} for row in rows
    ]


def test_a_month_to_judge_counts_everyone_with_two_rows_and_has_its_buyers_in_order(bank: Bank, retrieve: Retrieve) -> None:
    judged = collect_month(bank.lake, retrieve, MAY)
    known = oracle(bank)["2016-05"]
    customers = judged.bought["customer_id"].to_pylist()
    assert (judged.customers, len(customers)) == (known["customers"], known["buyers"])
    assert customers == sorted(set(customers))


def test_figures_are_the_same_wherever_the_lists_are_made(bank: Bank, retrieve: Retrieve, training: TrainingSet) -> None:
    model = Popularity.fit(PopularitySettings(), training)
    judged = collect_month(bank.lake, retrieve, MAY)
    customers, features = (bank.lake.read_months(table, [MAY]) for table in (CUSTOMERS, FEATURES_TABLE))
    whole = MonthToJudge.in_driver(MAY, retrieve(labels(customers, features), [MAY]).toArrow())
    in_tasks = replace(judged, apply=partial(in_pieces, retrieve(labels(customers, features), [MAY])))
    with_others = collect_training_set(bank.lake, retrieve, {MAY: ALIKE}, everyone=True)
    everyone, level = with_others.everyone(), crowd.level_of(with_others)
    assert everyone is not None
    assert level is not None
    chances = FittedChances.fit(RateSettings(), model, everyone, level, everyone.of_month(MAY), MAY, threads=1)
    figures, *others = (judge(model, model, rows, chances=chances).evaluation for rows in (whole, judged, in_tasks))
    assert others == [figures, figures]
    assert figures.chances is not None
    assert figures.chances.calibration.slope is not None
    assert {product.listed for product in figures.products} > {0}
    asked = Asked(model, Whom.SAMPLE)
    (here,), (there,) = whole.rank(asked), in_tasks.rank(asked)
    assert np.array_equal(here.sample, there.sample)


def test_a_month_without_products_cannot_be_judged(bank: Bank, retrieve: Retrieve) -> None:
    with pytest.raises(SantanderError, match="2016-06 has no customer with products"):
        collect_month(bank.lake, retrieve, Month(2016, 6))


def test_before_any_month_is_ingested_the_table_is_named(lake: Lake) -> None:
    with pytest.raises(SantanderError, match="no table customers yet"):
        labelled_months(lake)
