"""The two doors, and the traps of the engines that they stand against: one test for each thing an engine does in silence.

Each break is made as an engine would let it pass: the embedded one reads what is not there, casts what does not fit,
writes what was not asked for, and says nothing.
"""

import gzip
import threading
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from pyspark.sql import DataFrame, SparkSession

from santander.config.settings import Settings
from santander.ingest.column_values import clean_column
from santander.ingest.file_kind import LandingFileRefused
from santander.ingest.landing import survey
from santander.lake.lake import Lake
from santander.lake.table_schema import ForeignTable, OutdatedTable, RowCountMismatch, SchemaMismatch
from santander.pipeline.steps import Steps
from santander.schema.catalogue import CUSTOMERS, INGESTIONS, QUARANTINE, Table
from santander.schema.columns import COLUMNS
from santander.schema.months import Month
from tests.landing_files import header, landing_file, record

JANUARY, FEBRUARY = Month(2015, 1), Month(2015, 2)
NUMBERS = Table(
    name="numbers",
    row="one number of one month",
    key=("number", "snapshot_date"),
    columns=(("number", "int"), ("snapshot_date", "date")),
)
NOTES = Table(name="notes", row="one note", key=("about",), columns=(("about", "string"), ("text", "string")), monthly=False)


def numbers(session: SparkSession, *rows: tuple[int, Month]) -> DataFrame:
    return session.createDataFrame([(n, month.snapshot) for n, month in rows], "number int, snapshot_date date")


def content(lake: Lake, table: Table) -> list[tuple[object, ...]]:
    return sorted(tuple(row.values()) for row in lake.rows(table))


# --- the door that reads landing files -------------------------------------------------------------------------------


def test_a_path_that_is_not_there_is_no_empty_file(tmp_path: Path) -> None:
    with pytest.raises(LandingFileRefused, match="there is no file"):
        survey(tmp_path / "absent.csv", 1 << 20, tmp_path)


def test_bytes_that_are_no_utf_8_are_not_replaced(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(f"{header()}\n{record(1)}\n".encode() + record(2, nomprov='"CORUÑA"').encode("latin-1") + b"\n")
    with pytest.raises(LandingFileRefused, match="line 3 is not UTF-8"):
        survey(file, 1 << 20, tmp_path)


@pytest.mark.plan
@pytest.mark.parametrize("packed", [False, True])
def test_a_malformed_line_costs_itself_alone_and_is_named_by_file_and_line(
    settings: Settings, session: SparkSession, tmp_path: Path, *, packed: bool
) -> None:
    lines = [record(i) for i in range(1, 400)]
    lines[7] = lines[7] + ",0"  # too long
    lines[250] = ",".join(lines[250].split(",")[:9])  # too short
    lines[300] = lines[300].replace('"MALAGA"', '"MALAGA')  # a quote that would swallow what follows
    file = landing_file(tmp_path / "a.csv", lines)
    if packed:
        file = tmp_path / "a.csv.gz"
        file.write_bytes(gzip.compress((tmp_path / "a.csv").read_bytes()))
    small = settings.model_copy(update={"ingest": settings.ingest.model_copy(update={"chunk_bytes": 4096})})
    steps = Steps(small, session)
    steps.ingest([file])
    bad = sorted((row["file"], row["line"], row["reason"], row["raw"]) for row in steps.lake.rows(QUARANTINE))
    assert bad == [
        (str(file), 9, "wrong_number_of_fields", lines[7]),
        (str(file), 252, "wrong_number_of_fields", lines[250]),
        (str(file), 302, "open_quote", lines[300]),
    ]
    (marker,) = steps.lake.rows(INGESTIONS)
    assert (marker["read"], marker["kept"], marker["quarantined_rows"]) == (399, 396, 3)
    assert steps.lake.rows_by_month(CUSTOMERS) == {JANUARY: 396}


@pytest.mark.parametrize(
    ("column", "text", "value"),
    [
        ("joined_on", " 2015-01-03 ", "2015-01-03"),  # one engine's cast gives null
        ("joined_on", "2015", None),  # both engines take it for a date
        ("household_income", "1d", None),  # Java's double
        ("household_income", "inf", None),
        ("household_income", "1e5", None),
        ("age", "2147483648", None),  # wraps on one engine, raises on the other
        ("seniority_months", "-1", None),
    ],
)
def test_a_text_is_matched_before_it_is_cast(column: str, text: str, value: str | None) -> None:
    rule = next(c for c in COLUMNS if c.name == column)
    cleaned = clean_column(rule, pa.array([text]).dictionary_encode())
    assert cleaned.values.cast(pa.string()).to_pylist() == [value]


# --- the door that writes tables -------------------------------------------------------------------------------------


@pytest.mark.plan
@pytest.mark.parametrize("expression", ["'x' AS extra", "1 AS extra"])
def test_an_extra_column_is_not_dropped(lake: Lake, session: SparkSession, expression: str) -> None:
    frame = numbers(session, (1, JANUARY)).selectExpr("*", expression)
    with pytest.raises(SchemaMismatch, match="extra"):
        lake.replace_months(NUMBERS, frame, {JANUARY: 1})
    notes = session.createDataFrame([("a", "b")], "about string, text string").selectExpr("*", expression)
    with pytest.raises(SchemaMismatch, match="extra"):
        lake.replace_where(NOTES, notes, "about = 'a'", 1)
    assert not lake.exists(NUMBERS)
    assert not lake.exists(NOTES)


@pytest.mark.plan
def test_a_wrong_type_is_not_cast(lake: Lake, session: SparkSession) -> None:
    frame = numbers(session, (1, JANUARY)).selectExpr("cast(number AS string) AS number", "snapshot_date")
    with pytest.raises(SchemaMismatch, match="number string"):
        lake.replace_months(NUMBERS, frame, {JANUARY: 1})


@pytest.mark.plan
def test_rows_outside_the_months_asked_for_do_not_land_in_other_partitions(lake: Lake, session: SparkSession) -> None:
    lake.replace_months(NUMBERS, numbers(session, (1, FEBRUARY)), {FEBRUARY: 1})
    lake.replace_months(NUMBERS, numbers(session, (2, JANUARY), (3, FEBRUARY)), {JANUARY: 1})
    assert content(lake, NUMBERS) == [(1, FEBRUARY.snapshot), (2, JANUARY.snapshot)]


@pytest.mark.plan
def test_the_other_months_survive_a_replacement(lake: Lake, session: SparkSession) -> None:
    lake.replace_months(NUMBERS, numbers(session, (1, JANUARY), (2, FEBRUARY)), {JANUARY: 1, FEBRUARY: 1})
    lake.replace_months(NUMBERS, numbers(session, (5, JANUARY)), {JANUARY: 1})
    assert content(lake, NUMBERS) == [(2, FEBRUARY.snapshot), (5, JANUARY.snapshot)]


@pytest.mark.plan
def test_rows_that_were_meant_and_not_written_are_missed(lake: Lake, session: SparkSession) -> None:
    before = session.createDataFrame([("a", "old"), ("b", "old")], "about string, text string")
    lake.replace_where(NOTES, before, "true", 2)
    lost = session.createDataFrame([("a", "new"), ("z", "not met by the predicate")], "about string, text string")
    with pytest.raises(RowCountMismatch, match="table notes: 2 rows were meant, 1 written; the commit was rolled back"):
        lake.replace_where(NOTES, lost, "about = 'a'", 2)
    assert content(lake, NOTES) == [("a", "old"), ("b", "old")]


@pytest.mark.plan
def test_rows_changed_without_an_engine_are_counted_too(lake: Lake) -> None:
    lake.append_rows(NOTES, [{"about": "a", "text": "old"}, {"about": "b", "text": "old"}, {"about": "c", "text": "old"}])
    assert lake.update_rows(NOTES, "about = 'a'", {"text": "it's new"}) == 1
    with pytest.raises(RowCountMismatch, match="table notes: 1 rows were meant, 2 written; the commit was rolled back"):
        lake.delete_rows(NOTES, "text = 'old'", 1)
    assert content(lake, NOTES) == [("a", "it's new"), ("b", "old"), ("c", "old")]
    lake.delete_rows(NOTES, "about = 'c'", 1)
    assert content(lake, NOTES) == [("a", "it's new"), ("b", "old")]
    lake.overwrite_rows(NOTES, [{"about": "d", "text": None}])
    assert content(lake, NOTES) == [("d", None)]


@pytest.mark.plan
def test_two_writers_lose_no_commit(lake: Lake, session: SparkSession) -> None:
    """The embedded engine fails one of two writers even where they replace different months; Spark may as well."""
    months = [JANUARY + i for i in range(4)]
    lake.replace_months(NUMBERS, numbers(session, *((0, month) for month in months)), dict.fromkeys(months, 1))
    failed: list[BaseException] = []

    def write(month: Month, number: int) -> None:
        try:
            lake.replace_months(NUMBERS, numbers(session, (number, month)), {month: 1})
        except BaseException as error:  # noqa: BLE001  (a thread's error must reach the test)
            failed.append(error)

    threads = [threading.Thread(target=write, args=(month, number)) for number, month in enumerate(months, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert content(lake, NUMBERS) == [(number, month.snapshot) for number, month in enumerate(months, 1)]


# --- a table of another version --------------------------------------------------------------------------------------


def an_older_table(lake: Lake) -> None:
    path = Path(lake.path(NOTES))
    path.mkdir(parents=True)
    write_deltalake(path, pa.table({"about": pa.array(["a"], pa.string())}))


@pytest.mark.plan
def test_a_table_that_lacks_columns_is_refused_until_it_is_upgraded(lake: Lake, session: SparkSession) -> None:
    an_older_table(lake)
    notes = session.createDataFrame([("b", "new")], "about string, text string")
    refusals = (
        lambda: lake.read(NOTES),
        lambda: lake.rows(NOTES),
        lambda: lake.append_rows(NOTES, [{"about": "b", "text": "new"}]),
        lambda: lake.replace_where(NOTES, notes, "about = 'b'", 1),
    )
    for refused in refusals:
        with pytest.raises(OutdatedTable, match=r"table notes .* lacks text: run 'santander maintain --upgrade'"):
            refused()
    assert lake.upgrade(NOTES) == ["text"]
    assert lake.upgrade(NOTES) == []
    lake.replace_where(NOTES, notes, "about = 'b'", 1)
    assert content(lake, NOTES) == [("a", None), ("b", "new")]
    assert sorted(tuple(row) for row in lake.read(NOTES).collect()) == [("a", None), ("b", "new")]


@pytest.mark.plan
def test_a_table_with_columns_of_its_own_is_refused_and_never_upgraded(lake: Lake) -> None:
    path = Path(lake.path(NOTES))
    path.mkdir(parents=True)
    write_deltalake(path, pa.table({"about": ["a"], "text": pa.array([1], pa.int64()), "mood": ["good"]}))
    for refused in (lambda: lake.rows(NOTES), lambda: lake.upgrade(NOTES)):
        with pytest.raises(ForeignTable, match="column text is bigint, declared is string, column mood is string, which is not"):
            refused()
    assert DeltaTable(path).version() == 0
