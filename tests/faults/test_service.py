"""A service under load, and what befalls it: answers go on, none is a failure, and every list that was given is accounted for.

Real callers ask a real ``santander serve`` with two workers while it happens. What they counted is held against the log's own
account after the end, ``served = logged + dropped + lost`` of every life of a worker, and against the rows of ``predictions``.
"""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from santander.config.settings import Settings
from santander.lake.lake import Lake
from santander.ledger.published import Published, name_published
from santander.schema.catalogue import PREDICTIONS
from santander.schema.months import Month
from santander.serving.keys import Scope, add_key
from santander.serving.log.segments import segments_in
from santander.serving.snapshot.manifest import NAME
from santander.serving.snapshot.reading import Snapshot, open_snapshot, read_manifest
from tests.banks import copied
from tests.faults.full_disks import MEBIBYTE, small_disk
from tests.faults.load import CALLERS, MOST_LISTS, Account, Load, check_log, load
from tests.faults.tally import TALLY
from tests.needs import lacking
from tests.s3_server import free_port
from tests.sample import amount, chance
from tests.serving.http.served import SANTANDER, Served, serving, until
from tests.serving.log.answers import folder_of as log_folder
from tests.serving.log.answers import predictions
from tests.serving.snapshot.test_forgetting import holding
from tests.serving.test_metrics import scraped

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1200)]
on_a_push = pytest.mark.sample(push=1, of="faults of the service")

WORKERS = 2
RING = 4_096
CURRENT = "serving/current.json"
PAGE = os.sysconf("SC_PAGE_SIZE")
FEW = 12
KILLS_ON_A_PUSH, KILLS = 2, 5


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log that holds little, is written seldom and committed often, so that a kill always finds something."""
    for name, value in {"RING": RING, "FLUSH_SECONDS": 0.2, "COMMIT_SECONDS": 0.3}.items():
        monkeypatch.setenv(f"SANTANDER_SERVING__LOG__{name}", str(value))


@dataclass
class Stage:
    """A bank of a test's own, a key to its service, and customers to ask for, whose numbers are long enough to be told apart."""

    settings: Settings
    key: str
    snapshot: Snapshot
    customers: list[int]
    metrics_port: int

    @classmethod
    def of(cls, settings: Settings) -> "Stage":
        months = [folder for folder in Path(settings.data_dir, "serving").iterdir() if folder.is_dir() and folder.name[:1] != "."]
        snapshot = open_snapshot(max(months))
        long = snapshot.ids[snapshot.ids > 1_000_000].tolist()
        _, key = add_key(settings, "branch", [Scope.ADMIN])
        return cls(settings, key, snapshot, long[:: max(len(long) // 200, 1)], free_port())

    @property
    def month(self) -> tuple[str, int]:
        return str(self.snapshot.month), self.snapshot.version

    @contextmanager
    def under_load(self, logs: Path, name: str) -> Iterator[tuple[Served, Load]]:
        """The service with callers, who are answered before, during and after the block."""
        words = ("--workers", str(WORKERS), "--metrics-port", str(self.metrics_port))
        with serving(self.settings, logs, *words, poll_seconds=0.1, drain_seconds=120) as service:
            with load(service, self.key, self.customers, name) as callers:
                yield service, callers
            assert service.end() == 143


@pytest.fixture
def stage(made: Settings, tmp_path: Path) -> Stage:
    return Stage.of(copied(made.data, tmp_path / "data"))


def check(stage: Stage, service: Served, callers: Load, fault: str, *, kills: int = 0, erased: int = 0) -> Account:
    """Hold what callers saw against the account, and count the fault; ``kills`` are of workers that were answering."""
    seen, account = callers.seen, Account.of(stage.settings)
    counts = {"rows logged": account.rows, "dropped": account.dropped, "lost": account.lost}
    TALLY.bore(fault, answers=seen.answers, errors=seen.errors, **counts)
    assert set(seen.statuses) <= {200, 404, 503}, seen.statuses
    assert set(seen.refusals) <= {"unknown", *(["not_scoring"] if kills else [])}, seen.refusals
    assert seen.errors <= kills * CALLERS
    assert account.lost <= kills * RING
    # a killed worker may have sent what it had not counted, and have counted what did not arrive
    assert abs(account.served - seen.lists) <= kills * CALLERS * MOST_LISTS
    assert account.rows == account.logged - erased
    assert segments_in(log_folder(stage.settings)) == []
    check_log(service, stage.key, asked=stage.customers)
    return account


def said(service: Served, *texts: str) -> int:
    """How many events of the log have these texts in them."""
    return sum(all(text in each["event"] for text in texts) for each in service.events())


@on_a_push
def test_workers_are_killed(stage: Stage, tmp_path: Path) -> None:
    moments, kills = chance("kills of workers"), amount(push=KILLS_ON_A_PUSH, whole=KILLS)
    with stage.under_load(tmp_path, "workers") as (service, callers):
        for kill in range(kills):
            os.kill(moments.choice(service.workers()), signal.SIGKILL)
            until(lambda wanted=kill + 1: said(service, "is back, and serves") == wanted, "the next life of the worker")
            callers.more(moments.randrange(20, 200))
    account = check(stage, service, callers, f"{kills} kills of a worker", kills=kills)
    assert callers.seen.months == {stage.month}
    assert account.served > account.lost


@on_a_push
def test_the_committer_is_killed(stage: Stage, tmp_path: Path) -> None:
    moments, kills = chance("kills of the committer"), amount(push=KILLS_ON_A_PUSH, whole=KILLS)
    with stage.under_load(tmp_path, "committer") as (service, callers):
        for _ in range(kills):
            (committer,) = until(lambda: service.processes("http.committer"), "a committer")
            version = Lake(stage.settings).version(PREDICTIONS)
            until(lambda before=version: Lake(stage.settings).version(PREDICTIONS) != before, "a commit")
            callers.more(moments.randrange(20, 200))
            os.kill(committer, signal.SIGKILL)
            until(lambda dead=committer: service.processes("http.committer") not in ([], [dead]), "another committer")
    account = check(stage, service, callers, f"{kills} kills of the committer")
    assert (account.dropped, account.lost) == (0, 0)
    rows = [(row["log"], row["sequence"]) for row in predictions(stage.settings)]
    assert len(rows) == len(set(rows)), "a row that was committed twice"


@on_a_push
def test_the_disk_is_full(made: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables, state and log are on it: nothing can be committed, then nothing can be written, then the ring is full."""
    monkeypatch.setenv("SANTANDER_SERVING__LOG__RING", "64")
    needed = sum(file.stat().st_size for file in Path(made.data_dir).rglob("*") if file.is_file())
    with small_disk(tmp_path / "disk", needed * 2 // MEBIBYTE + 16) as disk:
        stage = Stage.of(copied(made.data, disk.folder / "data"))
        with stage.under_load(tmp_path, "disk") as (service, callers):
            disk.leave_free(0)
            service.wait_for_event("answers cannot be logged and wait in memory")
            service.wait_for_event("answers are not committed and wait on disk")
            callers.more(64 * 2 * WORKERS * 2)
            assert service.ask("/ready").status == 200
            disk.make_room()
        account = check(stage, service, callers, "a full disk")
        assert account.dropped > 0
        assert account.lost == 0


@on_a_push
def test_a_new_month_is_written_by_half(stage: Stage, tmp_path: Path) -> None:
    """Whatever of it is cut off: it is refused in one line that names the file, and taken in as soon as it is whole."""
    one, two = next_month_of(stage), next_month_of(stage, later=2)
    lists, manifest, current = next(one.glob("recommendations-*.npy")), two / NAME, Path(stage.settings.data_dir, CURRENT)
    whole = lists.read_bytes()
    named = [Published(Month.parse(new.name), read_manifest(new)[1]) for new in (one, two)]
    for file in (lists, manifest):
        replace(file, file.read_bytes()[: file.stat().st_size * 2 // 3])
    with stage.under_load(tmp_path, "by half") as (service, callers):
        for number, file in enumerate((lists, manifest, current)):
            if file == current:
                replace(current, current.read_bytes()[:20])
            else:
                name_published(stage.settings.data, named[number])
            until(lambda about=str(file): said(service, "snapshot refused", about) == WORKERS, f"the refusal of {file}")
            callers.more()
        assert callers.seen.months == {stage.month}
        refusals = [scraped(stage.metrics_port + number)["santander_reloads_total", "refused"] for number in range(WORKERS)]
        assert refusals == [3, 3]
        replace(lists, whole)
        name_published(stage.settings.data, named[0])
        taken = f"snapshot of {one.name} by version {stage.month[1] + 1} taken in"
        until(lambda: said(service, taken) == WORKERS, "the month that is whole")
    account = check(stage, service, callers, "a new month of which a file was cut off, three times")
    assert callers.seen.months == {stage.month, (one.name, stage.month[1] + 1)}
    assert (account.dropped, account.lost) == (0, 0)


@on_a_push
def test_files_that_are_served_are_shortened_in_place(stage: Stage, tmp_path: Path) -> None:
    """It ends the workers that read them (SIGBUS); the next ones refuse that month and serve the other one that is whole."""
    new = next_month_of(stage)
    name_published(stage.settings.data, Published(Month.parse(new.name), read_manifest(new)[1]))
    with stage.under_load(tmp_path, "in place") as (service, callers):
        assert {month for month, _ in callers.seen.months} == {new.name}
        os.truncate(next(new.glob("recommendations-*.npy")), PAGE)
        until(lambda: said(service, f"is back, and serves {stage.month[0]}") == WORKERS, "workers that serve the other month")
        deaths = said(service, f"ended with code {-signal.SIGBUS}")
    assert deaths >= WORKERS
    assert said(service, "snapshot refused") >= WORKERS
    check(stage, service, callers, "a served file shortened in place", kills=deaths)
    assert callers.seen.months == {stage.month, (new.name, stage.month[1] + 1)}


def next_month_of(stage: Stage, later: int = 1) -> Path:
    """The month that is there as a later one by another version, which is not published yet."""
    new = stage.snapshot.folder.with_name(str(stage.snapshot.month + later))
    shutil.copytree(stage.snapshot.folder, new)
    month = Month.parse(new.name)
    manifest = json.loads((new / NAME).read_text())
    manifest |= {"month": str(month), "version": stage.month[1] + 1, "as_of": str(month.snapshot)}
    (new / NAME).write_text(json.dumps(manifest))
    return new


def replace(file: Path, content: bytes) -> None:
    """Put another file in its place, as a copy that was cut off would: what is mapped stays."""
    other = file.with_name(".other")
    other.write_bytes(content)
    other.replace(file)


@on_a_push
def test_the_clock_is_set_back_a_day_and_forward_again(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = tmp_path / "clock"
    clock.write_text("+0")
    for name, value in faked_clock(clock).items():
        monkeypatch.setenv(name, value)
    with stage.under_load(tmp_path, "clock") as (service, callers):
        replace(clock, b"-1d")
        before = [each["time"] for each in service.events()][-1]
        until(lambda: any(each["time"] < before[:10] for each in service.events()), "a line of the day before")
        callers.more()
        new = next_month_of(stage)
        name_published(stage.settings.data, Published(Month.parse(new.name), read_manifest(new)[1]))
        until(lambda: said(service, f"snapshot of {new.name}") == WORKERS, "a month that is taken in meanwhile")
        assert all(scraped(stage.metrics_port + n)["santander_snapshot_age_seconds",] >= 0 for n in range(WORKERS)), (
            "published in the future"
        )
        assert service.ask("/ready").status == 200
        replace(clock, b"+0")
        callers.more()
    account = check(stage, service, callers, "the clock set back a day and forward again")
    assert (account.dropped, account.lost) == (0, 0)
    assert len({row["day"] for row in predictions(stage.settings)}) >= 2


def faked_clock(file: Path) -> dict[str, str]:
    """Return the variables by which libfaketime shifts the clock of day, and it alone, by what the file says."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    if not found:
        lacking("no clock can be set back: deploy/install-packages.sh faketime")
    return {
        "LD_PRELOAD": str(found[0]), "FAKETIME_TIMESTAMP_FILE": str(file), "FAKETIME_NO_CACHE": "1", "NO_FAKE_STAT": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }  # fmt: skip


@on_a_push
def test_every_other_server_is_down(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow, with the PostgreSQL behind it, and Redis are names of a closed port, from the start."""
    closed = f"127.0.0.1:{free_port()}"
    monkeypatch.setenv("SANTANDER_MLFLOW__TRACKING_URI", f"http://{closed}")
    monkeypatch.setenv("SANTANDER_STORE__ONLINE", "redis")
    monkeypatch.setenv("SANTANDER_STORE__REDIS", closed)
    with stage.under_load(tmp_path, "servers") as (service, callers):
        assert service.ask("/ready").status == 200
        callers.more(400)
    account = check(stage, service, callers, "every other server down")
    assert (account.dropped, account.lost) == (0, 0)


@on_a_push
def test_a_customer_is_forgotten(stage: Stage, tmp_path: Path) -> None:
    persons = stage.customers[1 :: len(stage.customers) // FEW][:FEW]
    with stage.under_load(tmp_path, "forgotten") as (service, callers):
        until(lambda: set(persons) <= set(callers.seen.of), "an answer with each of them")
        done = subprocess.run(
            [SANTANDER, "forget", "--yes", *map(str, persons), "--data-dir", stage.settings.data_dir],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        returned = time.monotonic()
        assert done.returncode == 1, done.stderr
        undone = [line for line in done.stdout.splitlines() if line.startswith("left to you: ")]
        assert all("_ver2.csv: lies outside of the data folder" in line for line in undone), "landing files of the world alone"
        left = rows_of(stage, persons), holding(stage.settings, persons)
        callers.more(400)
        body = {"customer_ids": persons, "fallback": "popularity"}
        results = service.ask("/v1/recommendations", method="POST", key=stage.key, body=body).json["results"]
    given = sum(callers.seen.of[person] for person in persons)
    assert left == ([], []), "rows of the log, files of snapshots and segments"
    assert {each.get("error") for each in results} == {"unknown"}
    assert all(callers.seen.last[person] < returned for person in persons), "an answer with them after forget had returned"
    check(stage, service, callers, f"{FEW} customers forgotten", erased=given)
    assert rows_of(stage, persons) == []


def rows_of(stage: Stage, persons: Sequence[int]) -> list[int]:
    """Customers of these in the table."""
    return [row["customer_id"] for row in predictions(stage.settings) if row["customer_id"] in set(persons)]
