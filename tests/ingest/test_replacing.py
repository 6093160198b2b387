"""What is said of a month that another delivery replaces, and a month of other customers that is refused."""

import shlex
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from santander.config.settings import Settings
from santander.ingest.accounting import MonthWouldShrink
from santander.ingest.adding import merge
from santander.ingest.ingestion import IngestReport, ingest
from santander.ingest.replacing import FewCustomersShared, replaced_by_month, replaced_lines
from santander.lake.lake import Lake
from santander.schema.catalogue import CUSTOMERS, INGESTIONS, QUARANTINE
from santander.schema.months import Month
from santander.schema.records import plain
from tests.landing_files import landing_file, record

JANUARY = Month(2015, 1)

pytestmark = pytest.mark.embedded  # customer ids are read from the files of a table, not by a plan


def file_of(path: Path, customers: range, month: str = "2015-01", columns: int = 48) -> Path:
    return landing_file(path, [record(i, month, columns=columns) for i in customers], columns=columns)


def take(
    settings: Settings, session: SparkSession, *files: Path, replace_others: bool = False, allow_shrink: bool = False
) -> IngestReport:
    lake = Lake(settings, session)
    return ingest(settings, lake, files, replace_others=replace_others, allow_shrink=allow_shrink)


def test_rows_and_customers_that_go_are_said_by_month(settings: Settings, session: SparkSession, tmp_path: Path) -> None:
    lines = [record(i, month) for month in ("2015-01", "2015-02") for i in range(1, 61)]
    first = take(settings, session, landing_file(tmp_path / "a.csv", lines))
    assert first.replaced == ()
    second = take(settings, session, landing_file(tmp_path / "b.csv", [
        *(record(i, "2015-01") for i in range(11, 71)), *(record(i, "2015-02") for i in range(1, 61)),
        *(record(i, "2015-03") for i in range(1, 61)),
    ]))  # fmt: skip
    assert replaced_lines(second.replaced) == [
        "2015-01: 60 rows replace 60; 10 customers are gone",
        "2015-02: 60 rows replace 60; no customer is gone",
    ]
    assert plain(replaced_by_month(second.replaced)[JANUARY]) == {
        "rows": 60,
        "rows_before": 60,
        "customers_gone": 10,
        "merges_undone": [],
    }


def test_the_same_files_again_are_said_in_one_line(settings: Settings, session: SparkSession, tmp_path: Path) -> None:
    files = [landing_file(tmp_path / "a.csv", [record(1), record(1, "2015-02")]), landing_file(tmp_path / "b.csv", [record(2)])]
    take(settings, session, *files)
    again = take(settings, session, *files)
    assert replaced_lines(again.replaced) == ["2015-01 to 2015-02 (2 months): replaced by the same files again"]


def test_another_part_of_a_month_is_refused_with_the_ways_on(settings: Settings, session: SparkSession, tmp_path: Path) -> None:
    lake = Lake(settings, session)
    take(settings, session, file_of(tmp_path / "one.csv", range(1, 101)))
    other = file_of(tmp_path / "part two.csv", range(81, 121))
    versions = [lake.version(table) for table in (CUSTOMERS, QUARANTINE, INGESTIONS)]
    with pytest.raises(FewCustomersShared) as refused:
        take(settings, session, file_of(tmp_path / "far.csv", range(91, 131)))
    assert "2015-01 shares 10 of its 40 customers with the 100 there (customer 101 is new, customer 1 would be gone)" in str(
        refused.value
    )
    name = shlex.quote(str(tmp_path / "far.csv"))
    about = refused.value
    assert (about.file, about.month, about.column, about.example) == (str(tmp_path / "far.csv"), "2015-01", "ncodpers", "101")
    assert "--merge" in (about.hint or "")
    assert f"'santander ingest --merge {name}'" in str(refused.value)
    assert f"'santander ingest --replace --allow-shrink {name}'" in str(refused.value)  # 40 rows are less than half of 100
    assert [lake.version(table) for table in (CUSTOMERS, QUARANTINE, INGESTIONS)] == versions
    with pytest.raises(MonthWouldShrink):  # half of the customers are shared: only the rule of half the rows speaks
        take(settings, session, other)


def test_replace_takes_other_customers_and_still_heeds_the_rule_of_half_the_rows(
    settings: Settings, session: SparkSession, tmp_path: Path
) -> None:
    take(settings, session, file_of(tmp_path / "one.csv", range(1, 101)))
    take(settings, session, file_of(tmp_path / "two.csv", range(101, 191)), replace_others=True)
    few = file_of(tmp_path / "few.csv", range(1, 11))
    with pytest.raises(MonthWouldShrink):
        take(settings, session, few, replace_others=True)
    report = take(settings, session, few, replace_others=True, allow_shrink=True)
    assert replaced_lines(report.replaced) == ["2015-01: 10 rows replace 90; 90 customers are gone"]


def test_the_test_file_of_a_month_gives_way_to_its_file_with_products(
    settings: Settings, session: SparkSession, tmp_path: Path
) -> None:
    take(settings, session, file_of(tmp_path / "test.csv", range(1, 101), columns=24))
    report = take(settings, session, file_of(tmp_path / "train.csv", range(2, 102)))
    assert replaced_lines(report.replaced) == ["2015-01: 100 rows replace 100; 1 customer is gone"]


def test_what_was_merged_since_is_named_when_it_is_undone(settings: Settings, session: SparkSession, tmp_path: Path) -> None:
    one, two = file_of(tmp_path / "one.csv", range(1, 101)), file_of(tmp_path / "two.csv", range(101, 151))
    take(settings, session, one)
    merge(settings, Lake(settings, session), [two])
    report = take(settings, session, one)
    assert replaced_lines(report.replaced) == [
        f"2015-01: 100 rows replace 150; 50 customers are gone; merged since and undone: {two}"
    ]
    assert list(report.replaced[0].lost_files(0.5)) == list(report.replaced[0].displaced)
