"""Locks: one writer to a table at a time, and steps kept apart from erasures.

Below a local folder a file lock keeps writers apart. In a bucket each commit is a put that fails where another has its name: the
engines tell of a conflict, and the write is done again, a few times (docs/adr/0008).

A step that carries rows of persons from one place to another must not span an erasure: any number of steps share a lock that an
erasure holds alone. A step that begins while an erasure waits comes after it, so that a chain of steps cannot keep the erasure
waiting for ever. The operating system drops the locks of a process that dies.
"""

import fcntl
import logging
import os
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from santander.errors import SantanderError, is_out_of_space, telling_line

log = logging.getLogger(__name__)

_CONFLICT = re.compile(
    r"Failed to commit transaction"  # the embedded engine
    r"|DELTA_CONCURRENT_|DELTA_PROTOCOL_CHANGED|DELTA_METADATA_CHANGED|FileAlreadyExistsException"  # Apache Spark
)
_LONGEST_REMARK = 200

T = TypeVar("T")


class TableBusy(SantanderError):
    """Another run holds the write lock."""

    def __init__(self, name: str, waited: float) -> None:
        super().__init__(f"another run is writing {name}: waited {waited:g} s (locks.wait)", hint="try again when it has ended")


class OvertakenCommit(SantanderError):
    """Another run that goes by other locks, those of another state folder, committed to the table during this write."""

    def __init__(self, name: str, said: str) -> None:
        super().__init__(
            f"another run with another state folder was writing {name} too; nothing of this write was committed, run it "
            f"again, and give all runs on one data folder the same --state-dir ({said[:_LONGEST_REMARK]})"
        )


class TooManyWriters(SantanderError):
    """Other runs committed to a table in a bucket each time this one was about to."""

    def __init__(self, name: str, attempts: int, last: str) -> None:
        super().__init__(
            f"other runs kept writing {name} in between {attempts} times (locks.attempts; {last})",
            hint="try again when they have ended",
        )


class ErasedMeanwhile(SantanderError):
    """Customers were forgotten, by a run with another state folder, since this step read its rows."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"customers were forgotten while this step was at work on {name}, and it would have put them back; nothing of "
            "this write was committed",
            hint="run it again, and give all runs on one data folder the same --state-dir",
        )


@contextmanager
def write_lock(folder: Path, name: str, wait: float) -> Iterator[None]:
    """Hold the lock of this name: others say that they wait, and raise TableBusy after ``wait`` seconds.

    The operating system drops the lock of a process that dies.
    """
    from filelock import FileLock, Timeout

    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / f"{name}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        log.info("another run is writing %s: waiting for it, up to %g s", name, wait)
        try:
            lock.acquire(timeout=wait)
        except Timeout:
            raise TableBusy(name, wait) from None
    try:
        yield
    finally:
        lock.release()


def written_alone(name: str, write: Callable[[], T]) -> T:
    """Do a write that a lock protects; a conflict all the same is another's who goes by other locks: OvertakenCommit."""
    try:
        return write()
    except Exception as error:
        if is_out_of_space(error) or not is_conflict(error):
            raise
        raise OvertakenCommit(name, telling_line(error)) from error


def written_among_others(name: str, write: Callable[[], T], attempts: int, first_pause: float) -> T:
    """Do a write to a bucket, again after another writer's commit; raises TooManyWriters after the last attempt.

    The first pause is about ``first_pause`` seconds, each after it about twice as long as the one before.
    """
    pause, last = first_pause, ""
    for attempt in range(1, attempts + 1):
        try:
            return write()
        except Exception as error:
            if not is_conflict(error):
                raise
            last = telling_line(error)
        log.info("%s: another run committed in between (%s of %s)", name, attempt, attempts)
        if attempt < attempts:
            time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311  (two runs must not keep step with each other)
            pause *= 2
    raise TooManyWriters(name, attempts, last)


def is_conflict(error: BaseException) -> bool:
    """Whether a write failed because another one was committed in between; it left nothing and may be done again."""
    from deltalake.exceptions import CommitFailedError

    return isinstance(error, CommitFailedError) or _CONFLICT.search(str(error)) is not None


_PAUSE_SECONDS = 0.05
"""Between two looks at a lock that another run holds; how long in all is locks.wait."""
_LOCK, _TURN = "persons.lock", "persons-turn.lock"

_ERASURE = "another run is forgetting customers, or takes objections"
_STEP = "another run is at work on rows of customers"

_shared: Counter[Path] = Counter()
"""How many steps of this process share the lock of a folder; the first takes it and the last lets go."""
_counting = threading.Lock()
_files: dict[Path, int] = {}


class PersonsBusy(SantanderError):
    """A step and an erasure would run at the same time."""

    def __init__(self, holder: str, waited: float) -> None:
        super().__init__(f"{holder}: waited {waited:g} s (locks.wait)", hint="run the same command again when it has ended")


@contextmanager
def beside_other_steps(folder: Path, wait: float) -> Iterator[None]:
    """Hold the lock together with other steps; raises PersonsBusy when an erasure lasts for longer than ``wait``."""
    with _counting:
        if not _shared[folder]:
            deadline = time.monotonic() + wait
            turn = _taken(folder / _TURN, fcntl.LOCK_SH, deadline, _ERASURE, wait)
            try:
                _files[folder] = _taken(folder / _LOCK, fcntl.LOCK_SH, deadline, _ERASURE, wait)
            finally:
                _let_go(turn)
        _shared[folder] += 1
    try:
        yield
    finally:
        with _counting:
            _shared[folder] -= 1
            if not _shared[folder]:
                _let_go(_files.pop(folder))


@contextmanager
def alone(folder: Path, wait: float) -> Iterator[None]:
    """Hold the lock alone; raises PersonsBusy while steps are at work for longer than ``wait``."""
    deadline = time.monotonic() + wait
    turn = _taken(folder / _TURN, fcntl.LOCK_EX, deadline, _ERASURE, wait)
    try:
        lock = _taken(folder / _LOCK, fcntl.LOCK_EX, deadline, _STEP, wait)
        try:
            yield
        finally:
            _let_go(lock)
    finally:
        _let_go(turn)


def _taken(file: Path, kind: int, deadline: float, holder: str, wait: float) -> int:
    """A descriptor that holds the lock; raises PersonsBusy at the deadline."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o666)
    said = False
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                os.close(descriptor)
                raise PersonsBusy(holder, wait) from None
        else:
            return descriptor
        if not said:
            log.info("%s: waiting for it, up to %g s", holder, wait)
            said = True
        time.sleep(_PAUSE_SECONDS)


def _let_go(descriptor: int) -> None:
    fcntl.flock(descriptor, fcntl.LOCK_UN)  # closing alone would leave it with a forked child that has the descriptor too
    os.close(descriptor)
