"""Segments as a worker writes them: whole blocks or nothing, a new file from time to time, no more than settings allow."""

import os
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from santander.errors import SantanderError
from santander.serving.log.segments import CLOSED, OPEN, SegmentHeader, block_header, no_space, waiting_in

if TYPE_CHECKING:
    from pathlib import Path

    from santander.config.sections import AnswerLogSettings


class LogFull(SantanderError):
    """The segments that wait for the committer have taken all the room they may."""

    def __init__(self, taken: int, most: int) -> None:
        super().__init__(
            f"{taken:,} bytes of answers wait for the table predictions, of at most {most:,} (serving.log.max_bytes)",
            hint="see why they are not committed",
        )


class SegmentWriter:
    """The segments of one log, one open at a time."""

    def __init__(self, folder: "Path", log: str, worker: int, settings: "AnswerLogSettings") -> None:
        self._folder, self._log, self._worker, self._settings = folder, log, worker, settings
        self._number = 0
        self._file: int | None = None
        self._size = 0
        self._opened = 0.0

    def write(self, parts: Sequence[bytes | memoryview], records: int, end: int, sequence: int) -> None:
        """Add a block; raises OSError, or LogFull, having left nothing of it."""
        file = self._open(end - records, sequence - 1) if self._file is None else self._file
        self._put(file, [block_header(parts, records, end), *parts])

    def rotate(self) -> None:
        """Close a segment that is long or old enough, so that it can be committed and removed as a whole."""
        if self._size >= self._settings.segment_bytes or time.monotonic() - self._opened >= self._settings.commit_seconds:
            self.close()

    def close(self) -> None:
        """Close the segment there is."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
            self._path.rename(self._path.with_suffix(CLOSED))

    @property
    def _path(self) -> "Path":
        return self._folder / f"{self._log}.{self._number:06}{OPEN}"

    def _open(self, start: int, start_sequence: int) -> int:
        taken, _ = waiting_in(self._folder)
        if taken >= self._settings.max_bytes:
            raise LogFull(taken, self._settings.max_bytes)
        self._number += 1
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._size, self._opened = 0, time.monotonic()
        self._put(self._file, [SegmentHeader(self._worker, self._number, self._log, start_sequence, start).packed()])
        return self._file

    def _put(self, file: int, parts: Sequence[bytes | memoryview]) -> None:
        meant, written = sum(map(len, parts)), 0
        try:
            written = os.writev(file, parts)
        finally:
            if written == meant:
                self._size += meant
            else:
                self._cut(file)
        if written != meant:  # as on a disk that has room for the beginning alone
            raise no_space(self._path)

    def _cut(self, file: int) -> None:
        """Take back what was written of a block; a segment of which that fails is read up to there, and another follows."""
        try:
            os.ftruncate(file, self._size)
        except OSError:
            self.close()
        if self._file is not None and not self._size:
            self._path.unlink()
            os.close(file)
            self._file = None
