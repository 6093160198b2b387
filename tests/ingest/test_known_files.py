"""A landing file is read again whenever it can be another than the one that was read."""

import gzip
import hashlib
import json
import os
import time
from pathlib import Path

import pytest

from santander.ingest import known_files
from santander.ingest.file_kind import LandingFileRefused
from santander.ingest.known_files import SETTLED_SECONDS, KnownFiles

LONG_AGO = 1_600_000_000.0


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state" / "landing_files.json"


@pytest.fixture(autouse=True)
def _later(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock is beyond the times of every file that a test writes: no test waits for it."""
    now = time.time_ns()
    monkeypatch.setattr(known_files.time, "time_ns", lambda: now + int(60 * 1e9))  # type: ignore[attr-defined]


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that were read."""
    files: list[Path] = []
    of_content = known_files.sha256_of  # type: ignore[attr-defined]

    def counted(path: Path) -> str:
        files.append(path)
        return of_content(path)

    monkeypatch.setattr(known_files, "sha256_of", counted)
    return files


def written(file: Path, content: str = "one") -> Path:
    file.write_text(content)
    return file


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_a_file_is_read_once_by_all_runs(tmp_path: Path, state: Path, read: list[Path]) -> None:
    file = written(tmp_path / "a.csv")
    assert [KnownFiles(state).sha256(file) for _ in range(3)] == [sha256("one")] * 3
    assert read == [file]


def test_other_content_is_seen_though_size_and_modification_time_are_the_same(
    tmp_path: Path, state: Path, read: list[Path]
) -> None:
    file = written(tmp_path / "a.csv")
    os.utime(file, (LONG_AGO, LONG_AGO))
    KnownFiles(state).sha256(file)
    written(file, "two")
    os.utime(file, (LONG_AGO, LONG_AGO))  # what changed it leaves its trace in the time of the inode all the same
    assert KnownFiles(state).sha256(file) == sha256("two")
    assert read == [file, file]


def test_another_file_in_its_place_is_read(tmp_path: Path, state: Path, read: list[Path]) -> None:
    file, other = written(tmp_path / "a.csv"), written(tmp_path / "b.csv", "two")
    KnownFiles(state).sha256(file)
    other.replace(file)
    assert KnownFiles(state).sha256(file) == sha256("two")
    assert len(read) == 2


def test_a_file_that_was_changed_just_now_is_not_remembered(
    tmp_path: Path, state: Path, read: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(tmp_path / "a.csv")
    changed = file.stat().st_ctime_ns
    monkeypatch.setattr(known_files.time, "time_ns", lambda: changed + int(SETTLED_SECONDS * 1e9))  # type: ignore[attr-defined]  # not a moment more
    assert [KnownFiles(state).sha256(file) for _ in range(2)] == [sha256("one")] * 2
    assert read == [file, file]
    monkeypatch.setattr(known_files.time, "time_ns", lambda: changed + int(SETTLED_SECONDS * 1e9) + 1)  # type: ignore[attr-defined]
    assert [KnownFiles(state).sha256(file) for _ in range(2)] == [sha256("one")] * 2
    assert len(read) == 3


def test_a_file_that_changes_while_it_is_read_is_not_remembered(
    tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(tmp_path / "a.csv")
    of_content = known_files.sha256_of  # type: ignore[attr-defined]

    def read_and_changed(path: Path) -> str:
        found = of_content(path)
        written(path, "longer")
        return found

    monkeypatch.setattr(known_files, "sha256_of", read_and_changed)
    assert KnownFiles(state).sha256(file) == sha256("one")
    monkeypatch.undo()
    assert KnownFiles(state).sha256(file) == sha256("longer")


def test_a_packed_file_has_the_fingerprint_of_its_plain_bytes(tmp_path: Path, state: Path) -> None:
    file = tmp_path / "a.csv.gz"
    file.write_bytes(gzip.compress(b"one"))
    assert [KnownFiles(state).sha256(file) for _ in range(2)] == [sha256("one")] * 2


@pytest.mark.parametrize("content", ["", "no json", "[1, 2]", '{"x": 1'])
def test_a_memory_that_cannot_be_read_is_begun_anew(tmp_path: Path, state: Path, read: list[Path], content: str) -> None:
    state.parent.mkdir()
    state.write_text(content)
    file = written(tmp_path / "a.csv")
    assert [KnownFiles(state).sha256(file) for _ in range(2)] == [sha256("one")] * 2
    assert read == [file]


def test_no_path_and_no_number_is_kept_that_could_be_taken_for_a_customer(tmp_path: Path, state: Path) -> None:
    KnownFiles(state).sha256(written(tmp_path / "15889.csv"))
    kept = json.loads(state.read_text())
    assert all(len(text) == 64 for pair in kept.items() for text in pair)


def test_a_file_that_is_not_there_is_named(tmp_path: Path, state: Path) -> None:
    with pytest.raises(LandingFileRefused, match="there is no file"):
        KnownFiles(state).sha256(tmp_path / "a.csv")
    assert not state.exists()
