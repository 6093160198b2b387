"""Runs work whose tasks must all run at once, and gives up in one line when the slots for it stay missing.

Spark alone waits ten minutes for slots that are missing at the start of a barrier stage, and for ever for one that is lost before
its tasks are launched. A stage that loses a worker is aborted by Spark, and run again here when the slots are back.
"""

import logging
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from santander.engine.session import slots_of
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
            "spark.barrier_wait)",
            hint="start the missing workers or set spark.workers lower, then run the same command again",
        )


@dataclass(frozen=True)
class Guard:
    """What is asked of the slots: that ``workers`` are there, missing for no longer than ``patience`` seconds."""

    session: "SparkSession"
    workers: int
    patience: float

    def wait(self) -> None:
        """Return when the slots are there; raises MissingSlots."""

        def are_there(found: int) -> bool:
            if found < self.workers:
                time.sleep(_BETWEEN_LOOKS)
            return found >= self.workers

        self._look_until(are_there)

    def run(self, work: Callable[[], T]) -> T:
        """Return the result of ``work``, a call that runs Spark jobs; run again when it lost a worker and the slots came back.

        Raises MissingSlots, with the jobs cancelled, when slots stay missing; else what the work raised.
        """
        for attempt in range(1, ATTEMPTS + 1):
            self.wait()
            result: Future[T] = Future()
            tag = f"training-{uuid.uuid4().hex}"  # by which the jobs of Spark are cancelled
            threading.Thread(target=_run, args=(self.session, tag, work, result), name=tag, daemon=True).start()
            try:
                missed = self._look_until(partial(_has_ended, result))
                if (error := result.exception()) is None:
                    return result.result()
                if not (missed or self._loses_a_slot()) or attempt == ATTEMPTS:
                    raise error
            finally:
                if not result.done():
                    self.session.interruptTag(tag)
            log.warning("training lost a worker (attempt %d of %d): it starts again when its slots are back", attempt, ATTEMPTS)
        raise AssertionError("the last attempt returns or raises")

    def _look_until(self, ended: Callable[[int], bool]) -> bool:
        """Look at the slots until ``ended`` says so of their number; return whether any ever lacked, or raise MissingSlots."""
        since, ever = 0.0, False
        while True:
            found, now = slots_of(self.session), time.monotonic()
            if found >= self.workers:
                since = 0.0
            else:
                if not since:
                    since, ever = now, True
                    missing = self.workers - found
                    log.warning("training waits for %d of %d task slots, at most %g s", missing, self.workers, self.patience)
                if now - since >= self.patience:
                    raise MissingSlots(self.workers, found, self.patience)
            if ended(found):
                return ever

    def _loses_a_slot(self) -> bool:
        until = time.monotonic() + _UNTIL_A_LOSS_SHOWS
        while time.monotonic() < until:
            if slots_of(self.session) < self.workers:
                return True
            time.sleep(_BETWEEN_LOOKS)
        return False


def _has_ended(result: "Future[T]", _found: int) -> bool:
    """Whether the work has ended, or does so before the next look."""
    return bool(wait([result], _BETWEEN_LOOKS).done)


def _run(session: "SparkSession", tag: str, work: Callable[[], T], result: "Future[T]") -> None:
    """Run the work in a thread of its own, so that somebody can watch."""
    try:
        session.addTag(tag)
        result.set_result(work())
    except Exception as error:  # noqa: BLE001  (it is raised again in the thread that waits)
        result.set_exception(error)
