"""The log file of one run: JSON lines of time, level, verb, run, month and message, without numbers that may be ids of customers.

The file is begun as soon as there is a state folder to hold it; until then lines wait, so that a refused command makes no folder.
No failure to write a line ends the run.
"""

import json
import logging
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

from santander.schema.months import Month

FOLDER = "logs"
_NAME = re.compile(r"[0-9]{8}T[0-9]{6}Z-r[0-9a-f]{8}-[a-z-]+\.jsonl")
_SECONDS_A_DAY = 86_400


def log_files(state: Path) -> list[Path]:
    """Log files of runs, the oldest first; none where there is no such folder, or it cannot be read."""
    with suppress(OSError):
        return sorted(file for file in (state / FOLDER).iterdir() if _NAME.fullmatch(file.name))
    return []


def remove_old_logs(state: Path, days: int) -> None:
    """Remove log files that nobody has written to for longer than ``days``; one that cannot be removed stays."""
    before = time.time() - days * _SECONDS_A_DAY
    for file in log_files(state):
        with suppress(OSError):  # another run may remove it at the same time
            if file.stat().st_mtime < before:
                file.unlink()


HIDDEN = "[number]"
_ALONE = re.compile(r"(?<![\w/.-])[0-9]{5,18}(?![\w/-]|\.[A-Za-z])")
"""A number of five digits and more on its own: counts are written 13,647,309; fractions and names of files are no ids."""
_ANY = re.compile(r"\d(?:[\d.,'_ \u00a0\u202f]*\d)?")
_SHORTEST = 5
"""Digits of the shortest number that ``forget`` looks for in a text."""


def in_plain_text(message: str) -> str:
    """Return the message without characters that are not to be seen, ends of lines left out."""
    return "".join(each if each.isprintable() or each in "\n\t" else "?" for each in message)


def without_ids(message: str) -> str:
    """Return the message without numbers that stand alone and may be ids."""
    return _ALONE.sub(HIDDEN, message)


def without_numbers(message: str) -> str:
    """Return the message with ``*`` for the digits of every number that may be an id, whatever is around it."""
    return _ANY.sub(lambda found: _hidden(found[0]), message)


def _hidden(number: str) -> str:
    digits = sum(character.isdigit() for character in number)
    return "".join("*" if c.isdigit() else c for c in number) if digits >= _SHORTEST else number


log = logging.getLogger(__name__)

_OF_PERSONS = {"forget"}
"""Verbs that are given ids: no number that may be one is in their log."""


_FORMATTER = logging.Formatter()


class RunLog(logging.Handler):
    """Writes what this process logs to ``<state>/logs/<run>-<verb>.jsonl``."""

    month: ClassVar[str | None] = None
    """The month that is worked on; a month that a message names itself goes before."""
    last: ClassVar[Path | None] = None
    """The last file that a line was written to."""

    def __init__(self, state: Path, verb: str) -> None:
        super().__init__()
        self.run = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-r{secrets.token_hex(4)}"
        self.file = state / FOLDER / f"{self.run}-{verb.replace('_', '-')}.jsonl"
        self._verb, self._state = verb, state
        self._clean: Callable[[str], str] = without_numbers if verb in _OF_PERSONS else without_ids
        self._out: int | None = None
        self._waiting = bytearray()
        self._gave_up = False
        self._began = time.monotonic()

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line for the record, with the trace of an exception that it holds."""
        self._write(self._line(record))

    def begin(self, message: str) -> None:
        """Write the first line, which is not shown on the terminal."""
        self._write(self._line(_record(logging.INFO, message)))

    def end(self, level: int, message: str, error: BaseException | None = None, *, anyway: bool = True) -> None:
        """Write the last line, with the trace of ``error``; with ``anyway`` in a state folder that is made if need be."""
        if anyway:
            with suppress(OSError):
                self._state.mkdir(parents=True, exist_ok=True)
        self._write(self._line(_record(level, f"{message} ({time.monotonic() - self._began:.1f} s)", error)))

    def end_at_once(self, message: str) -> None:
        """Write the last line from any thread: without a lock, as another one may have been stopped while it held it."""
        if self._out is not None:
            with suppress(OSError):
                os.write(self._out, self._line(_record(logging.ERROR, message)))

    def close(self) -> None:
        """Close the file."""
        super().close()
        out, self._out, self._gave_up = self._out, None, True
        if out is not None:
            os.close(out)

    def _line(self, record: logging.LogRecord) -> bytes:
        at = datetime.fromtimestamp(record.created, UTC)
        args = record.args if isinstance(record.args, tuple) else ()
        named = next((str(each) for each in args if isinstance(each, Month)), None)
        line = {
            "time": f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z",
            "level": record.levelname,
            "verb": self._verb,
            "run": self.run,
            "month": named or self.month,
            "logger": record.name,
            "message": self._clean(in_plain_text(" ".join(record.getMessage().split()))),
        }
        if record.exc_info:
            line["trace"] = self._clean(in_plain_text(_FORMATTER.formatException(record.exc_info)))
        return f"{json.dumps(line, ensure_ascii=False)}\n".encode()

    def _write(self, line: bytes) -> None:
        if self._gave_up:
            return
        try:
            if self._out is None:
                self._waiting += line
                if not self._state.is_dir():
                    return
                self.file.parent.mkdir(exist_ok=True)
                self._out = os.open(self.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o666)
                RunLog.last, line = self.file, bytes(self._waiting)
            os.write(self._out, line)
        except OSError as error:
            self._gave_up = True
            log.warning("the run goes on without its log file %s: %s", self.file, error.strerror)


def _record(level: int, message: str, error: BaseException | None = None) -> logging.LogRecord:
    trace = None if error is None else (type(error), error, error.__traceback__)
    return logging.LogRecord(__name__, level, __file__, 0, message, None, trace)


@contextmanager
def about(month: Month) -> Iterator[None]:
    """Give the lines of a block their month."""
    before, RunLog.month = RunLog.month, str(month)
    try:
        yield
    finally:
        RunLog.month = before
