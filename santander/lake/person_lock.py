"""Keeps steps and erasures apart: a step that carries rows of persons from one place to another must not span an erasure.

Any number of steps share the lock; an erasure holds it alone. A step that begins while an erasure waits comes after it, so
that a chain of steps cannot keep the erasure waiting for ever. The operating system drops the locks of a process that dies.
"""

import fcntl
import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from santander.errors import SantanderError

log = logging.getLogger(__name__)

_PAUSE_SECONDS = 0.05
"""Between two looks at a lock that another run holds; how long in all is locks.wait."""
_LOCK, _TURN = "persons.lock", "persons-turn.lock"

_ERASURE = "another run is forgetting customers"
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
