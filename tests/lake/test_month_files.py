"""Files that tasks write and the driver commits: tests/ingest has what an ingest makes of them."""

import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from santander.lake import month_file_writer
from santander.lake.lake import Lake
from santander.lake.month_file_writer import MonthFileWriter
from santander.lake.month_files import MonthFile, below
from santander.lake.table_schema import RowCountMismatch
from santander.schema.catalogue import Table
from santander.schema.months import Month

JANUARY, FEBRUARY = Month(2015, 1), Month(2015, 2)
NAMES = Table(
    name="names",
    row="one name of one month",
    key=("customer_id", "snapshot_date"),
    columns=(("snapshot_date", "date"), ("customer_id", "bigint"), ("name", "string")),
)
Row = tuple[Month, int, str | None]


def batch(*rows: Row) -> pa.RecordBatch:
    months, ids, names = zip(*rows, strict=True)
    texts = pa.array(names, pa.string()).dictionary_encode()
    return pa.record_batch(
        {
            "snapshot_date": pa.array([m.snapshot for m in months], pa.date32()),
            "customer_id": pa.array(ids, pa.int64()),
            "name": texts,
        }
    )


def write_all(folder: Path, *batches: pa.RecordBatch) -> list[MonthFile]:
    with MonthFileWriter(NAMES, folder) as writer:
        for rows in batches:
            writer.write(rows)
        return writer.finish()


def written(folder: Path, *batches: Sequence[Row]) -> list[MonthFile]:
    return write_all(folder, *(batch(*rows) for rows in batches))


def content(lake: Lake) -> list[tuple[dt.date, int, str | None]]:
    rows = lake.delta(NAMES).to_pyarrow_table().to_pylist()
    return sorted((row["snapshot_date"], row["customer_id"], row["name"]) for row in rows)


@pytest.mark.parametrize("waiting", [1, 3, 1_000])
def test_months_that_are_mixed_come_apart_and_keep_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, waiting: int
) -> None:
    monkeypatch.setattr(month_file_writer, "ROWS_OF_A_GROUP", waiting)
    rows: list[Row] = [
        ([JANUARY, FEBRUARY][i % 2], 100 - i, None if i % 5 == 0 else f"name {i % 3} {i // 10}") for i in range(40)
    ]
    files = written(tmp_path, rows[:15], rows[15:16], rows[16:])
    assert [file.month for file in files] == ["2015-01", "2015-02"]
    for file in files:
        mine = [(number, name) for month, number, name in rows if str(month) == file.month]
        table = pq.read_table(below(tmp_path, file.name), partitioning=None)
        assert list(zip(*(column.to_pylist() for column in table.columns), strict=True)) == mine
        ids = [number for number, _ in mine]
        assert (file.rows, file.least_key, file.greatest_key) == (len(mine), min(ids), max(ids))
        assert file.size == below(tmp_path, file.name).stat().st_size
        assert pa.types.is_string(table.schema.field("name").type)


def test_rows_that_wait_are_bounded_also_in_a_file_of_many_months(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(month_file_writer, "MOST_WAITING", 10)
    with MonthFileWriter(NAMES, tmp_path) as writer:
        for number in range(50):
            writer.write(batch((JANUARY, number, "a"), (FEBRUARY, number, "b")))
            assert sum(each.num_rows for queue in writer._waiting.values() for each in queue) <= 10
        assert [file.rows for file in writer.finish()] == [50, 50]


def test_a_task_that_fails_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other_columns = pa.record_batch({"snapshot_date": pa.array([JANUARY.snapshot])})
    monkeypatch.setattr(month_file_writer, "ROWS_OF_A_GROUP", 1)
    with pytest.raises(KeyError):
        write_all(tmp_path, batch((JANUARY, 1, "a")), other_columns)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.plan
def test_a_commit_replaces_its_months_and_moves_the_files(lake: Lake, tmp_path: Path) -> None:
    first = written(tmp_path / "a", [(JANUARY, 1, "old"), (FEBRUARY, 2, "stays")])
    lake.replace_months_by_files(NAMES, first, tmp_path / "a", {JANUARY: 1, FEBRUARY: 1})
    before = lake.fingerprints(NAMES)
    second = [*written(tmp_path / "b", [(JANUARY, 3, "new")]), *written(tmp_path / "b", [(JANUARY, 4, None)])]
    lake.replace_months_by_files(NAMES, second, tmp_path / "b", {JANUARY: 2}, {"why": "a test"})
    assert content(lake) == [(JANUARY.snapshot, 3, "new"), (JANUARY.snapshot, 4, None), (FEBRUARY.snapshot, 2, "stays")]
    assert lake.rows_by_month(NAMES) == {JANUARY: 2, FEBRUARY: 1}
    after = lake.fingerprints(NAMES)
    assert (after[JANUARY] != before[JANUARY], after[FEBRUARY] == before[FEBRUARY]) == (True, True)
    assert json.loads(DeltaTable(lake.path(NAMES)).history(1)[0]["userMetadata"]) == {"why": "a test"}
    assert not [path for path in tmp_path.glob("[ab]/**/*") if path.is_file()]


@pytest.mark.plan
def test_files_with_other_rows_than_meant_are_rolled_back(lake: Lake, tmp_path: Path) -> None:
    lake.replace_months_by_files(NAMES, written(tmp_path / "a", [(JANUARY, 1, "old")]), tmp_path / "a", {JANUARY: 1})
    wrong = written(tmp_path / "b", [(JANUARY, 2, "new"), (JANUARY, 3, "new")])
    with pytest.raises(RowCountMismatch, match="2015-01: 3 rows were meant, 2 written; the commit was rolled back"):
        lake.replace_months_by_files(NAMES, wrong, tmp_path / "b", {JANUARY: 3})
    assert content(lake) == [(JANUARY.snapshot, 1, "old")]


@pytest.mark.plan
def test_the_engine_reads_what_was_committed_and_may_replace_it(lake: Lake, tmp_path: Path) -> None:
    files = written(tmp_path / "a", [(JANUARY, 1, "a"), (JANUARY, 2, None), (FEBRUARY, 3, "b")])
    lake.replace_months_by_files(NAMES, files, tmp_path / "a", {JANUARY: 2, FEBRUARY: 1})
    rows = lake.read_months(NAMES, [JANUARY])
    assert sorted((row["customer_id"], row["name"] or "") for row in rows.collect()) == [(1, "a"), (2, "")]
    lake.replace_months(NAMES, lake.read_months(NAMES, [JANUARY]).where("customer_id = 2"), {JANUARY: 1})
    assert content(lake) == [(JANUARY.snapshot, 2, None), (FEBRUARY.snapshot, 3, "b")]
