"""Answers as the service gives them, and processes that give and commit them."""

import multiprocessing
import os
import signal
import struct
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from santander.config.settings import Settings
from santander.lake.lake import Lake
from santander.schema.catalogue import PREDICTIONS
from santander.schema.months import Month
from santander.serving.log.committing import Committer
from santander.serving.log.ring import Answer, AnswerLog, Given
from santander.serving.log.segments import FOLDER
from santander.suppression.suppression_list import suppression_list

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.serving.log.answers", "deltalake"])
"""Processes that have imported what they need before they begin."""
JUNE = Month(2016, 6)
NONE = 255


def answer(*customers: int | None, **other: Any) -> tuple[Answer, list[Given]]:
    """An answer with a list for each of these customers, as ``AnswerLog.append`` takes it."""
    shared = {"request_id": os.urandom(16), "time_ns": time.time_ns(), "key": "branch", "microseconds": 120}
    given = {
        "month": JUNE.index, "version": 3, "source": 0, "list": 0, "products": bytes([4, 22, 23, NONE, NONE, NONE, NONE]),
        "chances": struct.pack("<7f", 0.5, 0.25, *[float("nan")] * 5),
    }  # fmt: skip
    own = given | {name: value for name, value in other.items() if name not in shared}
    lists = [Given(**{"customer_id": customer} | own) for customer in customers or (1375586,)]
    return Answer(**{name: other.get(name, value) for name, value in shared.items()}), lists


def folder_of(settings: Settings) -> Path:
    return settings.state.joinpath(*FOLDER)


def opened(settings: Settings, worker: int = 0) -> AnswerLog:
    lake = Lake(settings)
    return AnswerLog(folder_of(settings), worker, settings.serving.log, lambda ids: suppression_list(settings, lake).among(ids))


def predictions(settings: Settings) -> list[dict[str, Any]]:
    return sorted(Lake(settings).rows(PREDICTIONS), key=lambda row: (row["log"], row["sequence"]))


def changed(settings: Settings, **log: object) -> Settings:
    """Settings with other values of ``serving.log``."""
    return settings.model_copy(
        update={"serving": settings.serving.model_copy(update={"log": settings.serving.log.model_copy(update=log)})}
    )


class Worker:
    """A process with a log of its own; what it says after each command are its counts."""

    def __init__(self, settings: Settings) -> None:
        self._pipe, theirs = PROCESSES.Pipe()
        self.process = PROCESSES.Process(target=_serve, args=(settings, theirs))
        self.process.start()
        theirs.close()  # so that nobody waits for a process that died
        self._pipe.recv()

    def ask(self, count: int, customer: int | None = 1375586) -> None:
        """Let it give so many answers."""
        self._pipe.send((count, customer))

    def counts(self) -> dict[str, int]:
        """Its counts after the next thing it was asked for."""
        return self._pipe.recv()

    def give(self, count: int, customer: int | None = 1375586) -> dict[str, int]:
        self.ask(count, customer)
        return self.counts()

    def end(self, number: int) -> int | None:
        """Send it a signal and return how it ended."""
        os.kill(self.process.pid, number)
        self.process.join(60)
        return self.process.exitcode


@contextmanager
def worker(settings: Settings) -> Iterator[Worker]:
    given = Worker(settings)
    try:
        yield given
    finally:
        given.process.kill()
        given.process.join(60)


@contextmanager
def process(target: Callable[[Settings], None], settings: Settings) -> Iterator[Any]:
    """Another process at work on the same folder."""
    made = PROCESSES.Process(target=target, args=(settings,))
    made.start()
    try:
        yield made
    finally:
        made.kill()
        made.join(60)


def _serve(settings: Settings, pipe: Connection) -> None:
    log = opened(settings)

    def end(*_: object) -> None:
        log.close()
        sys.exit()

    signal.signal(signal.SIGTERM, end)
    pipe.send({})
    while True:
        count, customer = pipe.recv()
        for _ in range(count):
            log.append(*answer(customer))
        pipe.send({name: getattr(log, name) for name in ("served", "logged", "dropped", "waiting")})


def commit_and_be_killed_before_a_segment_is_removed(settings: Settings) -> None:
    Path.unlink = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[method-assign]
    Committer(settings).commit()
