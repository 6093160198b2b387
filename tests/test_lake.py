import datetime as dt
import json
from pathlib import Path

import pytest
from deltalake import DeltaTable
from filelock import FileLock
from pyspark.sql import DataFrame, SparkSession

from santander.bank.months import Month
from santander.lake import Lake, RowCountMismatch, SchemaMismatch
from santander.settings import LockSettings, Settings
from santander.tables import Table
from santander.writers import TableBusy

JANUARY, FEBRUARY = Month(2015, 1), Month(2015, 2)
NUMBERS = Table(
    name="numbers",
    row="one number of one month",
    key=("number", "snapshot_date"),
    columns=(("number", "int"), ("snapshot_date", "date")),
)


def numbers(session: SparkSession, *rows: tuple[int, Month]) -> DataFrame:
    return session.createDataFrame([(n, month.snapshot) for n, month in rows], "number int, snapshot_date date")


def content(lake: Lake) -> set[tuple[int, dt.date]]:
    return {(row["number"], row["snapshot_date"]) for row in lake.read(NUMBERS).collect()}


def test_a_month_is_replaced_and_the_others_stay(lake: Lake, session: SparkSession) -> None:
    lake.replace_months(NUMBERS, numbers(session, (1, JANUARY), (2, FEBRUARY)), {JANUARY: 1, FEBRUARY: 1})
    before = lake.fingerprints(NUMBERS)
    lake.replace_months(NUMBERS, numbers(session, (3, JANUARY), (4, JANUARY)), {JANUARY: 2}, {"why": "a test"})
    assert content(lake) == {(3, JANUARY.snapshot), (4, JANUARY.snapshot), (2, FEBRUARY.snapshot)}
    assert lake.rows_by_month(NUMBERS) == {JANUARY: 2, FEBRUARY: 1}
    after = lake.fingerprints(NUMBERS)
    assert after[FEBRUARY] == before[FEBRUARY]
    assert after[JANUARY] != before[JANUARY]
    assert json.loads(DeltaTable(lake.path(NUMBERS)).history(1)[0]["userMetadata"]) == {"why": "a test"}


def test_rows_of_months_not_asked_for_are_never_written(lake: Lake, session: SparkSession) -> None:
    lake.replace_months(NUMBERS, numbers(session, (1, JANUARY), (9, FEBRUARY)), {JANUARY: 1})
    assert content(lake) == {(1, JANUARY.snapshot)}


def test_a_commit_with_other_rows_than_meant_is_rolled_back(lake: Lake, session: SparkSession) -> None:
    lake.replace_months(NUMBERS, numbers(session, (1, JANUARY)), {JANUARY: 1})
    with pytest.raises(RowCountMismatch, match="2015-01: 3 rows were meant, 2 written"):
        lake.replace_months(NUMBERS, numbers(session, (2, JANUARY), (3, JANUARY)), {JANUARY: 3})
    assert content(lake) == {(1, JANUARY.snapshot)}


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
    settings = settings.model_copy(update={"locks": LockSettings(wait=0)})
    lake = Lake(settings, session)
    locks = settings.state / "locks"
    locks.mkdir(parents=True)
    with FileLock(locks / "numbers.lock"), pytest.raises(TableBusy, match="another run is writing numbers"):
        lake.replace_months(NUMBERS, numbers(session, (1, JANUARY)), {JANUARY: 1})
    lake.replace_months(NUMBERS, numbers(session, (1, JANUARY)), {JANUARY: 1})
    assert content(lake) == {(1, JANUARY.snapshot)}


def test_looking_needs_no_session(lake: Lake, settings: Settings, session: SparkSession) -> None:
    lake.replace_months(NUMBERS, numbers(session, (1, JANUARY)), {JANUARY: 1})
    looking = Lake(settings)
    assert looking.months(NUMBERS) == [JANUARY]
    assert looking.version(NUMBERS) == lake.version(NUMBERS)


def test_a_table_tells_what_a_row_means(lake: Lake, session: SparkSession) -> None:
    lake.replace_months(NUMBERS, numbers(session, (1, JANUARY)), {JANUARY: 1})
    assert DeltaTable(lake.path(NUMBERS)).metadata().description == "one number of one month"
    assert Path(lake.path(NUMBERS), f"snapshot_date={JANUARY.snapshot}").is_dir()
