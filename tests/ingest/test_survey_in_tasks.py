"""Files surveyed by tasks: as one process surveys them, wherever a range of bytes happens to be cut."""

import gzip
import os
from pathlib import Path

import pytest

from santander.ingest.file_kind import LandingFileRefused
from santander.ingest.landing import LandingFile, read_chunk, survey, survey_all
from santander.ingest.survey_in_tasks import survey_in_tasks
from santander.lake.lake import Lake
from santander.storage.bucket import Access, BucketPath, upload
from tests.landing_files import landing_file, record
from tests.s3_server import s3_server

pytestmark = pytest.mark.plan


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """One file with lines of all lengths, Windows line ends and no end of the last line; one packed."""
    plain = landing_file(tmp_path / "plain.csv", [record(number, "2015-01") for number in range(1, 40)])
    content = plain.read_bytes().replace(b"\n", b"\r\n", 7) + b"\n\n" + "\u00c1vila".encode() * 60 + b"\nx"
    plain.write_bytes(content)
    packed = tmp_path / "packed.csv.gz"
    packed.write_bytes(gzip.compress(landing_file(tmp_path / "b.csv", [record(9, "2015-02")]).read_bytes()))
    return [plain, packed]


def lines_of(file: LandingFile) -> list[tuple[int, bytes]]:
    """Each line by its number, as those who parse the chunks know it."""
    return [
        (chunk.first_line + place, line)
        for chunk in file.chunks
        for place, line in enumerate(read_chunk(file.path, chunk).removesuffix(b"\n").split(b"\n"))
    ]


def told(file: LandingFile) -> tuple[object, ...]:
    return file.path.read_bytes() if isinstance(file.path, Path) else b"", file.name, file.sha256, file.columns, file.lines


@pytest.mark.parametrize("chunk_bytes", [1, 97, 1 << 20])
def test_they_are_surveyed_as_in_one_process(lake: Lake, files: list[Path], tmp_path: Path, chunk_bytes: int) -> None:
    files = files if chunk_bytes > 1 else files[1:]
    alone = survey_all(files, 1 << 20, tmp_path / "alone")
    found = survey_in_tasks(lake, files, chunk_bytes, tmp_path / "scratch")
    assert [told(file) for file in found] == [told(file) for file in alone]
    assert [lines_of(file) for file in found] == [lines_of(file) for file in alone]
    assert all(file.state is not None for file in found)


def test_files_in_a_bucket_are_surveyed_as_in_a_folder(
    lake: Lake, files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with s3_server(tmp_path / "s3") as server:
        server.reach(monkeypatch)
        server.make_bucket("landing")
        there = [BucketPath("landing", file.name, Access.of(os.environ)) for file in files]
        for file, place in zip(files, there, strict=True):
            upload(file, place)
        found = survey_in_tasks(lake, there, 97, tmp_path / "scratch")
        in_folder = survey_in_tasks(lake, files, 97, tmp_path / "scratch")
        assert [(file.sha256, file.lines, file.chunks) for file in found] == [
            (file.sha256, file.lines, file.chunks) for file in in_folder
        ]
        assert [lines_of(file) for file in found] == [lines_of(file) for file in in_folder]


def test_what_one_process_refuses_is_refused_with_the_same_words(lake: Lake, files: list[Path], tmp_path: Path) -> None:
    content = files[0].read_bytes()
    files[0].write_bytes(content[:3_000] + b"\xff" + content[3_000:])
    files[1].write_bytes(files[1].read_bytes()[:-9])
    for file in files:
        with pytest.raises(LandingFileRefused) as alone:
            survey(file, 1 << 20, tmp_path / "alone")
        with pytest.raises(LandingFileRefused) as found:
            survey_in_tasks(lake, [file], 500, tmp_path / "scratch")
        assert str(found.value) == str(alone.value)
        assert (found.value.line, found.value.hint) == (alone.value.line, alone.value.hint)


def test_two_of_the_same_content_are_refused(lake: Lake, files: list[Path], tmp_path: Path) -> None:
    (tmp_path / "copy.csv").write_bytes(files[0].read_bytes())
    with pytest.raises(LandingFileRefused, match=r"copy\.csv: has the same content as .*plain\.csv"):
        survey_in_tasks(lake, [files[0], tmp_path / "copy.csv"], 1 << 20, tmp_path / "scratch")
