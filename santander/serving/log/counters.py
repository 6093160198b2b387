"""The counts of one log of answers, in a file that is mapped into its worker's memory: they survive whatever ends the worker.

A worker holds the lock of its file as long as it lives; the operating system drops it with the process.
"""

import fcntl
import mmap
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from santander.errors import SantanderError
from santander.serving.log.segments import no_space

SUFFIX = ".counters"
SERVED, LOGGED, DROPPED, WANTED, FLUSHED, WORKER, STARTED_NS, CLOSED = range(1, 9)
"""Answers given, of these those in segments, and those left out; erasures that wait for the worker to write what it holds, and
the last it has done that for; the worker's number; when it began; whether it ended by itself. The first is the layout."""
_LAYOUT, _BYTES = 1, 4096
_PAUSE = 0.01


class LogStuck(SantanderError):
    """A worker of the service does not write what it has answered."""

    def __init__(self, log: str, waited: float) -> None:
        super().__init__(
            f"a worker of the service (log {log}) did not write its answers within {waited:g} s (locks.wait)",
            hint="stop the service, or that worker, and run it again",
        )


class Counters:
    """The counts of one log. ``values`` are the slots, written without a call to the system."""

    def __init__(self, path: Path | None, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor
        self._map = mmap.mmap(descriptor, _BYTES)
        self.values = memoryview(self._map).cast("Q")

    @classmethod
    def in_memory(cls) -> Self:
        """Counts of a log that has no file yet; they end with the process."""
        return cls(None, -1)

    @classmethod
    def make(cls, folder: Path, log: str, worker: int) -> Self:
        """Make the file of a new log and hold its lock; nobody sees it before. Raises OSError."""
        folder.mkdir(parents=True, exist_ok=True)
        path, hidden = folder / f"{log}{SUFFIX}", folder / f".{log}{SUFFIX}.{os.getpid()}.part"
        descriptor = os.open(hidden, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            # written out, as a hole for which no room is left would kill the process that writes into its mapping
            if os.write(descriptor, bytes(_BYTES)) < _BYTES:
                raise no_space(path)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            made = cls(path, descriptor)
            made.values[0], made.values[WORKER], made.values[STARTED_NS] = _LAYOUT, worker, time.time_ns()
            hidden.rename(path)
        except OSError:
            os.close(descriptor)
            hidden.unlink(missing_ok=True)
            raise
        return made

    @classmethod
    def open(cls, path: Path) -> Self:
        """Map the file of another process; raises FileNotFoundError where it has gone."""
        return cls(path, os.open(path, os.O_RDWR | os.O_CLOEXEC))

    @property
    def log(self) -> str:
        """The log that it counts."""
        return self.path.name.removesuffix(SUFFIX) if self.path else ""

    def is_alive(self) -> bool:
        """Whether its worker lives, which holds the lock; where it does not, the lock is ours from now on."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False

    def let_go(self) -> None:
        """Let go of the file and of its lock; the counts can still be read."""
        if self._descriptor >= 0:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)  # closing alone leaves it with the mapping
            os.close(self._descriptor)
            self._descriptor = -1


def counters_in(folder: Path) -> Iterator[Counters]:
    """The counts of each log in turn, open while the caller looks at them."""
    for path in sorted(folder.glob(f"[!.]*{SUFFIX}")):
        try:
            counters = Counters.open(path)
        except FileNotFoundError:
            continue
        try:
            yield counters
        finally:
            counters.let_go()


def wait_for_writers(folder: Path, wait: float) -> None:
    """Return when each living worker has written the answers it held, or was about to; raises LogStuck after ``wait`` seconds."""
    deadline = time.monotonic() + wait
    for counters in counters_in(folder):
        wanted = counters.values[WANTED] = counters.values[WANTED] + 1
        while counters.values[FLUSHED] < wanted and counters.is_alive():
            if time.monotonic() >= deadline:
                raise LogStuck(counters.log, wait)
            time.sleep(_PAUSE)
