"""Banks of thirty customers: a model is trained and judged, or one line says which months hold too little for it."""

from collections.abc import Collection
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from santander.config.settings import Settings
from santander.errors import TooLittleData
from santander.evaluation.buyers import buyers_of_month
from santander.pipeline.steps import Steps
from santander.schema.months import Month
from santander.training.collect import collect_month, collect_training_set, through
from santander.training.recipe import Recipe
from tests.landing_files import landing_file, record

pytestmark = pytest.mark.embedded  # a plan is not looked at, and what is refused is refused in the driver

MONTHS = [Month(2015, number) for number in range(1, 8)]
IDS = range(1, 31)
DIRECT_DEBIT = "ind_recibo_ult1"


def steps_of(settings: Settings, session: SparkSession, folder: Path, *, adding: Collection[Month] = ()) -> Steps:
    """Thirty customers through seven months; in each month of ``adding`` every third has a direct debit, gone after it."""
    lines = [
        record(i, str(month), **({DIRECT_DEBIT: "1"} if month in adding and i % 3 == 0 else {})) for month in MONTHS for i in IDS
    ]
    steps = Steps(settings, session)
    steps.ingest([landing_file(folder / "bank.csv", lines)])
    steps.build_features(MONTHS, anyway=True)
    return steps


def test_a_bank_in_which_nothing_is_ever_added_is_refused_by_every_recipe(
    settings: Settings, session: SparkSession, tmp_path: Path
) -> None:
    steps = steps_of(settings, session, tmp_path)
    for recipe in ("next_products", "popularity", "xgboost_per_product"):
        with pytest.raises(
            TooLittleData, match=r"^2015-02 to 2015-0[56]: 0 additions|nobody added anything in 2015-06"
        ) as raised:
            steps.train(None, Recipe.load(recipe), anyway=False)
        assert raised.value.exit_code == 2


def test_a_month_in_which_nobody_added_anything_is_not_judged_on(
    settings: Settings, session: SparkSession, tmp_path: Path
) -> None:
    steps = steps_of(settings, session, tmp_path, adding=[MONTHS[2]])
    retrieve = through(steps.store)
    assert collect_month(steps.lake, retrieve, MONTHS[2]).buyers == 10
    with pytest.raises(TooLittleData, match="none of the 30 customers of 2015-05 added anything: nothing can be judged on it"):
        collect_month(steps.lake, retrieve, MONTHS[4])
    with pytest.raises(TooLittleData, match="month 2015-01 has no customer with products in it and in 2014-12"):
        collect_month(steps.lake, retrieve, MONTHS[0])
    both = collect_training_set(steps.lake, retrieve, Recipe.load("popularity").weights_before(MONTHS[5], MONTHS[1:]))
    assert buyers_of_month(both, MONTHS[2]).ceiling == 10 / 30
    with pytest.raises(TooLittleData, match="none of the 30 customers of 2015-05 added anything"):
        buyers_of_month(both, MONTHS[4])
