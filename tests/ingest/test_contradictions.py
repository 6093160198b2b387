"""Values that contradict each other, through a whole ingest: tables, share of a month, export, replay and audit."""

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from santander.audit.audit import Audit
from santander.config.settings import Settings
from santander.ingest.entries import read_entries
from santander.ingest.export import export_corrections
from santander.ingest.ingestion import ingest
from santander.ingest.replay import replay
from santander.ingest.shares import TooMuchQuarantine
from santander.lake.lake import Lake
from santander.schema.catalogue import CUSTOMERS, QUARANTINE
from santander.schema.columns import PROFILE_COLUMNS
from tests.conftest import Bank
from tests.landing_files import landing_file, record

ALL_NA = {column.source: "NA" for column in PROFILE_COLUMNS[2:]}
KEPT = ("joined_on", "province_code", "province", "country")


def quarantined(lake: Lake) -> set[tuple[str, str, str]]:
    return {(row["column"], row["reason"], row["raw"]) for row in lake.rows(QUARANTINE) if row["resolved_by"] is None}


def differences(settings: Settings) -> list[object]:
    audit = Audit(settings)
    return [difference for month in audit.run(audit.present) for difference in month.differences]


@pytest.mark.plan
def test_a_contradiction_is_null_in_quarantine_and_sent_back_as_it_is_changes_nothing(
    session: SparkSession, tmp_path: Path
) -> None:
    settings = Settings.load(data_dir=str(tmp_path / "data"), ingest={"max_quarantine_share": 1.0})
    lake = Lake(settings, session)
    lines = [record(1), record(2, fecha_alta="2015-02-01"), record(3, nomprov="MADRID"), record(4, **ALL_NA)]
    ingest(settings, lake, [landing_file(tmp_path / "a.csv", lines)])
    rows = {row["customer_id"]: row for row in lake.rows(CUSTOMERS)}
    assert [[row[name] is None for name in KEPT] for _, row in sorted(rows.items())] == [
        [False, False, False, False], [True, False, False, False], [False, True, True, False], [True, True, True, True],
    ]  # fmt: skip
    expected = {
        ("joined_on", "joined_after_snapshot", "2015-02-01"),
        ("province_code", "province_contradicts_code", "29"),
        ("province", "province_contradicts_code", "MADRID"),
        ("country", "profile_all_na", "NA"),
    }
    assert quarantined(lake) == expected
    assert differences(settings) == []
    file = tmp_path / "fix.csv"
    assert export_corrections(lake, read_entries(lake), file, duplicates=False) == {str(file): 3}
    replay(settings, lake, [file])
    assert {row["customer_id"]: row for row in lake.rows(CUSTOMERS)} == rows
    assert quarantined(lake) == expected
    assert differences(settings) == []


@pytest.mark.embedded
def test_an_empty_profile_is_no_damage_of_its_file_and_a_contradiction_is(session: SparkSession, tmp_path: Path) -> None:
    settings = Settings.load(data_dir=str(tmp_path / "data"))
    lake = Lake(settings, session)
    lines = [*(record(number) for number in range(1, 9)), record(9, **ALL_NA)]
    report = ingest(settings, lake, [landing_file(tmp_path / "a.csv", lines)])
    assert [(count.rows_with_quarantined_values, count.damaged) for count in report.counts] == [(1, 0)]
    with pytest.raises(TooMuchQuarantine, match=r"1 of 10 rows \(bad_value 1\)"):
        ingest(settings, lake, [landing_file(tmp_path / "b.csv", [*lines, record(10, nomprov="MADRID")])])


@pytest.mark.embedded
def test_a_bank_without_dirt_contradicts_itself_nowhere(bank: Bank) -> None:
    assert bank.lake.rows(QUARANTINE) == []
