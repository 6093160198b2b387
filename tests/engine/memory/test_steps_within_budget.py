"""Steps over a real bank with a budget that is too small, or just large enough for a month at a time."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from santander.config.settings import Settings
from santander.engine.memory.budget import FEATURES, VALIDATE, Budget, OverBudget
from santander.lake.lake import Lake
from santander.pipeline.steps import Steps
from santander.quality import validation
from santander.quality.rules import MonthFigures
from santander.quality.validation import validate
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE, TABLES
from santander.schema.months import Month
from santander.training.recipe import Recipe
from tests.cli.test_command_line import SANTANDER, call, error_line
from tests.conftest import Bank

pytestmark = pytest.mark.embedded  # a budget is the embedded engine's


@pytest.fixture
def unbuilt(bank: Bank, settings: Settings, lake: Lake) -> Lake:
    """A lake with the customers of the small bank and no features yet."""
    shutil.copytree(Path(bank.lake.path(CUSTOMERS)), lake.path(CUSTOMERS))
    return lake


def content(lake: Lake) -> object:
    return lake.delta(FEATURES_TABLE).to_pyarrow_table().sort_by([("snapshot_date", "ascending"), ("customer_id", "ascending")])


def within(settings: Settings, budget: int) -> Settings:
    return settings.model_copy(update={"memory": settings.memory.model_copy(update={"budget": budget})})


def test_months_counted_one_by_one_for_validation_have_the_same_figures(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    passes: list[int] = []
    counted = validation._FIGURES[FEATURES_TABLE.name]

    def watched(settings: Settings, lake: Lake, months: Sequence[Month], rows: dict[Month, int]) -> list[MonthFigures]:
        passes.append(len(months))
        return counted(settings, lake, months, rows)

    monkeypatch.setitem(validation._FIGURES, FEATURES_TABLE.name, watched)
    monkeypatch.setattr(validation, "_judge", lambda *given: given[2])
    months = bank.lake.months(FEATURES_TABLE)[-3:]
    tight = within(bank.settings, VALIDATE.peak(max(bank.lake.rows_by_month(FEATURES_TABLE).values())))
    lakes = (Lake(each, bank.lake.session) for each in (bank.settings, tight))
    together, one_by_one = (validate(bank.settings, lake, months, [FEATURES_TABLE.name]) for lake in lakes)
    assert passes == [3, 1, 1, 1]
    assert one_by_one == together


def test_features_that_cannot_fit_are_refused_before_anything_is_written(unbuilt: Lake) -> None:
    data = Path(unbuilt.path(CUSTOMERS)).parents[1]
    done = call(SANTANDER, "features", "--data-dir", data, SANTANDER_MEMORY__BUDGET="300 MB")
    assert done.returncode == 2
    line = error_line(done)
    assert line.startswith("error: features: ")
    assert "rows of 2016-0" in line
    assert "the memory budget is 300 MB; nothing was started: raise SANTANDER_MEMORY__BUDGET to '" in line
    assert "--master 'local[*]'" in line
    assert not unbuilt.exists(FEATURES_TABLE)


def test_what_is_refused_names_a_budget_that_is_enough(unbuilt: Lake) -> None:
    rows = unbuilt.rows_by_month(CUSTOMERS)
    with pytest.raises(OverBudget) as refused:
        Budget(300_000_000).batches(FEATURES, rows)
    named = str(refused.value).split("BUDGET to '")[1].split("'")[0]
    enough = Budget.of(Settings.load(memory={"budget": named, "spill_dir": None}))
    assert [month for group in enough.batches(FEATURES, rows) for month in group] == sorted(rows)


def test_training_and_scoring_that_cannot_fit_are_refused_before_the_start(scored_bank: Bank) -> None:
    steps = Steps(within(scored_bank.settings, 300_000_000), scored_bank.lake.session)
    versions = [scored_bank.lake.version(table) for table in TABLES]
    with pytest.raises(OverBudget, match=r"^train: 2,\d\d\d rows of 2016-05 need about .*nothing was started"):
        steps.train(None, Recipe.load("next_products"), anyway=True)
    with pytest.raises(OverBudget, match=r"^score: 2,\d\d\d rows of 2016-06 need about .*nothing was started"):
        steps.score(Month(2016, 6), anyway=True)
    assert [scored_bank.lake.version(table) for table in TABLES] == versions


def test_a_month_that_cannot_be_judged_within_the_budget_is_refused_before_it_is_read(scored_bank: Bank) -> None:
    done = call(SANTANDER, "evaluate", "--data-dir", scored_bank.settings.data, SANTANDER_MEMORY__BUDGET="300 MB")
    assert done.returncode == 2
    line = error_line(done)
    assert line.startswith("error: judge: 2,")
    assert "rows of 2016-05 need about" in line
    assert "nothing was started" in line
