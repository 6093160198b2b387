"""Landing files that change while they are read, and what is no file: nothing of them is taken in."""

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from santander.errors import InputError
from santander.ingest import ingestion, landing, replay
from santander.ingest.file_kind import LandingFileRefused
from santander.ingest.landing import LandingFile, refuse_changed, survey
from santander.lake.lake import Lake
from santander.pipeline.steps import Steps
from santander.schema.catalogue import CUSTOMERS, QUARANTINE
from tests.landing_files import landing_file, record

pytestmark = pytest.mark.embedded

LINES = [record(n, "2015-06") for n in range(1, 9)]


def grow(file: Path) -> None:
    with file.open("a") as out:
        out.write(record(9, "2015-06") + "\n")


def change_a_byte(file: Path) -> None:
    """Of the same size, and with the time it had."""
    before = file.stat()
    file.write_bytes(file.read_bytes().replace(b"1375586", b"1375587").replace(b"MALAGA", b"MADRID"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def replace_it(file: Path) -> None:
    landing_file(file.with_name("other"), LINES[:5]).rename(file)


CHANGES: dict[str, Callable[[Path], None]] = {
    "grows": grow,
    "changes a byte": change_a_byte,
    "is replaced": replace_it,
    "is cut": lambda file: os.truncate(file, 1500),
    "goes": lambda file: file.unlink(),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("when", ["while tasks read", "after they have read"])
def test_a_file_that_changes_is_not_taken_half(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str, when: str
) -> None:
    file = landing_file(tmp_path / "june.csv", LINES)
    reading, judging = ingestion.stage_files, ingestion.count_lines  # type: ignore[attr-defined]

    def stage(settings: Any, lake: Lake, files: Sequence[LandingFile], folder: Any) -> Any:
        CHANGES[change](file)
        return reading(settings, lake, files, folder)

    def count(*given: Any) -> Any:
        CHANGES[change](file)
        return judging(*given)

    monkeypatch.setattr(ingestion, *(("stage_files", stage) if when == "while tasks read" else ("count_lines", count)))
    with pytest.raises(LandingFileRefused, match=re.escape(f"{file}: it changed while it was read; nothing was taken in")):
        Steps(lake._settings, lake.session).ingest([file])
    assert not lake.exists(CUSTOMERS)
    assert not lake.exists(QUARANTINE)


def test_a_file_that_changes_during_the_survey_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = landing_file(tmp_path / "june.csv", LINES)
    looked = landing.read_header  # type: ignore[attr-defined]

    def look(*given: Any, **named: Any) -> Any:
        grow(file)
        return looked(*given, **named)

    monkeypatch.setattr(landing, "read_header", look)
    with pytest.raises(LandingFileRefused, match="it changed while it was read"):
        survey(file, 1 << 20, tmp_path)


def test_a_file_that_was_only_touched_is_the_same(tmp_path: Path) -> None:
    file = landing_file(tmp_path / "june.csv", LINES)
    surveyed = survey(file, 1 << 20, tmp_path)
    os.utime(file, (0, 0))
    refuse_changed([surveyed])


def test_corrections_that_change_are_not_merged(lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Steps(lake._settings, lake.session).ingest([landing_file(tmp_path / "june.csv", LINES)])
    corrections = landing_file(tmp_path / "corrections.csv", [record(77, "2015-06")])
    counting = replay.count_lines  # type: ignore[attr-defined]

    def count(*given: Any) -> Any:
        grow(corrections)
        return counting(*given)

    monkeypatch.setattr(replay, "count_lines", count)
    before = lake.version(CUSTOMERS)
    with pytest.raises(LandingFileRefused, match="it changed while it was read"):
        replay.replay(lake._settings, lake, [corrections])
    assert lake.version(CUSTOMERS) == before


def pipe(path: Path) -> Path:
    os.mkfifo(path)
    return path


def link(path: Path) -> Path:
    path.symlink_to(path.with_name("nowhere"))
    return path


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (pipe, "is a pipe, which can be read only once"),
        (link, "is a link to .*nowhere, which is not there"),
        (lambda path: path, "there is no file"),
        (lambda path: path.parent, "is a folder"),
        (lambda _: Path("/dev/zero"), "is a device, not a file: write it to a file first and name that"),
    ],
)
def test_what_is_no_file_is_called_what_it_is_and_not_opened(tmp_path: Path, make: Callable[[Path], Path], said: str) -> None:
    named = make(tmp_path / "named")
    for read in (lambda: survey(named, 1 << 20, tmp_path), lambda: landing.sha256_of(named)):
        with pytest.raises(InputError, match=said):
            read()


def test_a_process_substitution_is_a_pipe(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    with pytest.raises(LandingFileRefused, match=f"/dev/fd/{reading} is a pipe"):
        survey(Path(f"/dev/fd/{reading}"), 1 << 20, tmp_path)
    os.close(reading)
    os.close(writing)


def test_a_file_by_the_name_that_only_this_process_has_for_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "june.csv").touch()
    with (tmp_path / "june.csv").open() as opened, pytest.raises(LandingFileRefused, match="name the file itself"):
        survey(Path(f"/dev/fd/{opened.fileno()}"), 1 << 20, tmp_path)
