"""The walk with its data folder in a bucket, and two writers to one table, on the embedded engine and by deltalake alone."""

import datetime as dt
import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from santander.config.settings import Settings
from santander.errors import InputError
from santander.ingest.landing import survey_all
from santander.ingest.synthetic_mark import refuse_files_of_others
from santander.lake.lake import Lake
from santander.lake.locks import TooManyWriters
from santander.lake.table_schema import RowCountMismatch
from santander.pipeline.bank_of_folder import ContinuedBank, fill_with_bank, refuse_bank_beside_others
from santander.pipeline.landing_choice import landing_files
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE, INGESTIONS, QUARANTINE, RECOMMENDATIONS, Table
from santander.schema.months import Month
from santander.storage.places import Place, names_in, open_read, place, whole_file
from santander.synthetic import BankSpec, generate
from tests.bucket_writer import FIRST_NUMBER, LOG, NUMBERS, OWN_MONTH, SHARED_MONTH
from tests.landing_files import landing_file, record
from tests.s3_server import S3Server, s3_server, slow_commits

pytestmark = pytest.mark.long

SANTANDER = str(Path(sys.executable).with_name("santander"))
ROUNDS = 3
HELD_SECONDS = 0.4
WAIT_SECONDS = 500


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3_server(tmp_path_factory.mktemp("s3")) as running:
        running.make_bucket("lakes")
        yield running


@pytest.fixture
def bucket(server: S3Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """A data folder in the bucket for this test alone, with the variables that reach it."""
    server.reach(monkeypatch)
    return f"s3a://lakes/{tmp_path.name}"


def clean_environment(changes: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("SANTANDER_MASTER")} | dict(changes)


def test_a_bank_in_a_bucket_marks_its_data_folder_which_then_refuses_other_files(bucket: str, tmp_path: Path) -> None:
    settings = Settings.load(data_dir=bucket, state_dir=str(tmp_path / "state"))
    lake = Lake(settings)
    assert landing_files(settings, lake) is None
    raw = settings.data / "raw"
    spec = BankSpec(out=raw, customers=300, first=Month(2016, 3), last=Month(2016, 5), propensity=False)
    fill_with_bank(settings, spec, lambda _month: None)
    chosen = landing_files(settings, lake)
    assert chosen == [raw / "train_ver2.csv", raw / "test_ver2.csv"]
    refuse_files_of_others(lake, settings.data, survey_all(chosen, 1 << 20, tmp_path))
    own = landing_file(tmp_path / "own.csv", [record(1)])
    with pytest.raises(InputError, match=f"not a file of the bank in {bucket}"):
        refuse_files_of_others(lake, settings.data, survey_all([own], 1 << 20, tmp_path))
    refuse_bank_beside_others(settings, spec)
    report = ContinuedBank.of(settings).write(lambda _month: None)
    assert report.files == [raw / "train_2016-05.csv", raw / "test_2016-06.csv"]
    refuse_files_of_others(lake, settings.data, survey_all(report.files, 1 << 20, tmp_path))


# --- the walk ----------------------------------------------------------------------------------------------------------


def bank_files(raw: Place) -> list[Place]:
    """A small bank with dirt, its larger file packed; the same bytes wherever it is made."""
    generate(BankSpec(out=raw, customers=1_000, first=Month(2015, 12), seed=3, dirty_share=0.003, propensity=False))
    packed = raw / "train_ver2.csv.gz"
    with open_read(raw / "train_ver2.csv") as plain, whole_file(packed) as file:
        file.write(gzip.compress(plain.read(), compresslevel=1, mtime=0))
    return [packed, raw / "test_ver2.csv"]


def run(data_dir: str, state: Path, files: Sequence[Place]) -> dict[str, Any]:
    words = ["run", *map(str, files), "--recipe", "popularity", "--json", "--data-dir", data_dir, "--state-dir", str(state)]
    done = subprocess.run(
        [SANTANDER, *words], capture_output=True, text=True, timeout=200, env=clean_environment({}), check=False
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


def rows_of(settings: Settings, table: Table) -> list[dict[str, Any]]:
    """Rows by key, without what names the run or the place of a file."""
    own = {"ingestion_id", "file", "ingested_at"}
    rows = Lake(settings).rows(table)
    told_apart = sorted(name for name, _ in table.columns if name not in own)
    return sorted(({name: row[name] for name in told_apart} for row in rows), key=lambda row: repr(row))


@pytest.mark.timeout(WAIT_SECONDS)
@pytest.mark.sample(push=1, of="whole runs")
def test_the_walk_in_a_bucket_leaves_the_tables_that_it_leaves_in_a_folder(bucket: str, tmp_path: Path) -> None:
    here, there = tmp_path / "data", place(bucket)
    files_here, files_there = bank_files(here / "raw"), bank_files(there / "raw")
    dirty = [f"dirty/{name}" for name in names_in(here / "raw" / "dirty")]
    assert dirty
    for name in (*(name for name in names_in(here / "raw") if name != "dirty"), *dirty):
        with open_read(here / "raw" / name) as one, open_read(there / "raw" / name) as other:
            assert one.read() == other.read(), name
    just_now = f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S}-0"
    for ingestion_id in ("20200101T000000-0", just_now):
        with whole_file(there / "lake" / "_staging" / ingestion_id / "lines" / "part") as file:
            file.write(b"what an ingest is writing, or a killed one has left")

    locally, in_bucket = run(str(here), tmp_path / "state-here", files_here), run(bucket, tmp_path / "state", files_there)

    assert in_bucket["submission"] == f"{bucket}/submissions/2016-06.csv"
    assert in_bucket["evaluation"]["map7"] == locally["evaluation"]["map7"]
    with open_read(place(in_bucket["submission"])) as one, Path(locally["submission"]).open("rb") as other:
        assert one.read() == other.read()
    settings_here, settings_there = Settings.load(data_dir=str(here)), Settings.load(data_dir=bucket, state_dir=str(tmp_path))
    for table in (CUSTOMERS, QUARANTINE, INGESTIONS, FEATURES_TABLE, RECOMMENDATIONS):
        rows = rows_of(settings_there, table)
        assert rows, table.name
        assert rows == rows_of(settings_here, table), table.name
    assert names_in(there / "lake" / "_staging") == [just_now]


def test_a_verb_refuses_in_one_line(bucket: str, tmp_path: Path) -> None:
    def refused(data_dir: str, **changes: str) -> tuple[int, str]:
        words = ["status", "--data-dir", data_dir, "--state-dir", str(tmp_path)]
        done = subprocess.run(
            [SANTANDER, *words], capture_output=True, text=True, timeout=100, env=clean_environment(changes), check=False
        )
        assert len(done.stderr.splitlines()) == 1, done.stderr
        return done.returncode, done.stderr

    endpoint = os.environ["AWS_ENDPOINT_URL"]
    said = f"error: s3a://nowhere/bank: there is no bucket 'nowhere' at {endpoint}: create it first\n"
    assert refused("s3a://nowhere/bank") == (2, said)
    code, said = refused(bucket, AWS_ENDPOINT_URL="http://127.0.0.1:1")
    assert code == 1
    assert "no S3 server answers" in said


# --- two writers -------------------------------------------------------------------------------------------------------


def two_writers(data_dir: str, masters: tuple[str, str], environment: Mapping[str, str], folder: Path, rounds: int) -> list[int]:
    """Let two processes write at the same time; the last number each of them wrote."""
    told = {**environment, "SANTANDER_DATA_DIR": data_dir, "SANTANDER_STATE_DIR": str(folder)}
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.bucket_writer", who, other, str(rounds)],
            cwd=Path(__file__).parents[2], env=clean_environment({**told, "SANTANDER_MASTER": master}),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for who, other, master in (("a", "b", masters[0]), ("b", "a", masters[1]))
    ]  # fmt: skip
    try:
        said = [process.communicate(timeout=WAIT_SECONDS) for process in processes]
    finally:
        for process in processes:
            process.kill()
    for process, (_, errors) in zip(processes, said, strict=True):
        assert process.returncode == 0, errors
    return [int(output.split()[-1]) for output, _ in said]


def assert_all_commits_stand(lake: Lake, last: Sequence[int], rounds: int, *, replaced: bool) -> None:
    appended = sorted((row["writer"], row["round"]) for row in lake.rows(LOG))
    assert appended == [(who, each) for who in ("a", "b") for each in range(rounds)]
    assert lake.version(LOG) == 2 * rounds
    if not replaced:
        return
    numbers: dict[Month, set[int]] = {}
    for row in lake.rows(NUMBERS):
        numbers.setdefault(Month.of(row["snapshot_date"]), set()).add(row["number"])
    for who, number in zip(("a", "b"), last, strict=True):
        assert number == FIRST_NUMBER[who] + rounds - 1
        assert numbers[OWN_MONTH[who]] == {number, number + 100}
    # the month of both is one writer's, whole, and the last that writer gave
    assert numbers[SHARED_MONTH] in [{number, number + 100} for number in last]
    assert lake.version(NUMBERS) == 2 * 2 * rounds  # every replacement is one commit, none was overwritten


@pytest.mark.sample(push=1)
@pytest.mark.parametrize("master", ["sail", "none"])
@pytest.mark.timeout(WAIT_SECONDS + 60)
def test_two_writers_at_once_lose_no_commit(server: S3Server, bucket: str, tmp_path: Path, master: str) -> None:
    with slow_commits(server, HELD_SECONDS) as port:
        last = two_writers(bucket, (master, master), server.environment(port), tmp_path / "state", ROUNDS)
    lake = Lake(Settings.load(data_dir=bucket, state_dir=str(tmp_path)))
    assert_all_commits_stand(lake, last, ROUNDS, replaced=master != "none")


class EngineOfTwoFaults(Lake):
    """Stands for an engine whose commit has fewer rows than were meant, while another run may commit right after it."""

    other_commits_after = False

    def _write(self, table: Table, *_: Any) -> int:
        delta = self.delta(table)
        write_deltalake(delta, numbers((1, JANUARY)), mode="overwrite", predicate="snapshot_date = '2015-01-28'")
        version = delta.version()
        if self.other_commits_after:
            write_deltalake(delta, numbers((9, FEBRUARY)), mode="append")
        return version

    def _check_columns(self, table: Table, frame: Any) -> None:
        """No frame is written."""


class NoFrame:
    def where(self, _condition: str) -> None:
        return None


JANUARY, FEBRUARY = Month(2015, 1), Month(2015, 2)


def numbers(*rows: tuple[int, Month]) -> pa.Table:
    schema = pa.schema([("number", pa.int32()), ("snapshot_date", pa.date32())])
    return pa.Table.from_pylist([{"number": n, "snapshot_date": month.snapshot} for n, month in rows], schema=schema)


@pytest.mark.parametrize("others", [False, True])
def test_a_wrong_commit_is_rolled_back_but_never_with_that_of_another(bucket: str, tmp_path: Path, others: bool) -> None:
    lake = EngineOfTwoFaults(Settings.load(data_dir=bucket, state_dir=str(tmp_path)))
    lake._create(NUMBERS)
    write_deltalake(lake.delta(NUMBERS), numbers((7, JANUARY), (8, FEBRUARY)), mode="append")
    lake.other_commits_after = others
    with pytest.raises(RowCountMismatch, match="it stands: run the step again" if others else "was rolled back"):
        lake.replace_months(NUMBERS, NoFrame(), {JANUARY: 3})  # type: ignore[arg-type]
    left = {row["number"] for row in lake.rows(NUMBERS)}
    assert left == ({1, 8, 9} if others else {7, 8})


def test_a_writer_that_never_gets_in_gives_up_in_one_line(bucket: str, tmp_path: Path) -> None:
    tries: list[int] = []

    class Unlucky(EngineOfTwoFaults):
        def _write(self, *_: Any) -> int:
            tries.append(1)
            raise RuntimeError("Failed to commit transaction: 0")  # what the embedded engine says

    lake = Unlucky(Settings.load(data_dir=bucket, state_dir=str(tmp_path), locks={"attempts": 3, "first_pause": 0}))
    with pytest.raises(TooManyWriters, match="other runs kept writing numbers in between 3 times"):
        lake.replace_months(NUMBERS, NoFrame(), {JANUARY: 1})  # type: ignore[arg-type]
    assert len(tries) == 3
