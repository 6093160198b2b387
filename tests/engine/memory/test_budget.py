"""What a budget makes of the work: months together, months one by one, or a refusal before the start."""

from pathlib import Path

import pytest

from santander.config.settings import Settings
from santander.engine.memory import budget as budgets
from santander.engine.memory.budget import Budget, Footprint, OverBudget
from santander.ingest import staging
from santander.lake.lake import Lake
from santander.schema.months import Month, month_range

STEP = Footprint("features", fixed=600_000_000, per_row=100)
JANUARY = Month(2015, 1)
YEAR = month_range(JANUARY, Month(2015, 12))


def settings(budget: str, master: str = "sail") -> Settings:
    return Settings.load(master=master, memory={"budget": budget, "spill_dir": None})


def lengths(budget: Budget, rows: dict[Month, int], at_most: int | None = None) -> list[int]:
    groups = budget.batches(STEP, rows, at_most)
    assert [month for group in groups for month in group] == sorted(rows)
    return [len(group) for group in groups]


def test_months_go_together_as_far_as_their_rows_fit() -> None:
    rows = dict.fromkeys(YEAR, 1_000_000)
    assert lengths(Budget(900_000_000), rows) == [3, 3, 3, 3]
    assert lengths(Budget(899_999_999), rows) == [2, 2, 2, 2, 2, 2]
    assert lengths(Budget(700_000_000), rows) == [1] * 12


def test_a_large_month_does_not_make_the_small_ones_wait_alone() -> None:
    rows = dict.fromkeys(YEAR[:5], 1_000_000) | {YEAR[2]: 3_000_000}
    assert lengths(Budget(900_000_000), rows) == [2, 1, 2]


def test_the_most_months_of_a_commit_are_kept_to_whatever_the_budget() -> None:
    rows = dict.fromkeys(YEAR, 1)
    assert lengths(Budget(900_000_000), rows, at_most=5) == [5, 5, 2]
    assert lengths(Budget(None), rows, at_most=5) == [5, 5, 2]
    assert lengths(Budget(None), rows) == [12]


def test_a_month_that_does_not_fit_alone_is_refused_with_what_would_help() -> None:
    rows = {JANUARY: 1_000, JANUARY + 1: 4_123_000, JANUARY + 2: 4_000_000}
    with pytest.raises(OverBudget) as refused:
        Budget(900_000_000).batches(STEP, rows)
    assert refused.value.exit_code == 2
    assert str(refused.value) == (
        "features: 4,123,000 rows of 2015-02 need about 1.0 GB at a time and the memory budget is 900 MB; nothing was started: "
        "raise SANTANDER_MEMORY__BUDGET to '1.1 GB', or run with --master 'local[*]' or that of a cluster: "
        "Apache Spark spills to disk"
    )
    Budget(1_100_000_000).batches(STEP, rows)


def test_no_budget_is_larger_than_three_quarters_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budgets, "machine_memory", lambda: 1_000_000_000)
    assert Budget.of(settings("6 GB")) == Budget(750_000_000, by_machine=True)
    assert Budget.of(settings("700 MB")) == Budget(700_000_000)
    with pytest.raises(OverBudget, match="750 MB, 75% of this machine's memory; nothing was started: take a machine with more"):
        Budget.of(settings("6 GB")).require(STEP, 2_000_000, "2015-01")


def test_apache_spark_has_settings_of_its_own() -> None:
    assert Budget.of(settings("1 MB", master="local[2]")) == Budget(None)
    Budget(None).require(STEP, 10**12, "2015-01")


def test_tasks_at_once_are_as_many_as_fit_and_never_none() -> None:
    allowed = [Budget(size).tasks(fixed=500, per_task=100, at_most=4) for size in (400, 650, 799, 800, 10_000)]
    assert allowed == [1, 1, 2, 3, 4]
    assert Budget(None).tasks(fixed=500, per_task=100, at_most=4) == 4


def test_ingest_parses_fewer_chunks_at_once_under_a_smaller_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANTANDER_INGEST__TASKS", "4")

    def tasks(chosen: Settings) -> int:
        return staging._tasks(chosen, Lake(chosen))

    assert [tasks(settings(budget)) for budget in ("300 MB", "1 GB", "3 GB")] == [1, 2, 4]
    assert tasks(settings("300 MB", master="local[2]")) == 4


def test_the_budget_as_shipped_can_be_had_by_a_small_machine() -> None:
    shipped = Settings.load().memory
    assert Path(shipped.spill_dir or ".").name != "tmp"
    assert shipped.budget <= 6_000_000_000
