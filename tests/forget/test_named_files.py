"""A landing file that is called by an id: what is on record of it tells nobody, and what compares names goes on working."""

import logging
import shlex
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from santander.audit.landing_copy import ready_copy
from santander.config.settings import Settings
from santander.forget.forget import forget
from santander.forget.hiding import without_ids
from santander.forget.landing import find_landing_files
from santander.forget.search import search
from santander.ingest.ingestion import ingest
from santander.lake.ingestions import read_ingestions
from santander.lake.lake import Lake
from santander.pipeline.landing_choice import landing_files
from santander.storage.places import is_name_of, recorded_place
from santander.suppression.spellings import sorted_ids
from tests.landing_files import landing_file, record

GONE = 1375586
IDS = sorted_ids([GONE])


@pytest.mark.parametrize(
    ("name", "hidden"),
    [
        ("raw/c1375586_2015-01.csv", "raw/cxxxxxxx_2015-01.csv"),
        ("1,375,586.csv", "x,xxx,xxx.csv"),
        ("2015-01.csv", "2015-01.csv"),
        ("١٣٧٥٥٨٦.csv", "xxxxxxx.csv"),
    ],
)
def test_the_digits_that_tell_a_person_are_hidden_and_the_name_is_known_again(name: str, hidden: str) -> None:
    assert without_ids(name, IDS) == hidden
    assert is_name_of(hidden, name)
    assert is_name_of(hidden, hidden)
    assert not is_name_of("raw/c1375587_2015-01.csv", name)


def test_forget_ends_although_a_landing_file_is_called_by_the_id(
    tmp_path: Path, session: SparkSession, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings.load(data_dir=str(tmp_path / "data"), ingest={"max_quarantine_share": 1.0})
    raw = Path(settings.data_dir) / "raw"
    raw.mkdir(parents=True)
    file = landing_file(raw / f"customer {GONE}.csv", [record(GONE), record(15889), record(15890, age="200")])
    lake = Lake(settings, session)
    ingest(settings, lake, [file])
    first = forget(settings, [GONE], [])
    (left,) = first.traces
    assert (left.file, left.where) == (str(file), "its name")
    assert [trace for trace in search(settings, IDS).traces if trace.file != str(file)] == []
    assert not (settings.state / "erasure.json").exists()

    # before the file is renamed
    assert recorded_place(next(row.file for row in read_ingestions(lake))) == file
    assert find_landing_files(settings, lake, IDS, []).gone == []
    assert_known(settings, lake, file, caplog)

    # after it
    move, old, new = shlex.split(left.remedy.removeprefix("rename it by: "))
    assert move == "mv"
    Path(old).rename(new)
    assert forget(settings, [GONE], []).complete
    assert_known(settings, lake, Path(new), caplog)


def assert_known(settings: Settings, lake: Lake, file: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The file counts as taken in, and the audit finds it."""
    row = next(iter(read_ingestions(lake)))
    assert ready_copy(row.file, row.file_sha256, file.parent, settings.state) is not None
    caplog.clear()
    with caplog.at_level(logging.INFO):
        landing_files(settings, lake)
    assert "not taken" not in caplog.text


def test_a_file_that_was_renamed_is_not_called_gone(settings: Settings, session: SparkSession) -> None:
    raw = Path(settings.data_dir) / "raw"
    raw.mkdir(parents=True)
    file = landing_file(raw / "january.csv", [record(GONE), record(15889)])
    lake = Lake(settings, session)
    ingest(settings, lake, [file])
    renamed = file.rename(raw / "of-january.csv")
    assert find_landing_files(settings, lake, IDS, []).gone == []
    renamed.unlink()
    assert find_landing_files(settings, lake, IDS, []).gone != []
