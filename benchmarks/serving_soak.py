"""A load of many minutes: whether memory, threads, open files and the log grow, and what a new month every minute does.

A month is published again every minute, another one each time, by a process of its own, as a user would.
"""

import datetime as dt
import json
import os
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from serving_bank import Bank
from serving_figures import Goal
from serving_load import Answers, Told, end_open_loop, start_open_loop
from serving_servers import Server, private_mb

from santander.serving.log.segments import segments_in, waiting_in

LOOKUPS, RECORDS = "a customer from the snapshot", "one record scored now"
EVERY = 60.0
"""Seconds between two months."""
_LOOK = 5.0
_SETTLED = 0.2
"""The share of the time in which caches fill and all months are taken in once; growth is held against what was there then."""
_BEFORE, _AFTER = 1, 5
"""Seconds around a change that are looked at: the one before and those after a month was taken in."""
TWICE = 2.0
GROWTH = 1.05
"""Private memory may be so much more at the end: pages come and go."""
_MORE = {"private_mb": 2.0, "threads": 1.0, "open_files": 2.0, "segments": 2.0, "segment_mb": 8.0}
"""What may be more at the end though it does not grow; on disk one segment (``serving.log.segment_bytes``) and its successor."""


@dataclass(frozen=True, slots=True)
class Look:
    """What the process that answers, and the log on disk, were at a moment."""

    seconds: float
    """Since the beginning."""
    private_mb: float
    threads: int
    open_files: int
    segments: int
    segment_mb: float


@dataclass(frozen=True, slots=True)
class Second:
    """Answers that were due in one second."""

    from_change: int | None
    """Seconds since a month was taken in, where that is near; the second in which it was is 0."""
    p99: float


@dataclass
class Soak:
    """What a soak has shown."""

    seconds: float
    rates: Mapping[str, float]
    told: dict[str, Told] = field(default_factory=dict)
    looks: list[Look] = field(default_factory=list)
    changes: list[float] = field(default_factory=list)
    """When a month was taken in, in seconds since 1970."""
    by_second: list[Second] = field(default_factory=list)
    """Of look-ups."""
    counted: dict[str, float] = field(default_factory=dict)
    """What the log of answers says of itself at the end."""
    restarts: int = 0
    """Of workers."""

    def ends(self, name: str) -> tuple[float, float] | None:
        """Return the least of a figure of Look in the first and in the last third of what comes after the warming up.

        The least, as what is held comes and goes with each month and each commit of the log.
        """
        settled = [getattr(each, name) for each in self.looks if each.seconds >= _SETTLED * self.seconds]
        third = len(settled) // 3
        return (min(settled[:third]), min(settled[-third:])) if third else None

    @property
    def usual(self) -> float | None:
        """The median of the p99 of seconds that are near no change, in milliseconds."""
        far = [each.p99 for each in self.by_second if each.from_change is None]
        return statistics.median(far) if far else None

    def slow_seconds(self, *, near: bool) -> tuple[int, int]:
        """Return how many seconds near a change, or far from all, had a p99 of more than twice the usual, and of how many."""
        of = [each for each in self.by_second if (each.from_change is not None) == near]
        usual = self.usual or 0.0
        return sum(each.p99 > TWICE * usual for each in of), len(of)

    def longest_slow(self) -> int | None:
        """Return the most seconds in a row after a change whose p99 was more than twice the usual."""
        usual = self.usual
        if usual is None or not self.changes:
            return None
        longest = row = 0
        for each in self.by_second:
            row = row + 1 if each.from_change is not None and each.p99 > TWICE * usual else 0
            longest = max(longest, row)
        return longest

    def goals(self) -> list[Goal]:
        """Return every goal of a soak."""
        errors = sum(each.errors for each in self.told.values())
        lost = self.counted.get("served", 0) - self.counted.get("logged", 0)
        found = [
            Goal("soak: answers other than 200", errors, "", (("0", 0),), everywhere=True),
            Goal("soak: workers started again", self.restarts, "", (("0", 0),), everywhere=True),
            Goal("soak: answers that were not logged", lost if self.counted else None, "", (("0", 0),), everywhere=True),
            Goal("soak: most seconds in a row after a new month with a p99 above twice the usual", self.longest_slow(), "s",
                 (("1", 1),)),
        ]  # fmt: skip
        for name, title in TITLES.items():
            if (both := self.ends(name)) is not None:
                first, last = both
                most = max(first * (GROWTH if name == "private_mb" else 1), first + _MORE[name])
                goals = ((f"{most:.1f}, from {first:.1f} at first", most),)
                found.append(Goal(f"soak: {title} at the end", last, "", goals, everywhere=True))
        return found

    def as_json(self) -> dict[str, Any]:
        """For the file of the results."""
        return {
            "seconds": self.seconds, "rates": dict(self.rates), "told": {name: asdict(each) for name, each in self.told.items()},
            "looks": [asdict(each) for each in self.looks], "changes": self.changes, "restarts": self.restarts,
            "by_second": [asdict(each) for each in self.by_second], "counted": self.counted,
        }  # fmt: skip

    @classmethod
    def from_json(cls, written: dict[str, Any]) -> "Soak":
        """Read it again."""
        return cls(**{
            **written, "told": {name: Told(**each) for name, each in written["told"].items()},
            "looks": [Look(**each) for each in written["looks"]], "by_second": [Second(**each) for each in written["by_second"]],
        })  # fmt: skip


TITLES = {
    "private_mb": "private memory of the worker, MB",
    "threads": "threads of the worker",
    "open_files": "open files of the worker",
    "segments": "segments on disk",
    "segment_mb": "MB of segments on disk",
}


def soak(server: Server, bank: Bank, rates: Mapping[str, float], seconds: float, every: float, core: int, folder: Path) -> Soak:
    """Send both kinds of requests for so long from this core, publish a month every so often, and look."""
    asked = {LOOKUPS: bank.lookups(), RECORDS: bank.scorings(dated=False)}
    found, worker, log = Soak(seconds, rates), server.worker(), bank.settings.state / "serving" / "log"
    loads = {
        name: start_open_loop(server.address, asked[name], rates[name], seconds, core, folder / f"soak-{number}")
        for number, name in enumerate(asked)
    }
    began, published, publishing = time.monotonic(), 0, None
    while (since := time.monotonic() - began) < seconds:
        if worker.is_running():
            found.looks.append(_look(worker, log, since))
        if len(bank.months) > 1 and since >= (published + 1) * every and _has_ended(publishing):
            publishing, published = _publish(bank, published, core), published + 1
        time.sleep(min(_LOOK, max(seconds - since, 0.0), max((published + 1) * every - since, 0.0) or _LOOK))
    answers = {
        name: end_open_loop(load, rates[name], folder / f"soak-{number}") for number, (name, load) in enumerate(loads.items())
    }
    _ended_well(publishing)
    found.told = {name: each.told(rates[name]) for name, each in answers.items()}
    with server.log.open() as lines:
        events = [json.loads(line) for line in lines if '"event": "request"' not in line and line.startswith("{")]
    found.restarts = sum("is back" in each["event"] for each in events)
    taken = [dt.datetime.fromisoformat(each["time"]).timestamp() for each in events if "taken in" in each["event"]]
    found.changes = [each for each in taken if each > answers[LOOKUPS].due[0]]
    found.by_second = by_second(answers[LOOKUPS], found.changes)
    found.counted = _counted(server)
    return found


def by_second(answers: Answers, changes: Sequence[float]) -> list[Second]:
    """Return the p99 of each second, cut so that a change stands at the edge of seconds near it.

    Here latency counts from when a request was sent: what publishes the month takes time from the generator, which is not the
    service's doing.
    """
    found = []
    edges = [answers.due[0], *changes, answers.due[-1] + 1]
    for number, (begin, end) in enumerate(pairwise(edges)):
        for second in range(int(end - begin)):
            after = second if number > 0 and second <= _AFTER else None
            last = number < len(changes) and end - (begin + second) < _BEFORE + 1
            inside = (answers.due >= begin + second) & (answers.due < begin + second + 1)
            if inside.any():
                p99 = float(np.percentile((answers.latency - answers.late)[inside] * 1e3, 99))
                found.append(Second(after if after is not None else -1 if last else None, p99))
    return found


def _look(worker: psutil.Process, log: Path, since: float) -> Look:
    segments = segments_in(log)
    waiting, _ = waiting_in(log)
    return Look(
        round(since, 1), private_mb(worker.pid), worker.num_threads(), worker.num_fds(), len(segments), waiting / 1e6
    )  # fmt: skip


def _publish(bank: Bank, number: int, core: int) -> subprocess.Popen[str]:
    """Publish the month that is not served, on the core of the load, which has precedence."""
    others = [month for month in bank.months if month != bank.month]
    month = [*others, bank.month][number % len(bank.months)]
    command = ["nice", "-n", "10", "taskset", "-c", str(core), str(Path(sys.executable).with_name("santander")), "publish"]
    words = ["--month", str(month), "--data-dir", bank.settings.data_dir]
    return subprocess.Popen([*command, *words], env=os.environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def _has_ended(publishing: subprocess.Popen[str] | None) -> bool:
    """Whether nothing is being published; ends this program where that failed."""
    if publishing is None or publishing.poll() is None:
        return publishing is None
    _ended_well(publishing)
    return True


def _ended_well(publishing: subprocess.Popen[str] | None) -> None:
    if publishing is not None:
        _, told = publishing.communicate(timeout=300)
        if publishing.returncode:
            sys.exit(f"error: santander publish: {told.strip()[-500:]}")


def _counted(server: Server) -> dict[str, float]:
    """Return served, logged and dropped, once the log has caught up with what was served."""
    counted: dict[str, float] = {}
    for _ in range(50):
        with urllib.request.urlopen(server.metrics, timeout=10) as answer:  # noqa: S310  (our own address)
            lines = answer.read().decode().splitlines()
        for name in ("served", "logged", "dropped"):
            told = [line for line in lines if line.startswith(f"santander_log_{name}_total")]
            counted[name] = sum(float(line.split()[-1]) for line in told)
        if counted["served"] == counted["logged"] + counted["dropped"]:
            break
        time.sleep(0.1)
    return counted
