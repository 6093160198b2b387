"""The log of a process of the service: JSON lines on standard error, one an event and one a request.

Neither customers' numbers nor keys nor anything else of a request is written: its route, its outcome and the ids of its trace.
Requests wait in memory for a thread that writes them, so that who answers never waits for who reads the log.
"""

import datetime as dt
import json
import logging
import os
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from typing import NamedTuple

_PAUSE = 0.2
"""Seconds between two writes."""
_MOST_WAITING = 20_000
"""Lines that wait for a reader who is slow; older ones are dropped, and their number is said."""


class Request(NamedTuple):
    """A request that was answered."""

    time: float
    request_id: str
    traceparent: str
    method: str
    route: str
    """As it is declared, such as ``/v1/customers/{customer_id}/recommendations``."""
    status: int
    milliseconds: float
    key: str | None
    """The name of the key."""


class JsonLog(logging.Handler):
    """The log; as a handler of ``logging`` it takes what libraries and the rest of the package say."""

    def __init__(self, process: str) -> None:
        super().__init__(logging.INFO)
        self._process, self._pid = process, os.getpid()
        self._about = f'"level": "info", "process": "{process}", "pid": {self._pid}, "event": "request", '
        self._second = (0, "")
        """The second of the last request, and how it is spelled."""
        self._waiting: deque[str] = deque(maxlen=_MOST_WAITING)
        self._taken = self._written = 0
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._write_on, name="log", daemon=True)

    def start(self, *, requests: bool = True) -> None:
        """Take over what is logged in this process, and begin to write requests where there are any."""
        root = logging.getLogger()
        root.handlers[:] = [self]
        root.setLevel(logging.INFO)
        logging.getLogger("uvicorn").setLevel(logging.ERROR)
        if requests:
            self._thread.start()

    def close(self) -> None:
        """Write what waits."""
        self._ends.set()
        if self._thread.is_alive():
            self._thread.join()
        super().close()

    def request(self, request: Request) -> None:
        """Take in a request; never waits.

        Its line is made here: a thread that makes many at a time holds the interpreter's lock, for which an answer then waits.
        """
        self._taken += 1
        self._waiting.append(self._line_of(request))

    def emit(self, record: logging.LogRecord) -> None:
        """Write an event, with the kind of an error and never its text, which may quote what was sent."""
        fields: dict[str, object] = {"event": record.getMessage()}
        if record.exc_info and record.exc_info[0] is not None:
            fields["exception"] = record.exc_info[0].__name__
        fields |= getattr(record, "fields", {})
        self._write([self._line(record.created, record.levelname.lower(), fields)])

    def _write_on(self) -> None:
        while not self._ends.wait(_PAUSE):
            self._write_requests()
        self._write_requests()

    def _write_requests(self) -> None:
        lines = []
        with suppress(IndexError):
            while True:
                lines.append(self._waiting.popleft())
        self._written += len(lines)
        if (dropped := self._taken - len(self._waiting) - self._written) > 0:
            self._written += dropped
            lines.append(
                self._line(time.time(), "warning", {"event": "log lines dropped: nobody reads fast enough", "lines": dropped})
            )
        self._write(lines)

    def _line_of(self, request: Request) -> str:
        """Return the line of a request; no text in it needs to be escaped, which a library would look for in each."""
        at, request_id, trace, method, route, status, milliseconds, key = request
        second = int(at)
        if second != self._second[0]:
            self._second = second, dt.datetime.fromtimestamp(second, dt.UTC).isoformat()[:19]
        moment = f"{self._second[1]}.{int((at - second) * 1000):03d}+00:00"
        name = "null" if key is None else f'"{key}"'
        return (
            f'{{"time": "{moment}", {self._about}"request_id": "{request_id}", "traceparent": "{trace}", "method": "{method}", '
            f'"route": "{route}", "status": {status}, "milliseconds": {milliseconds:.3f}, "key": {name}}}\n'
        )

    def _line(self, at: float, level: str, fields: dict[str, object]) -> str:
        moment = dt.datetime.fromtimestamp(at, dt.UTC).isoformat(timespec="milliseconds")
        return json.dumps({"time": moment, "level": level, "process": self._process, "pid": self._pid, **fields}) + "\n"

    def _write(self, lines: list[str]) -> None:
        if lines:
            with suppress(OSError, ValueError):  # who reads the log has gone: answers go on
                sys.stderr.write("".join(lines))
                sys.stderr.flush()
