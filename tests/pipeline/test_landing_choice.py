"""What `run` takes when no file is named: never a bank where there is a file or a table, and no file left out in silence."""

import logging
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from santander.config.settings import Settings
from santander.errors import InputError
from santander.lake.lake import Lake
from santander.pipeline.landing_choice import landing_files
from santander.pipeline.steps import Steps
from santander.schema.catalogue import SUPPRESSIONS
from tests.landing_files import landing_file, record
from tests.own_families import ACTIVITY


@pytest.fixture
def raw(settings: Settings) -> Path:
    folder = Path(settings.data_dir) / "raw"
    folder.mkdir(parents=True)
    return folder


def choice(settings: Settings) -> list[str] | None:
    found = landing_files(settings, Lake(settings))
    return None if found is None else [file.name for file in found]


def test_a_bank_is_made_only_where_there_is_neither_a_file_nor_a_table(settings: Settings, raw: Path) -> None:
    assert choice(settings) is None
    (raw / ".DS_Store").write_text("")
    assert choice(settings) is None
    Lake(settings).append_rows(SUPPRESSIONS, [])
    assert choice(settings) == []
    (raw / "test_ver2.csv").write_text("")
    assert choice(settings) == ["test_ver2.csv"]


def test_the_table_of_a_family_is_a_table_too(settings: Settings) -> None:
    Lake(settings).append_rows(ACTIVITY.table, [])
    assert choice(settings) == []


@pytest.mark.parametrize(
    ("names", "complaint"),
    [
        (["july.csv"], "name the files to take: 'santander run {raw}/july.csv --data-dir {data}'"),
        (["train_ver2.csv.gz"], "name the files to take: 'santander run {raw}/train_ver2.csv.gz --data-dir {data}'"),
        (["train_ver2.csv.zip"], "unpack what is zipped and name the files to take: 'santander run {raw}/FILE.csv"),
        (["2015/january.csv"], "holds 2015 and neither train_ver2.csv nor test_ver2.csv"),
        (["monthly/2015-01.csv"], "holds monthly and neither train_ver2.csv nor test_ver2.csv"),
        ([f"{i}.csv" for i in range(6)], "holds 0.csv, 1.csv, 2.csv, 3.csv and 2 more"),
    ],
)
def test_files_of_other_names_alone_are_named_with_the_remedy(
    settings: Settings, raw: Path, names: list[str], complaint: str
) -> None:
    for name in names:
        (raw / name).parent.mkdir(exist_ok=True)
        (raw / name).write_text("")
    with pytest.raises(InputError) as refused:
        choice(settings)
    assert complaint.format(raw=raw, data=settings.data_dir) in str(refused.value)


def test_what_a_bank_left_beside_its_deleted_files_is_no_file_of_the_user(settings: Settings, raw: Path) -> None:
    (raw / "oracle.json").write_text("{}")
    (raw / "propensity").mkdir()
    assert choice(settings) is None


def test_files_of_other_names_are_said_to_be_left_out_where_there_is_something_to_work_on(
    settings: Settings, raw: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("train_ver2.csv", "july.csv", "notes.txt"):
        (raw / name).write_text("")
    with caplog.at_level(logging.WARNING):
        assert choice(settings) == ["train_ver2.csv"]
    assert [line for line in caplog.messages if "july.csv not taken" in line and "notes.txt" not in line]


def test_a_file_that_was_named_by_a_relative_path_counts_as_taken(
    settings: Settings, session: SparkSession, raw: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    landing_file(raw / "july.csv", [record(1, "2016-07")])
    monkeypatch.chdir(raw.parent)
    Steps(settings, session).ingest([Path("raw") / "july.csv"])
    assert choice(settings) == []
    assert not [line for line in caplog.messages if "not taken" in line]
