"""What a running verb has reached, as its data folder shows it: staging, files being written, commits.

A verb is killed between two landmarks, not at a time of the clock: machines differ, the order of the work does not.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.faults.processes import POLL_SECONDS, Running

_TABLES = ("quarantine", "customers", "ingestions", "features", "additions", "recommendations", "step_runs")
STARTED = "start"


@dataclass(frozen=True)
class Landmark:
    """Something that a verb reached, and the seconds since its start in the run that was watched."""

    name: str
    seconds: float

    @property
    def place(self) -> str:
        """What the verb was at, without ordinals."""
        return self.name.partition(":")[0]


class Landmarks:
    """Watches a data folder from the state that it is in now."""

    def __init__(self, data: Path) -> None:
        self._lake = data / "lake"
        self._before = {table: self._state(table) for table in _TABLES}

    def reached(self) -> set[str]:
        """Names of the landmarks reached so far, such as ``customers:files:2``: files of the second commit are there."""
        return {STARTED, *self._of_staging(), *(name for table in _TABLES for name in self._of_table(table))}

    def follow(self, running: Running) -> list[Landmark]:
        """The landmarks of a run in order, until it ends."""
        started = time.monotonic()
        found = [Landmark(STARTED, 0.0)]
        seen = {STARTED}
        while running.is_running():
            new = self.reached() - seen
            found += [Landmark(name, time.monotonic() - started) for name in sorted(new)]
            seen |= new
            time.sleep(POLL_SECONDS)
        return [*found, Landmark("end", time.monotonic() - started)]

    def _of_staging(self) -> Iterator[str]:
        for folder in _names(self._lake / "_staging"):
            yield "staging"
            written = _names(self._lake / "_staging" / folder / "lines")
            if any(not name.startswith(".") for name in written):
                yield "staged"

    def _of_table(self, table: str) -> Iterator[str]:
        commits, files = self._state(table)
        commits_before, files_before = self._before[table]
        done = commits - commits_before
        for number in range(1, done + 1):
            yield f"{table}:commit:{number}"
        if files > files_before and not done:
            yield f"{table}:files"

    def _state(self, table: str) -> tuple[int, int]:
        """Commits and parquet files there are."""
        folder = self._lake / table
        commits = sum(name.endswith(".json") for name in _names(folder / "_delta_log"))
        below = [name for name in _names(folder) if name != "_delta_log"]
        files = sum(len(_names(folder / name)) for name in below if "=" in name) + sum("=" not in name for name in below)
        return commits, files


def _names(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in folder.iterdir()]
    except (FileNotFoundError, NotADirectoryError):
        return []
