"""A worker: one process with one event loop that answers from a snapshot which it maps.

    python -m santander.serving.http.worker NUMBER DESCRIPTOR

The supervisor starts it with the listening socket as DESCRIPTOR and the settings in the environment, and learns from the one line
on standard output that it is ready, or why not. It ends, after what it has begun, by SIGTERM and when its standard input ends,
as it does when the supervisor is killed.
"""

import asyncio
import gc
import json
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

import uvicorn
import uvloop

from santander.config.settings import Settings
from santander.errors import SantanderError
from santander.serving.http.connection import connection_with
from santander.serving.http.current import CurrentLists
from santander.serving.http.finding import Routes
from santander.serving.http.json_log import JsonLog
from santander.serving.http.left_out import LeftOut
from santander.serving.http.lookups import Lookups
from santander.serving.http.scored import ADDRESS, ScoringNow
from santander.serving.http.service import Service
from santander.serving.keys import KeyRing, keys_file
from santander.serving.log.ring import AnswerLog
from santander.serving.log.segments import FOLDER
from santander.serving.metrics import Metrics

log = logging.getLogger(__name__)


class Worker(uvicorn.Server):
    """uvicorn's server, which looks for new snapshots and says when it is ready."""

    def __init__(
        self,
        config: uvicorn.Config,
        lookups: Lookups,
        scoring: ScoringNow,
        poll_seconds: float,
        ready: Callable[[], None],
        ends: threading.Event,
    ) -> None:
        super().__init__(config)
        self._lookups, self._scoring, self._poll_seconds, self._ready, self._ends = lookups, scoring, poll_seconds, ready, ends
        self._polling: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        asyncio.get_running_loop().add_reader(sys.stdin.fileno(), self._end_with_supervisor)
        self._polling = asyncio.create_task(self._poll())
        self.should_exit = self.should_exit or self._ends.is_set()
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer what is under way, then end."""
        self._lookups.ends = True
        log.info("takes no more connections, and ends after the requests in flight")
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        await super().shutdown(sockets)
        if self._polling is not None:
            self._polling.cancel()

    async def _poll(self) -> None:
        while True:
            try:
                await self._scoring.follow(self._lookups.lists)
                await asyncio.sleep(self._poll_seconds)
                await asyncio.to_thread(self._lookups.look_again)
            except Exception:
                log.exception("looking for a new snapshot failed")

    def _end_with_supervisor(self) -> None:
        if not os.read(sys.stdin.fileno(), 1):
            self.should_exit = True


def main() -> None:
    """Answer until told to end."""
    number, descriptor = sys.argv[1:]
    lines = JsonLog(f"worker-{number}")
    lines.start()
    ends = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: ends.set())  # until uvicorn takes them; it raises them again when it has ended
    try:
        settings = Settings.load()
        current, left_out = CurrentLists(settings), LeftOut(settings)
        folder = settings.state.joinpath(*FOLDER)
        answers = AnswerLog(folder, int(number), settings.serving.log, left_out.erased_among)
        metrics = Metrics(int(number), answers, folder)
        if settings.serving.http.metrics_port:
            metrics.serve(settings.serving.http.metrics_host, settings.serving.http.metrics_port)
        current.reloaded = metrics.reloaded
        server = _server(settings, current, left_out, answers, metrics, lines, ends)
    except SantanderError as error:
        _tell({"error": str(error), "code": error.exit_code, "file": error.file, "hint": error.hint})
        sys.exit(error.exit_code)
    gc.collect()
    gc.freeze()  # what is there now stays: later collections have less to look at
    with socket.socket(fileno=int(descriptor)) as listening:
        uvloop.run(server.serve(sockets=[listening]))
    answers.close()
    lines.close()


def _server(
    settings: Settings,
    current: CurrentLists,
    left_out: LeftOut,
    answers: AnswerLog,
    metrics: Metrics,
    lines: JsonLog,
    ends: threading.Event,
) -> Worker:
    limits = settings.serving.http
    lookups = Lookups(current, left_out, limits, metrics)
    scoring = ScoringNow(settings, lookups.is_left_out)
    routes = Routes({**lookups.routes(), ADDRESS: scoring.route()}, limits)
    service = Service(routes.find, KeyRing(keys_file(settings)), limits, lines, answers, metrics)
    config = uvicorn.Config(
        service,
        http=connection_with(limits, service),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # nobody asks whom a request came from
        timeout_keep_alive=limits.idle_seconds,
        timeout_graceful_shutdown=limits.drain_seconds,
    )
    snapshot = current.lists.snapshot
    facts = {"month": str(snapshot.month), "version": snapshot.version}
    server = Worker(config, lookups, scoring, limits.poll_seconds, lambda: _tell(facts), ends)
    service.in_flight = server.server_state.tasks.__len__
    return server


def _tell(line: dict[str, Any]) -> None:
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
