"""Tables that other tools have given features which are not honoured here are refused by protocol, in one line."""

import json
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from santander.config.settings import Settings
from santander.lake.lake import Lake
from santander.lake.month_files import MonthFile
from santander.lake.past import as_of
from santander.lake.table_schema import UnreadableProtocol, UnwritableProtocol
from santander.maintain.tables import maintain
from santander.schema.catalogue import CUSTOMERS, RECOMMENDATIONS, Table
from santander.schema.months import Month
from tests.cli.test_command_line import SANTANDER, call, error_line
from tests.landing_files import landing_file, record

JUNE = Month(2015, 6)
ROWS = [
    {
        "customer_id": n,
        "snapshot_date": JUNE.snapshot,
        "rank": 1,
        "product": "payroll",
        "score": 0.5,
        "model_version": 1,
        "chance": 0.5,
    }
    for n in range(3)
]


def commit(
    lake: Lake,
    table: Table,
    protocol: dict[str, Any],
    properties: dict[str, str] | None = None,
    field: dict[str, Any] | None = None,
) -> None:
    """Write a commit of another tool by hand: a protocol, and properties of the table, changes to its last column."""
    log = Path(lake.path(table)) / "_delta_log"
    lines = [json.loads(line) for entry in sorted(log.glob("*.json")) for line in entry.read_text().splitlines()]
    metadata = next(line["metaData"] for line in reversed(lines) if "metaData" in line)
    metadata["configuration"] |= properties or {}
    schema = json.loads(metadata["schemaString"])
    schema["fields"][-1] |= field or {}
    for number, each in enumerate(schema["fields"] if "delta.columnMapping.mode" in (properties or {}) else []):
        each["metadata"] |= {"delta.columnMapping.id": number, "delta.columnMapping.physicalName": each["name"]}
    metadata["schemaString"] = json.dumps(schema)
    version = DeltaTable(lake.path(table)).version() + 1
    (log / f"{version:020}.json").write_text(
        json.dumps({"protocol": protocol}) + "\n" + json.dumps({"metaData": metadata}) + "\n"
    )


def listed(*features: str, reader: bool) -> dict[str, Any]:
    versions = {"minReaderVersion": 3 if reader else 1, "minWriterVersion": 7}
    return versions | ({"readerFeatures": features} if reader else {}) | {"writerFeatures": features}


@pytest.fixture
def lake(settings: Settings) -> Lake:
    """A lake with one month of recommendations, without an engine."""
    lake = Lake(settings)
    lake.append_rows(RECOMMENDATIONS, ROWS)
    return lake


READS = {
    "version": lambda lake: lake.version(RECOMMENDATIONS),
    "counts": lambda lake: lake.rows_by_month(RECOMMENDATIONS),
    "files": lambda lake: lake.files_by_month(RECOMMENDATIONS),
    "fingerprints": lambda lake: lake.fingerprints(RECOMMENDATIONS),
    "rows": lambda lake: lake.rows(RECOMMENDATIONS),
    "a past version": lambda lake: as_of(lake, {RECOMMENDATIONS: lake_version(lake)}).delta(RECOMMENDATIONS),
    "append": lambda lake: lake.append_rows(RECOMMENDATIONS, ROWS),
    "upgrade": lambda lake: lake.upgrade(RECOMMENDATIONS),
    "maintain": lambda lake: maintain(lake._settings, lake, dry_run=True, upgrade=False),
}


def lake_version(lake: Lake) -> int:
    return int(DeltaTable(lake.path(RECOMMENDATIONS)).version())


@pytest.mark.parametrize("read", READS)
def test_deleted_rows_are_not_read_past_the_protocol(lake: Lake, read: str) -> None:
    commit(lake, RECOMMENDATIONS, listed("deletionVectors", reader=True))
    with pytest.raises(UnreadableProtocol) as refused:
        READS[read](lake)
    line = str(refused.value)
    assert line.startswith("table recommendations uses deletionVectors of Delta, which cannot be read here: ")
    folder = lake.path(RECOMMENDATIONS)
    assert f"USING delta PARTITIONED BY (snapshot_date) AS SELECT * FROM delta.`{folder}`" in line  # noqa: S608
    assert "\n" not in line


@pytest.mark.parametrize("feature", ["typeWidening", "v2Checkpoint", "vacuumProtocolCheck", "columnMapping", "ofNextYear"])
def test_features_that_one_of_our_readers_does_not_honour_are_refused(lake: Lake, feature: str) -> None:
    commit(lake, RECOMMENDATIONS, listed(feature, reader=True))
    with pytest.raises(UnreadableProtocol, match=f"uses {feature} of Delta"):
        lake.rows(RECOMMENDATIONS)


def test_a_version_of_the_protocol_that_is_not_known_is_refused(lake: Lake) -> None:
    commit(lake, RECOMMENDATIONS, {"minReaderVersion": 4, "minWriterVersion": 8})
    with pytest.raises(UnreadableProtocol, match="uses reader version 4 of Delta"):
        lake.rows(RECOMMENDATIONS)


def test_mapped_columns_are_refused_and_the_version_that_may_map_them_is_not(lake: Lake) -> None:
    commit(lake, RECOMMENDATIONS, {"minReaderVersion": 2, "minWriterVersion": 5})
    assert len(lake.rows(RECOMMENDATIONS)) == 3
    before = lake.version(RECOMMENDATIONS)
    commit(lake, RECOMMENDATIONS, {"minReaderVersion": 2, "minWriterVersion": 5}, {"delta.columnMapping.mode": "name"})
    with pytest.raises(UnreadableProtocol, match="uses columnMapping of Delta"):
        lake.rows(RECOMMENDATIONS)
    assert before is not None
    assert as_of(lake, {RECOMMENDATIONS: before}).delta(RECOMMENDATIONS).version() == before


def test_features_of_types_that_no_table_has_are_read_and_written(lake: Lake) -> None:
    commit(lake, RECOMMENDATIONS, listed("timestampNtz", reader=True))
    lake.append_rows(RECOMMENDATIONS, ROWS)
    assert len(lake.rows(RECOMMENDATIONS)) == 6


@pytest.mark.parametrize(
    ("protocol", "properties", "said"),
    [
        (listed("rowTracking", "domainMetadata", reader=False), {}, "domainMetadata, rowTracking"),
        (listed("checkpointProtection", reader=False), {}, "checkpointProtection"),
        ({"minReaderVersion": 1, "minWriterVersion": 4}, {"delta.enableChangeDataFeed": "true"}, "delta.enableChangeDataFeed"),
        ({"minReaderVersion": 1, "minWriterVersion": 2}, {"delta.appendOnly": "true"}, "delta.appendOnly"),
    ],
)
def test_a_write_that_would_break_rules_of_others_is_refused(
    lake: Lake, protocol: dict[str, Any], properties: dict[str, str], said: str
) -> None:
    commit(lake, RECOMMENDATIONS, protocol, properties)
    before = lake.version(RECOMMENDATIONS)
    assert len(lake.rows(RECOMMENDATIONS)) == 3
    with pytest.raises(UnwritableProtocol, match=f"^table recommendations has {said}, set by something else"):
        lake.append_rows(RECOMMENDATIONS, ROWS)
    with pytest.raises(UnwritableProtocol):
        maintain(lake._settings, lake, dry_run=False, upgrade=False)
    assert lake.version(RECOMMENDATIONS) == before


def test_files_that_nobody_held_against_constraints_are_not_committed(lake: Lake, settings: Settings) -> None:
    commit(
        lake,
        RECOMMENDATIONS,
        {"minReaderVersion": 1, "minWriterVersion": 3},
        {"delta.constraints.sure": "score > 0.1"},
        field={"nullable": False},
    )
    files: list[MonthFile] = []
    with pytest.raises(UnwritableProtocol, match=r"delta\.constraints\.sure, NOT NULL of column chance"):
        lake.replace_months_by_files(RECOMMENDATIONS, files, settings.data / "lake" / "_staging", {JUNE: 0})
    lake.append_rows(RECOMMENDATIONS, ROWS)  # which deltalake holds against them
    assert len(lake.rows(RECOMMENDATIONS)) == 6


@pytest.mark.parametrize("verb", [["status"], ["audit"], ["forget", "7", "--dry-run"], ["maintain"]])
def test_a_verb_ends_with_one_line(tmp_path: Path, settings: Settings, verb: list[str]) -> None:
    lake = Lake(settings)
    lake.append_rows(
        CUSTOMERS, [{name: None for name, _ in CUSTOMERS.columns} | {"customer_id": 7, "snapshot_date": JUNE.snapshot}]
    )
    commit(lake, CUSTOMERS, listed("deletionVectors", reader=True))
    done = call(SANTANDER, *verb, "--data-dir", settings.data)
    assert done.returncode == 1
    assert error_line(done).startswith("error: table customers uses deletionVectors of Delta, which cannot be read here: ")


@pytest.mark.plan
def test_what_spark_deleted_and_renamed_is_refused_until_it_is_copied(
    settings: Settings, session: SparkSession, tmp_path: Path, request: Any
) -> None:
    """On Apache Spark, by its own SQL; the embedded engine has none of it, there the commit is written by hand."""
    from santander.pipeline.steps import Steps

    lake = Lake(settings, session)
    Steps(settings, session).ingest([landing_file(tmp_path / "june.csv", [record(n, "2015-06") for n in range(1, 9)])])
    spark = request.config.getoption("--engine") == "spark"
    table = f"delta.`{lake.path(CUSTOMERS)}`"
    if spark:
        session.sql(f"ALTER TABLE {table} SET TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')")
        session.sql(f"DELETE FROM {table} WHERE customer_id = 3")  # noqa: S608
    else:
        commit(lake, CUSTOMERS, listed("deletionVectors", reader=True))
    with pytest.raises(UnreadableProtocol, match="uses deletionVectors"):
        lake.read(CUSTOMERS)
    with pytest.raises(UnreadableProtocol, match="uses deletionVectors"):
        Steps(settings, session).build_features([JUNE], anyway=True)
    if spark:
        copy = tmp_path / "copy"
        session.sql(f"CREATE TABLE delta.`{copy}` USING delta PARTITIONED BY (snapshot_date) AS SELECT * FROM {table}")  # noqa: S608
        Path(lake.path(CUSTOMERS)).rename(tmp_path / "old")
        copy.rename(lake.path(CUSTOMERS))
        assert lake.read(CUSTOMERS).count() == 7
        session.sql(
            f"ALTER TABLE {table} SET TBLPROPERTIES ('delta.columnMapping.mode' = 'name', 'delta.minReaderVersion' = '2', "
            "'delta.minWriterVersion' = '5')"
        )
        with pytest.raises(UnreadableProtocol, match="uses columnMapping"):
            lake.read(CUSTOMERS)
