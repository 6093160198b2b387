import json
from pathlib import Path

import pytest
from chispa import assert_df_equality
from deltalake import DeltaTable
from filelock import FileLock
from pyspark.sql import DataFrame, SparkSession

from santander.config.settings import Settings
from santander.lake.lake import Lake
from santander.lake.locks import TableBusy
from santander.lake.past import VersionGone, as_of
from santander.lake.table_files import drop_entries_before
from santander.lake.table_schema import RowCountMismatch, SchemaMismatch
from santander.schema.catalogue import Table
from santander.schema.months import Month

JANUARY, FEBRUARY = Month(2015, 1), Month(2015, 2)
NUMBERS = Table(
    name="numbers",
    row="one number of one month",
    key=("number", "snapshot_date"),
    columns=(("number", "int"), ("snapshot_date", "date")),
)


def numbers(session: SparkSession, *rows: tuple[int, Month]) -> DataFrame:
    return session.createDataFrame([(n, month.snapshot) for n, month in rows], "number int, snapshot_date date")


def check(lake: Lake, session: SparkSession, *rows: tuple[int, Month]) -> None:
    """The table holds these rows, in any order, and no other."""
    assert_df_equality(lake.read(NUMBERS), numbers(session, *rows), ignore_row_order=True, ignore_nullable=True)


@pytest.mark.plan
def test_a_month_is_replaced_and_the_others_stay(lake: Lake, session: SparkSession) -> None:
    lake.replace_months(NUMBERS, numbers(session, (1, JANUARY), (2, FEBRUARY)), {JANUARY: 1, FEBRUARY: 1})
    before = lake.fingerprints(NUMBERS)
    lake.replace_months(NUMBERS, numbers(session, (3, JANUARY), (4, JANUARY)), {JANUARY: 2}, {"why": "a test"})
    check(lake, session, (3, JANUARY), (4, JANUARY), (2, FEBRUARY))
    assert lake.rows_by_month(NUMBERS) == {JANUARY: 2, FEBRUARY: 1}
    after = lake.fingerprints(NUMBERS)
    assert after[FEBRUARY] == before[FEBRUARY]
    assert after[JANUARY] != before[JANUARY]
    assert json.loads(DeltaTable(lake.path(NUMBERS)).history(1)[0]["userMetadata"]) == {"why": "a test"}


@pytest.mark.plan
def test_rows_of_months_not_asked_for_are_never_written(lake: Lake, session: SparkSession) -> None:
    lake.replace_months(NUMBERS, numbers(session, (1, JANUARY), (9, FEBRUARY)), {JANUARY: 1})
    check(lake, session, (1, JANUARY))


@pytest.mark.plan
def test_a_commit_with_other_rows_than_meant_is_rolled_back(lake: Lake, session: SparkSession) -> None:
    lake.replace_months(NUMBERS, numbers(session, (1, JANUARY)), {JANUARY: 1})
    with pytest.raises(RowCountMismatch, match="2015-01: 3 rows were meant, 2 written"):
        lake.replace_months(NUMBERS, numbers(session, (2, JANUARY), (3, JANUARY)), {JANUARY: 3})
    check(lake, session, (1, JANUARY))


@pytest.mark.plan
@pytest.mark.parametrize(
    ("columns", "complaint"),
    [
        ("number, snapshot_date, 1 AS extra", "not declared .*extra"),
        ("cast(number AS bigint) AS number, snapshot_date", "number bigint"),
        ("snapshot_date, number", "another order"),
        ("snapshot_date", "missing .*number"),
    ],
)
def test_a_frame_of_another_schema_is_refused_before_the_write(
    lake: Lake, session: SparkSession, columns: str, complaint: str
) -> None:
    frame = numbers(session, (1, JANUARY)).selectExpr(*columns.split(", "))
    with pytest.raises(SchemaMismatch, match=complaint):
        lake.replace_months(NUMBERS, frame, {JANUARY: 1})
    assert not lake.exists(NUMBERS)


def test_a_second_writer_waits_and_is_told_who_writes(settings: Settings, session: SparkSession) -> None:
    settings = settings.model_copy(update={"locks": settings.locks.model_copy(update={"wait": 0})})
    lake = Lake(settings, session)
    locks = settings.state / "locks"
    locks.mkdir(parents=True)
    with FileLock(locks / "numbers.lock"), pytest.raises(TableBusy, match="another run is writing numbers"):
        lake.replace_months(NUMBERS, numbers(session, (1, JANUARY)), {JANUARY: 1})
    lake.replace_months(NUMBERS, numbers(session, (1, JANUARY)), {JANUARY: 1})
    check(lake, session, (1, JANUARY))


def test_looking_needs_no_session(lake: Lake, settings: Settings, session: SparkSession) -> None:
    lake.replace_months(NUMBERS, numbers(session, (1, JANUARY)), {JANUARY: 1})
    looking = Lake(settings)
    assert looking.months(NUMBERS) == [JANUARY]
    assert looking.version(NUMBERS) == lake.version(NUMBERS)


def test_a_table_tells_what_a_row_means(lake: Lake, session: SparkSession) -> None:
    lake.replace_months(NUMBERS, numbers(session, (1, JANUARY)), {JANUARY: 1})
    assert DeltaTable(lake.path(NUMBERS)).metadata().description == "one number of one month"
    assert Path(lake.path(NUMBERS), f"snapshot_date={JANUARY.snapshot}").is_dir()


@pytest.mark.plan
def test_a_lake_as_of_a_version_shows_the_rows_of_then_and_cannot_be_written(lake: Lake, session: SparkSession) -> None:
    then = lake.replace_months(NUMBERS, numbers(session, (1, JANUARY), (2, FEBRUARY)), {JANUARY: 1, FEBRUARY: 1})
    lake.replace_months(NUMBERS, numbers(session, (3, JANUARY), (4, JANUARY)), {JANUARY: 2})
    past = as_of(lake, {NUMBERS: then})
    check(past, session, (1, JANUARY), (2, FEBRUARY))
    assert past.rows_by_month(NUMBERS) == {JANUARY: 1, FEBRUARY: 1}
    assert {row["number"] for row in past.rows(NUMBERS)} == {1, 2}
    assert {row["number"] for row in past.read_months(NUMBERS, [FEBRUARY]).collect()} == {2}
    assert (past.version(NUMBERS), lake.version(NUMBERS)) == (then, then + 1)
    wider = Table(NUMBERS.name, NUMBERS.row, NUMBERS.key, (*NUMBERS.columns, ("remark", "string")))
    for write in (
        lambda: past.replace_months(NUMBERS, numbers(session, (9, JANUARY)), {JANUARY: 1}),
        lambda: past.replace_where(NUMBERS, numbers(session, (9, JANUARY)), "number = 9", 1),
        lambda: past.append_rows(NUMBERS, [{"number": 9, "snapshot_date": JANUARY.snapshot}]),
        lambda: past.overwrite_rows(NUMBERS, []),
        lambda: past.update_rows(NUMBERS, "true", {"number": "9"}),
        lambda: past.delete_rows(NUMBERS, "true", 2),
        lambda: past.upgrade(wider),
    ):
        with pytest.raises(RuntimeError, match="is for reading"):
            write()
    assert lake.version(NUMBERS) == then + 1


@pytest.mark.plan
def test_a_column_that_came_later_is_null_in_versions_before_it(lake: Lake, session: SparkSession) -> None:
    then = lake.replace_months(NUMBERS, numbers(session, (1, JANUARY)), {JANUARY: 1})
    wider = Table(NUMBERS.name, NUMBERS.row, NUMBERS.key, (("remark", "string"), *NUMBERS.columns))
    lake.upgrade(wider)
    past = as_of(lake, {wider: then}).read(wider)
    assert [tuple(row) for row in past.collect()] == [(None, 1, JANUARY.snapshot)]
    assert past.dtypes == list(wider.columns)


def test_a_version_whose_files_or_log_are_gone_is_named_and_months_not_read_do_not_matter(
    lake: Lake, session: SparkSession
) -> None:
    then = lake.replace_months(NUMBERS, numbers(session, (1, JANUARY), (2, FEBRUARY)), {JANUARY: 1, FEBRUARY: 1})
    lake.replace_months(NUMBERS, numbers(session, (3, JANUARY)), {JANUARY: 1})
    as_of(lake, {NUMBERS: then}).check(NUMBERS)
    lake.delta(NUMBERS).vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
    with pytest.raises(VersionGone, match=f"version {then} of table numbers can no longer be read: 1 of its 2 files are gone"):
        as_of(lake, {NUMBERS: then}).check(NUMBERS)
    february = as_of(lake, {NUMBERS: then}, [FEBRUARY])
    february.check(NUMBERS)
    check(february, session, (2, FEBRUARY))
    with pytest.raises(VersionGone, match=r"version 99 of table numbers .*: the table was made anew since"):
        as_of(lake, {NUMBERS: 99}).check(NUMBERS)
    log = Path(lake.path(NUMBERS)) / "_delta_log"
    lake.delta(NUMBERS).create_checkpoint()
    drop_entries_before(log, lake.version(NUMBERS) or 0)
    with pytest.raises(VersionGone, match="its log no longer reaches back to it"):
        february.check(NUMBERS)
