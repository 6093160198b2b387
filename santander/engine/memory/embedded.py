"""The embedded engine within the budget: its memory pool, its spill folder, and its complaint when the pool is too small."""

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from santander.config.sections import shown_size
from santander.config.settings import Settings
from santander.engine.memory.budget import SPARK_WAY, Budget
from santander.errors import SantanderError
from santander.storage.places import remove_tree
from santander.storage.spelling import plain_path

OUTSIDE_POOL = 500_000_000
"""What a process holds that the pool does not count: Python, the libraries, and what a plan reads and writes. Measured, so no
setting."""

SMALLEST_POOL = 256_000_000
"""Less than this and plans over a few rows fail: each file that is written reserves some megabytes. A limit
of the engine, so no setting."""

_OF_PROCESS = "process-"
_POOL_EXCEEDED = re.compile(r"Failed to allocate additional .{1,80}? for (\w+)")


class PoolExceeded(SantanderError):
    """A plan of the embedded engine wanted more memory than its pool has, for what cannot be spilled."""


def is_pool_exceeded(error: Exception) -> bool:
    """Whether an error of the embedded engine says that its pool is too small."""
    return _POOL_EXCEEDED.search(str(error)) is not None


@contextmanager
def within_budget(settings: Settings) -> Iterator[None]:
    """Start the engine inside this: it takes its pool and spill folder from the environment when it starts.

    Aggregations spill what the pool does not hold; a hash join cannot.
    """
    with _spill_folder(settings) as folder:
        os.environ["SAIL_RUNTIME__MEMORY_POOL__TYPE"] = "fair"  # a first come, first served one starves joins of memory
        os.environ["SAIL_RUNTIME__MEMORY_POOL__FAIR__MAX_SIZE"] = str(_pool(settings))
        os.environ["SAIL_RUNTIME__TEMPORARY_FILES__PATHS"] = json.dumps([str(plain_path(folder))])
        yield


@contextmanager
def telling_of_the_pool(settings: Settings) -> Iterator[None]:
    """Raise PoolExceeded, in one line with its remedies, where a plan wanted more than the pool holds."""
    try:
        yield
    except Exception as error:
        if found := _POOL_EXCEEDED.search(str(error)):
            limit = Budget.of(settings).limit or 0
            raise PoolExceeded(
                f"the memory budget of {shown_size(limit)} leaves the engine {shown_size(_pool(settings))}, which is too little "
                f"for {found[1]}; what was committed before stands: raise SANTANDER_MEMORY__BUDGET, or {SPARK_WAY}"
            ) from error
        raise


def _pool(settings: Settings) -> int:
    return max(SMALLEST_POOL, (Budget.of(settings).limit or 0) - OUTSIDE_POOL)


@contextmanager
def _spill_folder(settings: Settings) -> Iterator[Path]:
    """A folder of this process alone, gone on leaving; what killed processes left goes too."""
    named = settings.memory.spill_dir
    everyone = Path(named).absolute() if named is not None else settings.state / "spill"
    for left in everyone.glob(f"{_OF_PROCESS}*"):
        if not _is_alive(left.name.removeprefix(_OF_PROCESS).partition("-")[0]):
            remove_tree(left)
    everyone.mkdir(parents=True, exist_ok=True)
    own = Path(mkdtemp(prefix=f"{_OF_PROCESS}{os.getpid()}-", dir=everyone))
    try:
        yield own
    finally:
        remove_tree(own)


def _is_alive(pid: str) -> bool:
    if not pid.isdigit():
        return True  # not made here
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
