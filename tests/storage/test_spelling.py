"""Paths of any characters reach the libraries that read more into them than a name."""

import os
import re
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, QueryBuilder, write_deltalake

from santander.errors import SantanderError
from santander.lake.table_files import delete_out_of_use
from santander.storage.spelling import for_deltalake, for_engine, plain_path
from tests.awkward_names import AWKWARD_NAMES, NASTY


@pytest.fixture(autouse=True)
def folder_of_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The temporary folder that links are made in."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    return temporary / f"santander-{os.getuid()}"


def test_a_plain_path_stays_as_it_is(folder_of_links: Path, tmp_path: Path) -> None:
    assert plain_path(tmp_path / "bank-2.csv") == tmp_path / "bank-2.csv"
    assert not folder_of_links.exists()


def test_a_path_that_is_not_plain_has_one_link_which_leads_to_it(folder_of_links: Path, tmp_path: Path) -> None:
    folder = tmp_path / NASTY
    (folder / "lake").mkdir(parents=True)
    (folder / "lake" / "file").write_text("here")

    first, second = plain_path(folder / "lake" / "file"), plain_path(folder / "lake" / "not-there-yet")

    assert re.fullmatch(r"[A-Za-z0-9/._-]+", f"{first} {second}".replace(" ", ""))
    assert first.read_text() == "here"
    assert first.parent == second.parent
    assert len(list(folder_of_links.iterdir())) == 1


def test_what_others_could_write_to_holds_no_links(
    folder_of_links: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder_of_links.mkdir()
    folder_of_links.chmod(0o777)

    assert folder_of_links not in plain_path(tmp_path / "my bank").parents


def test_a_link_that_leads_elsewhere_is_named(folder_of_links: Path, tmp_path: Path) -> None:
    link = plain_path(tmp_path / "my bank")
    link.unlink()
    link.symlink_to("/elsewhere")

    with pytest.raises(SantanderError, match=f"{link} is to lead to .*my bank and leads elsewhere: remove it"):
        plain_path(tmp_path / "my bank")


@pytest.mark.parametrize("name", AWKWARD_NAMES)
def test_deltalake_makes_changes_and_reads_a_table_in_the_folder_that_was_meant(name: str, tmp_path: Path) -> None:
    table = tmp_path / name / "lake" / "customers"
    table.mkdir(parents=True)
    where, options = for_deltalake(table)
    rows = pa.table({"a": pa.array([1, 2], pa.int32())})

    DeltaTable.create(where, pa.schema([("a", pa.int32())]), storage_options=options)
    write_deltalake(DeltaTable(where, storage_options=options), rows, mode="append")
    write_deltalake(DeltaTable(where, storage_options=options), rows, mode="append")
    changed = DeltaTable(where, storage_options=options)
    changed.delete("a = 1")
    changed.optimize.compact()
    (table / "orphan.parquet").touch()
    assert "orphan.parquet" in delete_out_of_use(changed, table, retention_hours=0)

    read = DeltaTable(where, storage_options=options)
    assert read.to_pyarrow_table().column("a").to_pylist() == [2, 2]
    counted = QueryBuilder().register("t", read).execute("SELECT count(*) AS n FROM t").read_all()
    assert counted.column("n")[0].as_py() == 2
    assert {found.name for found in tmp_path.iterdir()} == {name, "temporary"}
    assert len(list(table.glob("*.parquet"))) == 1
    assert {found.suffix for found in table.iterdir()} == {"", ".parquet"}, "half-written files were left"


def test_a_commit_of_a_table_that_has_been_written_since_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "[2]" / "customers"
    table.mkdir(parents=True)
    where, options = for_deltalake(table)
    rows = pa.table({"a": pa.array([1], pa.int32())})
    write_deltalake(where, rows, storage_options=options)
    before = DeltaTable(where, storage_options=options)
    write_deltalake(DeltaTable(where, storage_options=options), rows, mode="overwrite")

    with pytest.raises(Exception, match=r"[Cc]onflict|Failed to commit|Transaction failed"):
        before.delete("a = 1")


@pytest.mark.parametrize("name", AWKWARD_NAMES)
def test_duckdb_reads_the_file_that_was_meant(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    folder.mkdir()
    pq.write_table(pa.table({"a": [7]}), folder / "part [1].parquet")

    found = duckdb.read_parquet(str(plain_path(folder / "part [1].parquet"))).fetchall()

    assert found == [(7,)]


def test_spark_whose_workers_see_no_links_is_given_the_path_itself() -> None:
    folder = Path("/data/my bank [2] {a,b}")

    assert for_engine(folder, embedded=False) == str(folder)
    assert for_engine(folder, embedded=True) != str(folder)
