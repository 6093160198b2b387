"""Runs work whose tasks must all run at once, and gives up in one line when the slots for it stay missing.

Left alone, Spark waits for slots: ten minutes when they are missing at the start of a barrier stage, for ever when one is
lost before its tasks are launched. A stage that loses a worker while it runs is aborted by Spark, and run again here
when the slots are back.
"""

import logging
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from santander.engine.slots import slots_of
from santander.errors import SantanderError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

log = logging.getLogger(__name__)

ATTEMPTS = 3
"""Times that work is run when it keeps losing workers. No setting: a cluster that loses a worker in three fits in a row has a
fault that another attempt does not mend; how long slots are waited for is spark.barrier_wait."""

_BETWEEN_LOOKS = 0.5
"""Seconds; a look costs one call into the driver."""
_UNTIL_A_LOSS_SHOWS = 5.0
"""Seconds after a failure in which the driver may still learn that it came from a lost worker."""

T = TypeVar("T")


class MissingSlots(SantanderError):
    """Fewer tasks can run at once than have to, and that did not change for as long as was waited."""

    def __init__(self, wanted: int, found: int, waited: float) -> None:
        super().__init__(
            f"training needs {wanted} task slots at once and the cluster has {found}; it waited {waited:g} s (setting "
            "spark.barrier_wait): start the missing workers or set spark.workers lower, then run the same command again"
        )


@dataclass(frozen=True)
class Guard:
    """What is asked of the slots: that ``workers`` are there, missing for no longer than ``patience`` seconds."""

    session: "SparkSession"
    workers: int
    patience: float

    def wait(self) -> None:
        """Return when the slots are there; raises MissingSlots."""
        missing = _Missing(self)
        while missing.look():
            time.sleep(_BETWEEN_LOOKS)

    def run(self, work: Callable[[], T]) -> T:
        """The result of ``work``, a call that runs Spark jobs; run again when it lost a worker and the slots came back.

        Raises MissingSlots, with the jobs cancelled, when slots stay missing before, during or after it; else what the
        work raised.
        """
        for attempt in range(1, ATTEMPTS + 1):
            self.wait()
            job = _Job(self.session, work)
            missing = _Missing(self)
            try:
                while not job.ended.wait(_BETWEEN_LOOKS):
                    missing.look()
                if job.error is None:
                    return job.result()
                if not (missing.ever or self._loses_a_slot()) or attempt == ATTEMPTS:
                    raise job.error
            finally:
                job.cancel()
            log.warning("training lost a worker (attempt %d of %d): it starts again when its slots are back", attempt, ATTEMPTS)
        raise AssertionError("the last attempt returns or raises")

    def _loses_a_slot(self) -> bool:
        until = time.monotonic() + _UNTIL_A_LOSS_SHOWS
        while time.monotonic() < until:
            if slots_of(self.session) < self.workers:
                return True
            time.sleep(_BETWEEN_LOOKS)
        return False


class _Missing:
    """Since when slots are missing."""

    def __init__(self, guard: Guard) -> None:
        self._guard, self._since = guard, 0.0
        self.ever = False

    def look(self) -> bool:
        """Whether slots are missing now; raises MissingSlots when they have been for too long."""
        wanted, patience = self._guard.workers, self._guard.patience
        found, now = slots_of(self._guard.session), time.monotonic()
        if found >= wanted:
            self._since = 0.0
            return False
        if not self._since:
            self._since, self.ever = now, True
            log.warning("training waits for %d of %d task slots, at most %g s", wanted - found, wanted, patience)
        if now - self._since >= patience:
            raise MissingSlots(wanted, found, patience)
        return True


@dataclass
class _Job(Generic[T]):
    """Work in a thread of its own, so that somebody can watch; its Spark jobs carry a tag by which they are cancelled."""

    session: "SparkSession"
    work: Callable[[], T]
    ended: threading.Event = field(default_factory=threading.Event)
    error: Exception | None = None
    _found: list[T] = field(default_factory=list)
    _tag: str = field(default_factory=lambda: f"training-{uuid.uuid4().hex}")

    def __post_init__(self) -> None:
        threading.Thread(target=self._run, name=self._tag, daemon=True).start()

    def result(self) -> T:
        """Result of the work."""
        return self._found[0]

    def cancel(self) -> None:
        """Cancel what still runs."""
        if not self.ended.is_set():
            self.session.interruptTag(self._tag)

    def _run(self) -> None:
        try:
            self.session.addTag(self._tag)
            self._found.append(self.work())
        except Exception as error:  # noqa: BLE001  (it is raised again in the thread that waits)
            self.error = error
        finally:
            self.ended.set()
