"""The committer: one process that moves answers from the segments of all workers into the table ``predictions``.

Each commit says, log by log, up to which record it goes, as an application's transaction of Delta; so whatever moment the
process is killed at, each record becomes a row once. It does not wait in the way of an answer, and an answer not of it.
"""

import logging
import os
import select
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from santander.errors import SantanderError, telling_line
from santander.lake.lake import Lake
from santander.schema.catalogue import PREDICTIONS
from santander.schema.counting import counted
from santander.serving.log.accounts import dead_logs, settle
from santander.serving.log.rows import rows_of
from santander.serving.log.segments import ERASED, FOLDER, NOBODY, Block, read_blocks, segments_in
from santander.suppression.suppression_list import SuppressionList, suppression_list

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa

    from santander.config.settings import Settings

log = logging.getLogger(__name__)

_PARENT_SECONDS = 1.0
"""How often it looks whether the process that started it is still there."""


@dataclass
class _Batch:
    """Rows that are committed together, and how far they go: by log, records in the table before and after."""

    rows: "list[pa.Table]" = field(default_factory=list)
    counted: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return sum(each.num_rows for each in self.rows)


class OvertakenAnswers(SantanderError):
    """The table has more of these logs than it had when their segments were read."""

    def __init__(self) -> None:
        super().__init__("table predictions has some of these answers by now", hint="the next commit takes the others")


class Committer:
    """Moves what is in the segments into the table, once at each call."""

    def __init__(self, settings: "Settings") -> None:
        self._settings = settings
        self._lake = Lake(settings)
        self._folder = settings.state.joinpath(*FOLDER)

    def commit(self) -> int:
        """Commit all that the segments have, remove those that are done with, settle the logs that ended; the rows written.

        Raises what a commit raises, SantanderError among it; what was not committed stays where it is.
        """
        rows = 0
        if segments_in(self._folder):
            with self._lake.carrying_persons(), self._lake.lock("prediction_log"):
                rows = self._move()
        if dead := dead_logs(self._folder):
            settle(self._folder, dead, self._lake.appended(PREDICTIONS, dead))
        return rows

    def _move(self) -> int:
        segments = segments_in(self._folder)
        logs = {segment.log for segment in segments}
        dead = dead_logs(self._folder, logs)  # after the listing: what a dead log wrote to a segment listed is final
        erased, there = suppression_list(self._settings, self._lake), self._lake.appended(PREDICTIONS, logs)
        batch, rows = _Batch(), 0
        for segment in segments:
            for block in read_blocks(segment.content()):
                before = there[segment.log]
                if block.end <= before:
                    continue
                wanted = _still_there(block, erased)
                wanted[: max(before - block.end + len(wanted), 0)] = False
                if wanted.any():
                    batch.rows.append(rows_of(segment.log, block, wanted))
                batch.counted[segment.log] = (batch.counted.get(segment.log, (before,))[0], block.end)
                there[segment.log] = block.end
                if batch.size >= self._settings.serving.log.rows_per_commit:
                    rows += self._write(batch)
                    batch = _Batch()
        rows += self._write(batch)
        for segment in segments:
            if not segment.is_open or segment.log in dead:
                segment.path.unlink()
        return rows

    def _write(self, batch: _Batch) -> int:
        import pyarrow as pa

        if not batch.rows:
            return 0
        if not self._lake.append_once(PREDICTIONS, pa.concat_tables(batch.rows), batch.counted):
            raise OvertakenAnswers
        return batch.size


def _still_there(block: Block, erased: SuppressionList) -> "npt.NDArray[np.bool_]":
    """Which records of a block are of nobody who was erased, here or by another host."""
    ids = block.records["customer_id"]
    gone = erased.among(np.unique(ids[ids > NOBODY]).tolist())
    there: npt.NDArray[np.bool_] = (ids != ERASED) & ~np.isin(ids, list(gone))
    return there


def commit_until_told(settings: "Settings") -> None:
    """Commit every ``serving.log.commit_seconds`` until SIGTERM, SIGINT, or the end of the process that started this one.

    What cannot be committed is said and tried again. Before it ends it commits once more.
    """
    signals = (signal.SIGTERM, signal.SIGINT)
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)  # they are waited for, and end no commit in the middle
    parent, committer = os.getppid(), Committer(settings)
    told = False
    while not told:
        told = _told_within(settings.serving.log.commit_seconds, signals, parent)
        try:
            if rows := committer.commit():
                log.info("%s: %s added", PREDICTIONS.name, counted(rows, "row"))
        except Exception as error:  # noqa: BLE001  (whatever it was, answers go on, and the next time may be better)
            log.warning("answers are not committed and wait on disk: %s", telling_line(error))


def _told_within(seconds: float, signals: Sequence[signal.Signals], parent: int) -> bool:
    """Whether one of the signals came, or the parent ended, within this time."""
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        if signal.sigtimedwait(signals, min(left, _PARENT_SECONDS)) is not None or os.getppid() != parent or _hung_up():
            return True
    return False


def _hung_up() -> bool:
    """Whether standard input is a pipe that nobody holds any more: the parent may have ended before this process looked."""
    asked = select.poll()
    asked.register(0, 0)
    return any(event & select.POLLHUP for _, event in asked.poll(0))
