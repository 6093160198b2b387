"""The supervisor: holds the listening socket, starts workers, starts one again that dies, ends all after their last answer.

All workers take connections from one socket, which outlives each of them: while one is started again nothing is refused.
"""

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from santander.engine.ending import leave_signals_to
from santander.errors import InputError, SantanderError
from santander.serving.http.json_log import JsonLog
from santander.serving.http.service import is_loopback
from santander.serving.keys import keys_file, read_keys

if TYPE_CHECKING:
    from santander.config.sections import HttpSettings
    from santander.config.settings import Settings

log = logging.getLogger(__name__)

_BACKLOG = 2048
_SOON = 5.0
"""Seconds of life under which a death is no accident: the next start waits, twice as long each time up to this."""
_FIRST_PAUSE = 0.1
_COMMITTER = -1
"""The number of the process that commits the answers of all workers."""
_ENDING = (signal.SIGTERM, signal.SIGINT)
_MORE_THAN_DRAIN = 3.0
"""Seconds after the time to drain when a worker is killed."""


@dataclass(frozen=True, slots=True)
class ServePayload:
    """The JSON object of ``serve``."""

    address: str
    month: str
    model_version: int
    """Of the snapshot at the start, as is the month."""
    workers: int
    restarts: int
    ended_by: str


@dataclass
class _Worker:
    number: int
    process: subprocess.Popen[bytes]
    began: float = field(default_factory=time.monotonic)
    is_ready: bool = False


class Supervisor:
    """``run`` stays until a signal ends it."""

    def __init__(self, settings: "Settings", http: "HttpSettings") -> None:
        self._settings, self._http = settings, http
        self._events: SimpleQueue[tuple[str, int, bytes]] = SimpleQueue()
        self._workers: dict[int, _Worker] = {}
        self._pauses: dict[int, float] = {}
        self._restarts = 0

    def run(self) -> tuple[ServePayload, int]:
        """Serve; print the address once all workers are ready; return what to say at the end, and the signal.

        Raises InputError for a port that is taken, an address that needs keys, and where nothing can be served.
        """
        http = self._http
        has_keys = bool(read_keys(keys_file(self._settings)))
        if not has_keys and not is_loopback(http.host):
            raise InputError(
                f"to listen on {http.host} the service needs keys", hint="'santander keys add NAME --scope read' makes one"
            )
        with listening_socket(http) as listening:
            host, port = listening.getsockname()[:2]
            address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
            leave_signals_to(lambda number: self._events.put(("signal", number, b"")))
            lines = JsonLog("supervisor")
            lines.start()
            try:
                for number in range(http.workers):
                    self._start(number, listening)
                facts = self._until_ready(listening)
                if facts is not None:
                    about = f"{facts['month']} by version {facts['version']}"
                    alone = "" if has_keys else "; without keys, for this machine alone ('santander keys add' makes one)"
                    print(f"{address} serves {about}{alone}", flush=True)
                ended_by = self._until_signal(listening)
            finally:
                self._end_workers()
                lines.close()
        month, version = ("", 0) if facts is None else (facts["month"], int(facts["version"]))
        name = signal.Signals(ended_by).name
        return ServePayload(address, month, version, http.workers, self._restarts, name), ended_by

    def _start(self, number: int, listening: socket.socket) -> None:
        settings = self._settings
        module, words, shared = "worker", [str(number), str(listening.fileno())], [listening.fileno()]
        if number == _COMMITTER:
            module, words, shared = "committer", [], []
        told = {
            "SANTANDER_DATA_DIR": settings.data_dir,
            "SANTANDER_STATE_DIR": str(settings.state),
            "SANTANDER_SERVING__HTTP__HOST": self._http.host,
            "SANTANDER_SERVING__HTTP__METRICS_PORT": str(self._http.metrics_port),
            "OMP_NUM_THREADS": "1",  # a worker is one thread of work
            "OPENBLAS_NUM_THREADS": "1",
        }
        # a committer inherits these as blocked and looks for them itself: one that comes while it starts is not lost on it
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING if number == _COMMITTER else ())
        try:
            process = subprocess.Popen(  # noqa: S603  (our own module)
                [sys.executable, "-m", f"santander.serving.http.{module}", *words],
                env=os.environ | told, stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=shared,
                start_new_session=True,  # Ctrl+C is for the supervisor, which lets them end
            )  # fmt: skip
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        self._workers[number] = _Worker(number, process)
        threading.Thread(target=self._watch, args=(number, process), daemon=True).start()

    def _watch(self, number: int, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None  # noqa: S101  (a pipe was asked for)
        if line := process.stdout.readline():
            self._events.put(("said", number, line))
        process.wait()
        self._events.put(("ended", number, b""))

    def _until_ready(self, listening: socket.socket) -> dict[str, str] | None:
        """Return what the workers serve once all are ready; None where a signal came before. Raises what stopped a worker."""
        facts: dict[str, str] = {}
        while not all(worker.is_ready for worker in self._workers.values()):
            kind, number, line = self._events.get()
            if kind == "signal":
                self._events.put((kind, number, line))
                return None
            worker = self._workers[number]
            if kind == "ended":
                code = worker.process.returncode
                raise SantanderError(f"worker {number} ended at once, with code {code}", hint="the lines above say why")
            told = json.loads(line)
            if "error" in told:
                of = InputError if told["code"] == InputError.exit_code else SantanderError
                raise of(told["error"], file=told["file"], hint=told["hint"])
            worker.is_ready, facts = True, told
        self._start(_COMMITTER, listening)
        log.info("serving %s by version %s with %d workers", facts["month"], facts["version"], len(self._workers) - 1)
        return facts

    def _until_signal(self, listening: socket.socket) -> int:
        """Start again what dies, and return the signal that ends all."""
        while True:
            kind, number, line = self._events.get()
            if kind == "signal":
                return number
            if kind == "start":
                self._start(number, listening)
            elif kind == "said":
                self._hear(number, json.loads(line))
            elif kind == "ended":
                self._start_again(number)

    def _hear(self, number: int, told: dict[str, str]) -> None:
        if "error" in told:
            log.error("worker %d cannot start: %s", number, told["error"])
        else:
            self._workers[number].is_ready = True
            log.info("worker %d is back, and serves %s by version %s", number, told["month"], told["version"])

    def _start_again(self, number: int) -> None:
        worker = self._workers[number]
        lived = time.monotonic() - worker.began
        pause = 0.0 if lived > _SOON else self._pauses.get(number, 0.0)
        self._pauses[number] = min(max(2 * pause, _FIRST_PAUSE), _SOON)
        self._restarts += 1
        log.error("%s ended with code %d and is started again", _name(number), worker.process.returncode)
        threading.Timer(pause, self._events.put, [("start", number, b"")]).start()

    def _end_workers(self) -> None:
        """Let all workers answer what they have begun; a second signal, or the end of the time for it, ends them at once."""
        committer = self._workers.pop(_COMMITTER, None)
        self._end(list(self._workers.values()))
        if committer is not None:  # last, so that it moves what they have written
            self._end([committer])

    def _end(self, workers: list[_Worker]) -> None:
        for worker in workers:
            worker.process.terminate()
        deadline = time.monotonic() + self._http.drain_seconds + _MORE_THAN_DRAIN
        while any(worker.process.poll() is None for worker in workers):
            try:
                kind, _, _ = self._events.get(timeout=max(deadline - time.monotonic(), 0.0))
            except Empty:
                kind = "signal"
            if kind == "signal":
                log.error("what has not ended by now is killed")
                for worker in workers:
                    worker.process.kill()
                    worker.process.wait()


def _name(number: int) -> str:
    return "the committer" if number == _COMMITTER else f"worker {number}"


def listening_socket(http: "HttpSettings") -> socket.socket:
    """Return a socket that listens; raises InputError for an address or a port that cannot be used."""
    if not http.host:
        raise InputError("--host: the address is empty", hint="such as --host 127.0.0.1")
    try:
        found = socket.getaddrinfo(http.host, http.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(_BACKLOG)
    except OSError as error:
        raise InputError(
            f"{http.host} port {http.port} cannot be listened on ({error.strerror})", example=str(http.port),
            hint="name another one with --port or --host",
        ) from None  # fmt: skip
    return listening
