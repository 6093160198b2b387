"""Broken landing files: refused with nothing changed, or ingested with every bad line and value in the quarantine."""

import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from santander.config.settings import Settings
from santander.errors import InputError
from santander.ingest.ingestion import ingest
from santander.lake.lake import Lake
from santander.schema.catalogue import CUSTOMERS, INGESTIONS, QUARANTINE
from tests.faults.broken_files import GOOD, INGESTED, MONTH, PLAIN, REFUSED, BrokenFile
from tests.faults.processes import Ended
from tests.faults.tally import TALLY
from tests.faults.wholeness import check_readable, snapshot
from tests.faults.world import World

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1800)]


@dataclass(frozen=True)
class Landed:
    """A lake that holds the month of the good file."""

    data: Path
    session: SparkSession

    def settings(self, chunk_bytes: int = 1 << 24) -> Settings:
        return Settings.load(data_dir=str(self.data), ingest={"chunk_bytes": chunk_bytes})

    @property
    def lake(self) -> Lake:
        return Lake(self.settings(), self.session)


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory, session: SparkSession) -> Landed:
    folder = tmp_path_factory.mktemp("landed")
    made = Landed(folder / "data", session)
    good = folder / "good.csv"
    good.write_bytes(PLAIN)
    ingest(made.settings(), made.lake, [good])
    return made


BY_COMMAND = [[file for file in files if file.by_command] for files in (REFUSED, INGESTED)]


def ids(files: list[BrokenFile]) -> list[str]:
    return [file.name for file in files]


def placed(folder: Path, file: BrokenFile) -> Path:
    path = folder / (re.sub(r"[^a-z0-9]+", "-", file.name.lower()) + ".csv")
    if file.content is not None:
        path.write_bytes(file.content)
    return path


@pytest.mark.sample(push=12)
@pytest.mark.parametrize("file", REFUSED, ids=ids(REFUSED))
def test_a_file_that_may_not_be_read_changes_nothing(landed: Landed, tmp_path: Path, file: BrokenFile) -> None:
    path = placed(tmp_path, file)
    before = snapshot(landed.data)
    with pytest.raises(InputError, match=file.refused) as refusal:
        ingest(landed.settings(file.chunk_bytes), landed.lake, [path])
    assert refusal.value.exit_code == 2
    assert len(str(refusal.value).splitlines()) == 1
    assert len(str(refusal.value)) < 500
    assert snapshot(landed.data) == before
    TALLY.inputs += 1


@pytest.mark.sample(push=12)
@pytest.mark.parametrize("file", INGESTED, ids=ids(INGESTED))
def test_of_a_file_that_may_be_read_every_line_is_kept_or_quarantined(landed: Landed, tmp_path: Path, file: BrokenFile) -> None:
    report = ingest(landed.settings(file.chunk_bytes), landed.lake, [placed(tmp_path, file)])
    read, kept = sum(count.read for count in report.counts), sum(count.kept for count in report.counts)
    quarantined = sum(count.quarantined_rows for count in report.counts)
    TALLY.rows_lost += abs(file.read - kept - quarantined)
    assert (read, kept, quarantined) == (file.read, file.kept, sum(file.rows.values()))
    check_readable(landed.data)
    assert sum(landed.lake.rows_by_month(CUSTOMERS).values()) == file.kept
    marked = [row for row in landed.lake.rows(INGESTIONS) if row["ingestion_id"] == report.ingestion_id]
    assert sum(row["read"] for row in marked) == sum(row["kept"] + row["quarantined_rows"] for row in marked) == file.read
    found = [row for row in landed.lake.rows(QUARANTINE) if row["ingestion_id"] == report.ingestion_id]
    assert Counter(row["reason"] for row in found if row["scope"] == "row") == Counter(file.rows)
    assert Counter(row["reason"] for row in found if row["scope"] == "value") == Counter(file.values)
    TALLY.inputs += 1


@pytest.mark.sample(push=2)
@pytest.mark.parametrize("file", BY_COMMAND[0], ids=ids(BY_COMMAND[0]))
def test_the_command_refuses_in_one_line(world: World, landed: Landed, tmp_path: Path, file: BrokenFile) -> None:
    path = placed(tmp_path, file)
    before = snapshot(landed.data)
    line = world.run("sail", "ingest", path, data=landed.data).refusal(code=2)
    assert re.search(file.refused or "", line)
    assert snapshot(landed.data) == before


@pytest.mark.sample(push=2)
@pytest.mark.parametrize("file", BY_COMMAND[1], ids=ids(BY_COMMAND[1]))
def test_the_command_counts_every_line(world: World, tmp_path: Path, file: BrokenFile) -> None:
    ended = world.run("sail", "ingest", placed(tmp_path, file), "--json", data=tmp_path / "data")
    assert counted(ended) == {"read": file.read, "kept": file.kept, "quarantined": sum(file.rows.values())}


def test_a_folder_is_no_landing_file(world: World, landed: Landed, tmp_path: Path) -> None:
    before = snapshot(landed.data)
    assert "is a folder: name the files in it" in world.run("sail", "ingest", tmp_path, data=landed.data).refusal(code=2)
    assert snapshot(landed.data) == before
    TALLY.inputs += 1


def test_one_broken_file_refuses_the_good_ones_beside_it(landed: Landed, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_bytes(PLAIN.replace(MONTH.encode(), b"2015-02"))
    bad.write_bytes(PLAIN.replace(b",", b";"))
    before = snapshot(landed.data)
    with pytest.raises(InputError, match=r"bad\.csv"):
        ingest(landed.settings(), landed.lake, [good, bad])
    assert snapshot(landed.data) == before
    assert sum(landed.lake.rows_by_month(CUSTOMERS).values()) >= GOOD - 1
    TALLY.inputs += 1


def counted(ended: Ended) -> dict[str, int]:
    """Counts of all months together, from the command's JSON."""
    ended.check_done()
    months = json.loads(ended.out.splitlines()[-1])["months"].values()
    return {name: sum(month[name] for month in months) for name in ("read", "kept", "quarantined")}
