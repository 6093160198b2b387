"""Tables are kept small without losing what a reader or a model needs, and without anything looking out of date."""

import json
import os
import time
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import DeltaError
from pyspark.sql import SparkSession

from santander.cli.verbs.maintain import maintain as verb
from santander.config.settings import Settings
from santander.errors import SantanderError
from santander.features.rows import FAMILIES
from santander.lake.lake import Lake
from santander.lake.past import as_of
from santander.maintain import tables
from santander.maintain.tables import Maintained, maintain
from santander.schema.catalogue import CARRIED_FINGERPRINTS, FEATURES_TABLE, RECOMMENDATIONS, SUPPRESSIONS
from santander.schema.months import Month
from santander.schema.types import arrow_schema
from tests.own_families import ACTIVITY, active, break_a_file

MAY = Month(2016, 5)


@pytest.fixture
def lake(settings: Settings) -> Lake:
    """Without a session: maintenance starts no engine."""
    return Lake(settings)


def kept_for(settings: Settings, days: int) -> Settings:
    return settings.model_copy(update={"maintenance": settings.maintenance.model_copy(update={"retention_days": days})})


def recommended(lake: Lake, *customers: int) -> None:
    """One commit, one file."""
    lake.append_rows(
        RECOMMENDATIONS,
        [{"customer_id": each, "snapshot_date": MAY.snapshot, "rank": 1, "product": "loan"} for each in customers],
    )


def one(done: list[Maintained], name: str = "recommendations") -> Maintained:
    return next(each for each in done if each.table == name)


def parquet_files(lake: Lake) -> list[Path]:
    return sorted(Path(lake.path(RECOMMENDATIONS)).glob("snapshot_date=*/*.parquet"))


def age(settings: Settings, days: int) -> None:
    """Make every file of the lake, and what the logs say of when, so many days older."""
    then = time.time() - days * 86_400
    for checkpoint in Path(settings.lake).rglob("*checkpoint*"):
        checkpoint.unlink()  # the entries say it all, and are plain to change
    for file in Path(settings.lake).rglob("*"):
        if file.suffix == ".json" and file.parent.name == "_delta_log":
            actions = [json.loads(line) for line in file.read_text().splitlines()]
            for action in actions:
                for content in action.values():
                    for name in {"timestamp", "deletionTimestamp", "modificationTime"} & set(content):
                        content[name] -= days * 86_400_000
            file.write_text("".join(json.dumps(action) + "\n" for action in actions))
        if file.is_file():
            os.utime(file, (then, then))


def test_the_table_of_a_family_is_kept_small_too_whatever_its_file_is(
    settings: Settings, lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_a_file(monkeypatch, tmp_path / "conf")
    for customer in (1, 2):
        lake.append_rows(ACTIVITY.table, active([customer], MAY))
    before = lake.fingerprints(ACTIVITY.table)
    done = one(maintain(settings, lake, dry_run=False, upgrade=True), ACTIVITY.table.name)
    assert (done.files_before, done.files_after, done.added_columns) == (2, 1, [])
    assert lake.fingerprints(ACTIVITY.table) == before
    assert one(maintain(kept_for(settings, 0), lake, dry_run=False, upgrade=False), ACTIVITY.table.name).deleted == 2
    assert len(list(Path(lake.path(ACTIVITY.table)).glob("snapshot_date=*/*.parquet"))) == 1


def test_small_files_become_one_and_the_month_counts_as_the_same(settings: Settings, lake: Lake) -> None:
    for customer in (1, 2, 3):
        recommended(lake, customer)
    before = lake.fingerprints(RECOMMENDATIONS)
    done = one(maintain(settings, lake, dry_run=False, upgrade=False))
    assert (done.files_before, done.files_after, done.deleted) == (3, 1, 0)
    assert lake.fingerprints(RECOMMENDATIONS) == before
    assert sorted(row["customer_id"] for row in lake.rows(RECOMMENDATIONS)) == [1, 2, 3]
    recommended(lake, 4)
    assert lake.fingerprints(RECOMMENDATIONS) != before


def test_a_month_out_of_date_stays_so_over_two_compactions(settings: Settings, lake: Lake) -> None:
    recommended(lake, 1)
    first = lake.fingerprints(RECOMMENDATIONS)
    recommended(lake, 2)
    second = lake.fingerprints(RECOMMENDATIONS)
    maintain(settings, lake, dry_run=False, upgrade=False)
    recommended(lake, 3)
    third = lake.fingerprints(RECOMMENDATIONS)
    maintain(settings, lake, dry_run=False, upgrade=False)
    assert lake.fingerprints(RECOMMENDATIONS) == third
    assert len({str(each) for each in (first, second, third)}) == 3
    assert len(lake.rows(CARRIED_FINGERPRINTS)) == 2


def test_what_is_out_of_use_stays_for_the_retention_and_no_longer(settings: Settings, lake: Lake) -> None:
    for customer in (1, 2, 3):
        recommended(lake, customer)
    maintain(settings, lake, dry_run=False, upgrade=False)
    orphan = Path(lake.path(RECOMMENDATIONS)) / f"snapshot_date={MAY.snapshot}" / "part-orphan.parquet"
    orphan.write_bytes(parquet_files(lake)[0].read_bytes())
    assert one(maintain(settings, lake, dry_run=False, upgrade=False)).deleted == 0
    age(settings, 29)
    assert one(maintain(settings, lake, dry_run=False, upgrade=False)).deleted == 0
    age(settings, 31)
    foretold = one(maintain(settings, lake, dry_run=True, upgrade=False))
    assert (foretold.deleted, len(parquet_files(lake))) == (4, 5)
    assert foretold.bytes_freed == sum(file.stat().st_size for file in parquet_files(lake)) - _live_bytes(lake)
    done = one(maintain(settings, lake, dry_run=False, upgrade=False))
    assert (done.deleted, done.bytes_freed) == (foretold.deleted, foretold.bytes_freed)
    assert not orphan.exists()
    assert len(parquet_files(lake)) == 1
    assert one(maintain(settings, lake, dry_run=False, upgrade=False)).deleted == 0


def _live_bytes(lake: Lake) -> int:
    return sum(pa.table(lake.delta(RECOMMENDATIONS).get_add_actions())["size_bytes"].to_pylist())


def test_the_log_begins_at_a_checkpoint_and_reads_the_same(settings: Settings, lake: Lake) -> None:
    for customer in (1, 2, 3):
        recommended(lake, customer)
    version = lake.version(RECOMMENDATIONS)
    done = one(maintain(kept_for(settings, 0), lake, dry_run=False, upgrade=False))
    log = Path(lake.path(RECOMMENDATIONS)) / "_delta_log"
    assert version is not None
    assert done.log_entries > version
    assert len(list(log.glob("*.json"))) == 1
    assert sorted(row["customer_id"] for row in lake.rows(RECOMMENDATIONS)) == [1, 2, 3]
    recommended(lake, 4)
    assert len(lake.rows(RECOMMENDATIONS)) == 4


@pytest.fixture
def named_by_a_model(settings: Settings, lake: Lake) -> int:
    """A version of the feature table that a registered model was made from, and two more since."""
    from santander.registry.tracking import experiment_id, open_tracking

    versions = [_replace_features(lake, customer) for customer in (1, 2)]
    client = open_tracking(settings)
    run = client.create_run(experiment_id(settings, client), tags={"delta.features": str(versions[0])})
    client.create_registered_model(settings.mlflow.registered_model)
    client.create_model_version(settings.mlflow.registered_model, source="nowhere", run_id=run.info.run_id)
    _replace_features(lake, 3)
    return versions[0]


def _replace_features(lake: Lake, customer: int) -> int:
    rows = [{"customer_id": customer, "snapshot_date": MAY.snapshot}]
    if not lake.exists(FEATURES_TABLE):
        lake.append_rows(FEATURES_TABLE, rows)
    else:
        data = pa.Table.from_pylist(rows, schema=arrow_schema(FEATURES_TABLE.columns))
        write_deltalake(lake.delta(FEATURES_TABLE), data, mode="overwrite")
    return lake.delta(FEATURES_TABLE).version()


def test_a_version_that_a_model_names_can_still_be_read(settings: Settings, lake: Lake, named_by_a_model: int) -> None:
    done = one(maintain(kept_for(settings, 0), lake, dry_run=False, upgrade=False), "features")
    assert done.kept_versions == {named_by_a_model: [1]}
    assert done.deleted == 1  # the version in between
    again = one(maintain(kept_for(settings, 0), lake, dry_run=False, upgrade=False), "features")
    assert (again.deleted, again.kept_versions) == (0, {named_by_a_model: [1]})
    assert DeltaTable(lake.path(FEATURES_TABLE), version=named_by_a_model).to_pyarrow_table()["customer_id"].to_pylist() == [1]
    with pytest.raises((DeltaError, FileNotFoundError)):
        DeltaTable(lake.path(FEATURES_TABLE), version=named_by_a_model + 1).to_pyarrow_table()


@pytest.fixture
def two_commits(lake: Lake) -> None:
    """So that a version named after them is not among the first two."""
    for customer in (7, 8):
        _replace_features(lake, customer)


@pytest.mark.embedded
@pytest.mark.usefixtures("two_commits")
def test_the_engine_reads_a_version_that_a_model_names_after_maintenance(
    settings: Settings, lake: Lake, named_by_a_model: int, session: SparkSession
) -> None:
    maintain(settings, lake, dry_run=False, upgrade=False)
    past = as_of(Lake(settings, session), {FEATURES_TABLE: named_by_a_model})
    assert [row["customer_id"] for row in past.read(FEATURES_TABLE).collect()] == [1]


def test_a_table_of_an_older_version_gets_its_columns(settings: Settings, lake: Lake) -> None:
    old = pa.table({"digest": ["a"]})
    write_deltalake(lake.path(SUPPRESSIONS), old)
    done = one(maintain(settings, lake, dry_run=False, upgrade=True), "suppressions")
    assert done.added_columns == ["erasure_id"]
    assert lake.rows(SUPPRESSIONS) == [{"digest": "a", "erasure_id": None}]


def test_the_verb_says_what_it_freed(settings: Settings, lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    for customer in (1, 2):
        recommended(lake, customer)
    outcome = _run(settings, "--json")
    assert outcome == 0
    said = json.loads(capsys.readouterr().out)
    assert said["retention_days"] == 30
    assert said["tables"]["recommendations"]["files_before"] == 2
    assert said["tables"]["recommendations"]["files_after"] == 1


def _run(settings: Settings, *options: str) -> int:
    import typer

    app = typer.Typer()
    app.command()(verb)
    return int(app([*options, "--data-dir", settings.data_dir], standalone_mode=False) or 0)


def test_no_column_is_added_for_a_feature_that_no_function_makes(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    recommended(lake, 1)
    monkeypatch.setattr(tables, "FAMILIES", FAMILIES[1:])
    with pytest.raises(SantanderError, match="no function in santander/features makes"):
        maintain(lake.settings, lake, dry_run=False, upgrade=True)
    assert [each.added_columns for each in maintain(lake.settings, lake, dry_run=False, upgrade=False)] == [[]]
