"""Folders that were moved, copied, linked or shared: what names their former place follows, and nobody else's is touched.

Real MLflow on SQLite and real Delta tables; each test has a folder of its own.
"""

import datetime as dt
import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from santander.config.settings import Settings
from santander.forget.models import remove_examples
from santander.lake.lake import Lake
from santander.registry.champion import Standing, champion, standing
from santander.registry.orders import roll_back
from santander.registry.promotion import register_candidate
from santander.registry.tracking import open_tracking
from santander.registry.versions import champion_number, stored_model
from santander.relocation.moves import recorded_names
from santander.relocation.settle import CannotSettle, remember, settle
from santander.schema.catalogue import INGESTIONS
from santander.schema.months import Month
from santander.storage.spelling import sqlite_address
from tests.registry.two_holders import recipe, report_for

SANTANDER = str(Path(sys.executable).with_name("santander"))
OUTSIDE = "/landing/june.csv"


def of(data: Path, state: Path | None = None) -> Settings:
    return Settings.load(data_dir=str(data), state_dir=None if state is None else str(state))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a champion, the baseline before it, and two landing files, one of them its own."""
    settings = of(tmp_path_factory.mktemp("made") / "bank")
    lake = Lake(settings)
    register_candidate(settings, lake, report_for(Month(2016, 5), recipe()))
    row = {"ingestion_id": "1", "file_sha256": "f", "month": "2016-05", "ingested_at": dt.datetime.now(dt.UTC)}
    lake.append_rows(INGESTIONS, [{**row, "file": str(settings.data / "raw" / "may.csv")}, {**row, "file": OUTSIDE}])
    remember(settings)
    return Path(settings.data_dir)


@pytest.fixture
def bank(made: Path, tmp_path: Path) -> Path:
    """A copy of it that is settled, which the test may move."""
    shutil.copytree(made, tmp_path / "bank")
    settle(of(tmp_path / "bank"))
    return tmp_path / "bank"


def texts(settings: Settings) -> Iterator[str]:
    """Every text that the registry, the descriptions of its models and the tables hold."""
    with closing(sqlite3.connect(settings.state / "mlflow.db")) as registry:
        for (table,) in registry.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in registry.execute(f"SELECT * FROM {table}"):  # noqa: S608
                yield from (text for text in row if isinstance(text, str))
    yield from (file.read_text() for file in settings.state.rglob("MLmodel"))
    yield from (row["file"] for row in Lake(settings).rows(INGESTIONS))


def points_to(settings: Settings, folder: Path) -> list[str]:
    return [text for text in texts(settings) if f"{folder}/" in text]


def files(settings: Settings) -> list[str]:
    return sorted(row["file"] for row in Lake(settings).rows(INGESTIONS))


def snapshot(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_moved_folder_works_and_says_once_that_it_was_moved(bank: Path, caplog: pytest.LogCaptureFixture) -> None:
    there = bank.rename(bank.with_name("my bank ü 50% #1"))
    settings = of(there)
    with caplog.at_level("INFO", logger="santander"):
        settle(settings)
        settle(settings)
    (said,) = [record.getMessage() for record in caplog.records if record.levelname == "INFO"]
    assert said == f"{there} was moved from {bank}: paths recorded in it now name this place"
    assert not points_to(settings, bank)
    assert files(settings) == [OUTSIDE, str(there / "raw" / "may.csv")]
    assert (champion(settings).number, standing(settings)) == (2, Standing(2))
    assert roll_back(settings, Lake(settings)).champion == 1


def test_a_copy_touches_nothing_of_its_original(bank: Path, tmp_path: Path) -> None:
    settings = of(Path(shutil.copytree(bank, tmp_path / "copy")))
    before = snapshot(bank)
    settle(settings)
    assert not points_to(settings, bank)
    removed, left = remove_examples(settings)
    assert len(removed) == 4
    assert not left
    assert snapshot(bank) == before
    again = of(Path(shutil.copytree(tmp_path / "copy", tmp_path / "copy of copy")))
    settle(again)
    assert not points_to(again, bank) + points_to(again, tmp_path / "copy")


def test_a_folder_of_an_earlier_release_is_known_by_what_mlflow_keeps(bank: Path, tmp_path: Path) -> None:
    for record in (bank / "place.json", bank / "state" / "place.json"):
        record.unlink()
    settings = of(Path(shutil.copytree(bank, tmp_path / "copy")))
    settle(settings)
    assert not points_to(settings, bank)
    assert files(settings) == [OUTSIDE, str(tmp_path / "copy" / "raw" / "may.csv")]
    assert recorded_names(settings.state) == [tmp_path / "copy" / "state"]


def test_the_registry_of_another_state_folder_is_not_taken_for_a_former_self(bank: Path, tmp_path: Path) -> None:
    other = of(tmp_path / "other")
    other.state.mkdir(parents=True)
    shutil.copy(bank / "state" / "mlflow.db", other.state / "mlflow.db")  # its runs keep their files in the bank
    before = snapshot(other.state)
    settle(other)
    remember(other)
    assert {path: content for path, content in snapshot(other.state).items() if path.name != "place.json"} == before


def test_a_link_or_dots_are_no_move_and_a_link_that_leads_elsewhere_is(bank: Path, tmp_path: Path) -> None:
    link = tmp_path / "current"
    link.symlink_to(bank)
    before = (bank / "state" / "mlflow.db").read_bytes()
    for named in (link, tmp_path / "nowhere" / ".." / "bank"):
        settle(of(named))
        remember(of(named))
    assert (bank / "state" / "mlflow.db").read_bytes() == before
    assert recorded_names(bank) == [bank, link]
    client, name = open_tracking(of(link)), "made through the link"
    client.create_experiment(name, artifact_location=(link / "state" / "mlartifacts").as_uri())
    link.unlink()
    (tmp_path / "next").mkdir()
    link.symlink_to(tmp_path / "next")
    settle(of(bank))
    assert not points_to(of(bank), link)
    assert recorded_names(bank) == [bank]


def test_a_state_folder_and_a_data_folder_move_each_by_itself(bank: Path, tmp_path: Path) -> None:
    state = (bank / "state").rename(tmp_path / "state")
    settle(of(bank, state))
    assert standing(of(bank, state)) == Standing(2)
    assert files(of(bank, state)) == [OUTSIDE, str(bank / "raw" / "may.csv")]
    before = (state / "mlflow.db").read_bytes()
    data = bank.rename(tmp_path / "data")
    settle(of(data, state))
    assert files(of(data, state)) == [OUTSIDE, str(data / "raw" / "may.csv")]
    assert (state / "mlflow.db").read_bytes() == before


def test_a_registry_that_the_settings_name_elsewhere_is_never_touched(bank: Path, tmp_path: Path) -> None:
    shared = tmp_path / "shared.db"
    shutil.copy(bank / "state" / "mlflow.db", shared)
    before = shared.read_bytes()
    settings = of(Path(shutil.copytree(bank, tmp_path / "copy")))
    address = settings.mlflow.model_copy(update={"tracking_uri": sqlite_address(shared)})
    settle(settings.model_copy(update={"mlflow": address}))
    assert shared.read_bytes() == before


def test_a_copy_inside_of_its_original_is_settled_also_when_it_is_done_twice(bank: Path) -> None:
    shutil.copytree(bank, bank.parent / "first")
    inside = (bank.parent / "first").rename(bank / "first")
    settings, record = of(inside), (inside / "place.json").read_text()
    settle(settings)
    once = sorted(text for text in texts(settings) if str(inside) in text)
    for place in (inside / "place.json", inside / "state" / "place.json"):  # as if it had died before it noted the places
        place.write_text(record if place.parent == inside else record.replace('bank"', 'bank/state"'))
    settle(settings)
    assert sorted(text for text in texts(settings) if str(inside) in text) == once
    assert files(settings) == [OUTSIDE, str(inside / "raw" / "may.csv")]
    assert champion(settings).number == 2


def test_an_erasure_that_did_not_end_goes_on_in_the_moved_folder(bank: Path) -> None:
    journal = {"erasure_id": "1", "rewritten": [{"file": str(bank / "raw" / "may.csv"), "removed": {"7": "2016-05"}}]}
    (bank / "state" / "erasure.json").write_text(json.dumps(journal))
    there = bank.rename(bank.with_name("there"))
    settle(of(there))
    found = json.loads((there / "state" / "erasure.json").read_text())
    assert found["rewritten"] == [{"file": str(there / "raw" / "may.csv"), "removed": {"7": "2016-05"}}]


def test_of_two_commands_at_once_one_settles_the_folder(bank: Path) -> None:
    there = bank.rename(bank.with_name("there"))
    command = [SANTANDER, "status", "--json", "--data-dir", str(there)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [(*process.communicate(timeout=120), process.returncode) for process in both]
    assert [code for _, _, code in said] == [0, 0]
    assert [json.loads(found.splitlines()[-1])["champion_problem"] for found, _, _ in said] == [None, None]
    assert sum(" was moved from " in warned for _, warned, _ in said) == 1
    assert not points_to(of(there), bank)


def test_a_folder_that_cannot_be_written_can_be_looked_at_and_its_registry_is_not_opened(bank: Path, tmp_path: Path) -> None:
    settings = of(Path(shutil.copytree(bank, tmp_path / "copy")))
    shutil.rmtree(settings.state / "locks")
    (settings.state / "locks").write_text("in the way")
    before = snapshot(tmp_path)
    done = subprocess.run(
        [SANTANDER, "status", "--json", "--data-dir", settings.data_dir], capture_output=True, text=True, check=True, timeout=120
    )
    assert json.loads(done.stdout.splitlines()[-1])["champion"] == champion_number(settings) == 2
    assert f"{settings.state} was at {bank / 'state'} before" in done.stderr
    assert "--state-dir" in done.stderr
    with pytest.raises(CannotSettle):
        remove_examples(settings)
    assert snapshot(tmp_path) == before


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    settings = of(tmp_path / "nowhere")
    settle(settings)
    assert stored_model(settings) is None
    assert not settings.state.exists()
