"""Addresses of files come out as the files they were made of, and the libraries open those very files."""

import sqlite3
import unicodedata
from contextlib import closing
from pathlib import Path

import pytest

from santander.storage.spelling import file_address, path_of_file, path_of_sqlite, read_only_sqlite, sqlite_address
from tests.awkward_names import AWKWARD_NAMES


@pytest.mark.parametrize("name", AWKWARD_NAMES)
def test_an_address_names_the_file_it_was_made_of(name: str, tmp_path: Path):
    file = tmp_path / name / "some.db"
    file.parent.mkdir()
    file.touch()

    assert path_of_file(file_address(file)) == file
    found = path_of_sqlite(sqlite_address(file))
    assert found is not None
    assert found.samefile(file)


@pytest.mark.parametrize("name", AWKWARD_NAMES)
def test_the_libraries_open_the_file_that_was_meant(name: str, tmp_path: Path):
    from mlflow.store.db.utils import _make_parent_dirs_if_sqlite
    from mlflow.utils.file_utils import local_file_uri_to_path
    from sqlalchemy import create_engine, text

    folder = tmp_path / name
    folder.mkdir()
    _make_parent_dirs_if_sqlite(sqlite_address(folder / "some.db"))  # as MLflow does before it opens its own
    with create_engine(sqlite_address(folder / "some.db")).begin() as opened:
        opened.execute(text("CREATE TABLE t AS SELECT 7 AS a"))

    assert [file.name for file in folder.iterdir()] == ["some.db"]
    assert [found.name for found in tmp_path.iterdir()] == [folder.name]
    with closing(sqlite3.connect(read_only_sqlite(folder / "some.db"), uri=True)) as opened:
        assert opened.execute("SELECT a FROM t").fetchall() == [(7,)]
    assert Path(local_file_uri_to_path(file_address(folder))) == folder


def test_names_that_differ_in_their_normal_form_alone_stay_apart(tmp_path: Path):
    composed, decomposed = (tmp_path / unicodedata.normalize(form, "José") for form in ("NFC", "NFD"))

    assert file_address(composed) != file_address(decomposed)
    assert path_of_file(file_address(decomposed)) == decomposed


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:5000", "s3://bucket/key", "mlflow-artifacts:/1", "file://host/folder", "/plain/path", ""]
)
def test_what_is_no_local_file_has_no_path(address: str):
    assert path_of_file(address) is None
    assert path_of_sqlite(address) is None


def test_an_address_with_options_is_left_to_who_understands_them():
    assert path_of_sqlite("sqlite:////tmp/some.db?timeout=3") is None
    assert path_of_sqlite("postgresql://user@host/db") is None


def test_a_relative_address_counts_from_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)

    assert path_of_sqlite("sqlite:///runs.db") == tmp_path / "runs.db"
