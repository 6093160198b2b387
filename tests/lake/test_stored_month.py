from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from santander.lake import stored_month
from santander.lake.stored_month import RowGroup, StoredMonth, pieces
from santander.schema.catalogue import CUSTOMERS

COLUMNS = ("customer_id", "channel", "age")


@pytest.fixture
def files(tmp_path: Path) -> StoredMonth:
    """Nine rows in two files of unlike writers: row groups of two and of three rows, texts of two types."""
    places = []
    for name, ids, text, group in (("a", range(5), pa.string(), 2), ("b", range(5, 9), pa.large_string(), 3)):
        columns = {
            "age": pa.array([20 + i for i in ids], pa.int16()),
            "channel": pa.array([None if i == 4 else f"C{i % 2}" for i in ids], text),
            "customer_id": pa.array(ids, pa.int64()),
            "holdings": pa.array(ids, pa.int32()),
        }
        places.append(tmp_path / name)
        pq.write_table(pa.table(columns), places[-1], row_group_size=group)
    return StoredMonth(CUSTOMERS, tuple(places))


def rows_of(groups: list[RowGroup]) -> pa.Table:
    return pa.concat_tables(pieces(groups, COLUMNS))


def test_all_rows_are_read_in_order_each_column_in_one_piece(files: StoredMonth) -> None:
    [rows] = pieces(files.row_groups(), COLUMNS)
    assert rows.column_names == list(COLUMNS)
    assert rows["customer_id"].to_pylist() == list(range(9))
    assert rows["channel"].to_pylist() == ["C0", "C1", "C0", "C1", None, "C1", "C0", "C1", "C0"]
    assert {rows[name].num_chunks for name in COLUMNS} == {1}
    assert pa.types.is_dictionary(rows["channel"].type)


@pytest.mark.parametrize("at_most", [1, 2, 4, 100])
def test_pieces_are_the_same_rows(files: StoredMonth, monkeypatch: pytest.MonkeyPatch, at_most: int) -> None:
    whole = rows_of(files.row_groups()).to_pylist()
    monkeypatch.setattr(stored_month, "ROWS_OF_A_PIECE", at_most)
    found = list(pieces(files.row_groups(), COLUMNS))
    assert max(piece.num_rows for piece in found) <= at_most
    assert pa.concat_tables(found).to_pylist() == whole


@pytest.mark.parametrize("n", [1, 2, 3, 9])
def test_stretches_are_the_same_rows_about_as_many_each(files: StoredMonth, n: int) -> None:
    stretches = files.stretches(n)
    rows = [row for groups in stretches for row in rows_of(groups).to_pylist()]
    assert rows == rows_of(files.row_groups()).to_pylist()
    assert [sum(group.rows for group in groups) for groups in stretches] == {1: [9], 2: [4, 5], 3: [2, 3, 4]}.get(
        n, [2, 2, 1, 3, 1]
    )


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="gone"):
        StoredMonth(CUSTOMERS, (tmp_path / "gone",)).row_groups()


def test_a_column_is_read_alone_in_the_order_of_the_rows(files: StoredMonth) -> None:
    assert files.column("customer_id").to_pylist() == list(range(9))
    channel = files.column("channel")
    assert pa.types.is_dictionary(channel.type)
    assert channel.to_pylist() == ["C0", "C1", "C0", "C1", None, "C1", "C0", "C1", "C0"]
    assert len(StoredMonth(CUSTOMERS, ()).column("age")) == 0
