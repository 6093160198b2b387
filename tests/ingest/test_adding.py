"""A part added to a month leaves what both parts named together leave; rows that are there stay."""

from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from santander.audit.audit import Audit
from santander.config.settings import Settings
from santander.errors import InputError, SantanderError
from santander.ingest.adding import merge, merged_lines, merged_months
from santander.ingest.ingestion import ingest
from santander.ingest.replay import replay
from santander.lake.lake import Lake
from santander.lake.month_files import MonthFile
from santander.lake.table_files import fingerprints_of
from santander.schema.catalogue import CUSTOMERS, INGESTIONS, QUARANTINE, Table
from santander.schema.months import Month
from santander.schema.records import plain
from tests.landing_files import landing_file, record

JANUARY, FEBRUARY = Month(2015, 1), Month(2015, 2)
ONE = [record(i, month) for month in ("2015-01", "2015-02") for i in range(1, 41)] + [record("x")]
TWO = [
    *(record(i, month) for month in ("2015-01", "2015-02") for i in range(41, 81)),
    record(7, ind_cco_fin_ult1="1", age="300"),  # is there already
    record(50, age="44"),  # a line before has its key
    record(90, age="200"),
    record("y"),
]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A few lines cannot hold one bad line in a hundred, so these tests take a larger share."""
    return Settings.load(data_dir=str(tmp_path / "data"), ingest={"max_quarantine_share": 0.2})


def content(lake: Lake, table: Table) -> list[str]:
    own = {"ingestion_id", "ingested_at", "mode"}
    return sorted(str([str(value) for name, value in row.items() if name not in own]) for row in lake.rows(table))


def differences(settings: Settings) -> list[Any]:
    audit = Audit(settings)
    return [difference for month in audit.run(audit.present) for difference in month.differences]


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    return [landing_file(tmp_path / "one.csv", ONE), landing_file(tmp_path / "two.csv", TWO)]


@pytest.fixture
def merged(settings: Settings, session: SparkSession, files: list[Path]) -> Lake:
    lake = Lake(settings, session)
    ingest(settings, lake, files[:1])
    merge(settings, lake, files[1:])
    return lake


@pytest.mark.plan
def test_a_part_merged_later_leaves_what_both_parts_together_leave(
    settings: Settings, session: SparkSession, files: list[Path], merged: Lake, tmp_path: Path
) -> None:
    together = Settings.load(data_dir=str(tmp_path / "together"), ingest={"max_quarantine_share": 0.2})
    ingest(together, Lake(together, session), files)
    for table in (CUSTOMERS, QUARANTINE, INGESTIONS):
        assert content(merged, table) == content(Lake(together), table), table.name
    assert merged.rows_by_month(CUSTOMERS) == {JANUARY: 81, FEBRUARY: 80}
    assert {row["reason"] for row in merged.rows(QUARANTINE) if row["customer_id"] in {7, 50}} == {"duplicate_key"}
    assert all(row["read"] == row["kept"] + row["quarantined_rows"] for row in merged.rows(INGESTIONS))
    assert [row["mode"] for row in merged.rows(INGESTIONS)].count("merge") == 2
    assert differences(settings) == []


def test_the_audit_names_a_row_that_a_merge_has_not_added(settings: Settings, merged: Lake) -> None:
    merged.delete_rows(CUSTOMERS, "customer_id = 60 AND snapshot_date = '2015-02-28'", 1)
    found = {(each.check, each.where) for each in differences(settings)}
    assert ("row", "customer 60") in found


def test_a_merge_is_said_and_done_again_adds_nothing(
    settings: Settings, session: SparkSession, files: list[Path], tmp_path: Path
) -> None:
    lake = Lake(settings, session)
    ingest(settings, lake, files[:1])
    report = merge(settings, lake, files[1:])
    assert merged_lines(report) == ["2015-01: 41 rows added to 40", "2015-02: 40 rows added to 40"]
    assert plain(merged_months(report.marked)["2015-01"]) == {
        "read": 44, "kept": 41, "quarantined": 3, "rows_with_quarantined_values": 1, "inserted": 41,
    }  # fmt: skip
    versions = [lake.version(table) for table in (CUSTOMERS, QUARANTINE, INGESTIONS)]
    again = merge(settings, lake, files)  # the first of them gave the month, which is no other case
    assert merged_lines(again) == [f"{file}: its months have its rows already, nothing was added" for file in files]
    assert [lake.version(table) for table in (CUSTOMERS, QUARANTINE, INGESTIONS)] == versions


@pytest.mark.embedded
@pytest.mark.parametrize(
    ("lines", "columns", "rule"),
    [
        ([record(99, "2015-05")], 48, "2015-05: not in customers.*takes in a new month"),
        ([record(99, columns=24)], 24, "has no products for 2015-01, which has them"),
        ([record(1), record(2), record(99)], 48, "2 customers of the files are there already, such as 1 in 2015-01.*--replay"),
        ([record(99), record("x"), record("z")], 48, "month 2015-01: 2 of 3 rows"),
        ([record("x")], 48, "no legal record: nothing was taken in: .*line 2 of .*more.csv, where ncodpers is 'x'"),
    ],
)
def test_what_may_not_be_merged_is_refused_and_changes_nothing(
    settings: Settings, session: SparkSession, files: list[Path], tmp_path: Path, lines: list[str], columns: int, rule: str
) -> None:
    lake = Lake(settings, session)
    ingest(settings, lake, files[:1])
    versions = [lake.version(table) for table in (CUSTOMERS, QUARANTINE, INGESTIONS)]
    with pytest.raises(InputError, match=rule):
        merge(settings, lake, [landing_file(tmp_path / "more.csv", lines, columns=columns)])
    assert [lake.version(table) for table in (CUSTOMERS, QUARANTINE, INGESTIONS)] == versions


@pytest.mark.embedded
def test_products_are_not_merged_into_a_month_delivered_without(
    settings: Settings, session: SparkSession, tmp_path: Path
) -> None:
    lake = Lake(settings, session)
    ingest(settings, lake, [landing_file(tmp_path / "a.csv", [record(1, columns=24)], columns=24)])
    with pytest.raises(InputError, match="has products for 2015-01, which was delivered without"):
        merge(settings, lake, [landing_file(tmp_path / "b.csv", [record(2)])])
    merge(settings, lake, [landing_file(tmp_path / "c.csv", [record(2, columns=24)], columns=24)])
    assert lake.rows_by_month(CUSTOMERS) == {JANUARY: 2}


@pytest.mark.embedded
@pytest.mark.parametrize("dies_at", [CUSTOMERS.name, INGESTIONS.name])
def test_a_merge_that_dies_between_its_commits_is_completed_by_the_same_command(
    settings: Settings,
    session: SparkSession,
    files: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    dies_at: str,
) -> None:
    lake = Lake(settings, session)
    ingest(settings, lake, files[:1])
    for name in ("add_to_months_by_files", "append_rows"):
        write = getattr(Lake, name)

        def write_or_die(self: Lake, table: Table, *rest: Any, _write: Any = write, **named: Any) -> Any:
            if table.name == dies_at:
                raise KeyboardInterrupt
            return _write(self, table, *rest, **named)

        monkeypatch.setattr(Lake, name, write_or_die)
    with pytest.raises(KeyboardInterrupt):
        merge(settings, lake, files[1:])
    monkeypatch.undo()
    assert lake.rows_by_month(CUSTOMERS)[JANUARY] == (81 if dies_at == INGESTIONS.name else 40)
    merge(settings, lake, files[1:])
    together = Settings.load(data_dir=str(tmp_path / "together"), ingest={"max_quarantine_share": 0.2})
    ingest(together, Lake(together, session), files)
    for table in (CUSTOMERS, QUARANTINE, INGESTIONS):
        assert content(lake, table) == content(Lake(together), table), table.name
    assert differences(settings) == []


def test_a_replay_corrects_rows_of_a_merged_month(settings: Settings, merged: Lake, tmp_path: Path) -> None:
    report = replay(settings, merged, [landing_file(tmp_path / "fix.csv", [record(60, age="61"), record(95)])])
    assert report.inserted == {"2015-01": 1}
    assert differences(settings) == []


@pytest.mark.embedded
def test_a_month_written_in_between_is_not_added_to(settings: Settings, merged: Lake) -> None:
    before = fingerprints_of(merged.delta(CUSTOMERS)) | {JANUARY: "as it was"}
    waiting = MonthFile("none", str(JANUARY), 1, 1, 1, 1, "{}")
    with pytest.raises(SantanderError, match="another run wrote 2015-01 meanwhile, nothing was added"):
        merged.add_to_months_by_files(CUSTOMERS, [waiting], settings.data / "nowhere", before)
