"""The table ``additions``: what customers added in a month, made anew where customers of it or of the month before changed."""

import shutil
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from santander.config.settings import Settings
from santander.features.build import build_additions
from santander.lake.lake import Lake
from santander.ledger.step_ledger import stale_months
from santander.pipeline.steps import Steps
from santander.schema.catalogue import ADDITIONS, CUSTOMERS, FEATURES_TABLE
from santander.schema.months import Month
from santander.schema.products import PRODUCTS
from santander.training.labels import labels
from tests.conftest import Bank
from tests.landing_files import landing_file, record

JANUARY, FEBRUARY, MARCH = (Month(2015, number) for number in (1, 2, 3))
CURRENT, PAYROLL, DEBIT = {"ind_cco_fin_ult1": "1"}, {"ind_nomina_ult1": "1"}, {"ind_recibo_ult1": "1"}


def added(lake: Lake) -> list[tuple[int, str, str]]:
    rows = lake.delta(ADDITIONS).to_pyarrow_table().to_pylist() if lake.exists(ADDITIONS) else []
    return sorted((row["customer_id"], f"{row['snapshot_date']:%Y-%m}", row["product"]) for row in rows)


@pytest.mark.plan
def test_an_addition_is_a_product_held_now_and_not_the_month_before_by_who_has_a_row_in_both(
    settings: Settings, session: SparkSession, tmp_path: Path
) -> None:
    lines = [
        record(1, "2015-01", **CURRENT), record(1, "2015-02", **CURRENT, **PAYROLL, **DEBIT),
        record(2, "2015-01", **CURRENT, **PAYROLL), record(2, "2015-02", **PAYROLL, **CURRENT | {"ind_recibo_ult1": "NA"}),
        record(3, "2015-02", **CURRENT), record(3, "2015-03", **CURRENT, **DEBIT),
        record(4, "2015-01"), record(4, "2015-03", **PAYROLL),
        record(5, "2015-02", **DEBIT), record(5, "2015-03"),
    ]  # fmt: skip
    steps = Steps(settings, session)
    steps.ingest([landing_file(tmp_path / "a.csv", lines)])
    steps.ingest([landing_file(tmp_path / "b.csv", [record(1, "2015-04", columns=24)], columns=24)])
    made = steps.build_features(steps.lake.months(CUSTOMERS), anyway=True).result
    assert added(steps.lake) == [(1, "2015-02", "direct_debit"), (1, "2015-02", "payroll"), (3, "2015-03", "direct_debit")]
    assert {str(month): n for month, n in made.additions.items()} == {"2015-01": 0, "2015-02": 2, "2015-03": 1, "2015-04": 0}


@pytest.mark.embedded
def test_the_table_says_what_training_learns_from(bank: Bank) -> None:
    learnt = labels(bank.lake.read(CUSTOMERS), bank.lake.read(FEATURES_TABLE)).where("added <> 0").toArrow().to_pylist()
    rows = [
        (row["customer_id"], f"{row['snapshot_date']:%Y-%m}", p.name) for row in learnt for p in PRODUCTS if row["added"] & p.mask
    ]
    assert added(bank.lake) == sorted(rows)


@pytest.mark.plan
def test_tasks_of_workers_make_the_same_rows(bank: Bank, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(bank.lake.path(CUSTOMERS), lake.path(CUSTOMERS))
    monkeypatch.setattr(Lake, "has_workers", True)
    rows = build_additions(lake, lake.months(CUSTOMERS), tasks=3)
    assert {month: n for month, n in rows.items() if n} == bank.lake.rows_by_month(ADDITIONS)
    assert added(lake) == added(bank.lake)


def test_a_month_delivered_without_products_loses_its_additions(
    settings: Settings, session: SparkSession, tmp_path: Path
) -> None:
    steps = Steps(settings, session)
    steps.ingest([landing_file(tmp_path / "a.csv", [record(1, "2015-01"), record(1, "2015-02", **DEBIT)])])
    steps.build_features([JANUARY, FEBRUARY], anyway=False)
    assert added(steps.lake) == [(1, "2015-02", "direct_debit")]
    bare = landing_file(tmp_path / "b.csv", [record(1, "2015-02", columns=24)], columns=24)
    steps.ingest([bare], allow_shrink=True)
    steps.build_features([JANUARY, FEBRUARY], anyway=False)
    assert added(steps.lake) == []


def test_a_correction_puts_the_additions_of_its_month_and_the_next_out_of_date(
    settings: Settings, session: SparkSession, tmp_path: Path
) -> None:
    steps, months = Steps(settings, session), [JANUARY, FEBRUARY, MARCH]
    held = {JANUARY: {}, FEBRUARY: DEBIT, MARCH: DEBIT | PAYROLL}
    steps.ingest([landing_file(tmp_path / "a.csv", [record(1, str(month), **held[month]) for month in months])])
    steps.build_features(months, anyway=False)
    assert added(steps.lake) == [(1, "2015-02", "direct_debit"), (1, "2015-03", "payroll")]
    unchanged = steps.lake.version(ADDITIONS)
    steps.build_features(months, anyway=False)
    assert steps.lake.version(ADDITIONS) == unchanged

    steps.ingest([landing_file(tmp_path / "january.csv", [record(1, "2015-01", **DEBIT)])])
    assert stale_months(steps.lake, steps.ledger)["additions"] == [FEBRUARY]  # January has none that could be wrong
    march = steps.lake.fingerprints(ADDITIONS)[MARCH]
    assert steps.build_features(months, anyway=False).result.additions == {JANUARY: 0, FEBRUARY: 0}
    assert added(steps.lake) == [(1, "2015-03", "payroll")]
    assert steps.lake.fingerprints(ADDITIONS)[MARCH] == march
    assert stale_months(steps.lake, steps.ledger)["additions"] == []


def test_a_folder_without_the_table_gets_it_though_its_features_are_up_to_date(
    settings: Settings, session: SparkSession, tmp_path: Path
) -> None:
    steps, months = Steps(settings, session), [JANUARY, FEBRUARY]
    steps.ingest([landing_file(tmp_path / "a.csv", [record(1, "2015-01"), record(1, "2015-02", **DEBIT)])])
    steps.build_features(months, anyway=False)
    shutil.rmtree(steps.lake.path(ADDITIONS))
    assert stale_months(steps.lake, steps.ledger)["additions"] == []
    again = steps.build_features(months, anyway=False)
    assert (again.done, again.up_to_date) == ([], months)
    assert added(steps.lake) == [(1, "2015-02", "direct_debit")]
