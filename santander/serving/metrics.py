"""Metrics of one worker for Prometheus, on a port of its own: worker k on the metrics port + k, without multiprocess mode.

What an answer costs is a look-up and two additions, 0.2 us; a histogram and a counter of the client library with labels take 10.
So answers are counted here, and made into the library's families when Prometheus asks.
"""

import time
from bisect import bisect_left
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple

from prometheus_client import CollectorRegistry, Metric, ProcessCollector, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

from santander.errors import InputError, telling_line
from santander.serving.log.accounts import settled
from santander.serving.log.segments import waiting_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from santander.serving.log.ring import AnswerLog

BOUNDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Upper bounds of the latency histogram, in seconds."""
_SUM = len(BOUNDS) + 1

Outcome = Literal["taken", "refused"]


class Served(NamedTuple):
    """The snapshot that a worker answers from."""

    month: str
    version: int
    made_at: float
    """When it was published, in seconds since 1970."""


class Metrics:
    """The metrics of a worker; the event loop's thread counts, that of the endpoint reads."""

    def __init__(self, worker: int, log: "AnswerLog", folder: "Path") -> None:
        self.in_flight = 0
        """Requests that have begun and not ended."""
        self.served: Served | None = None
        self._worker, self._log, self._folder = worker, log, folder
        self._seconds: dict[str, list[float]] = {}
        self._answers: dict[tuple[str, int], int] = {}
        self._reloads: dict[Outcome, int] = {"taken": 0, "refused": 0}

    def answered(self, route: str, source: str, status: int, seconds: float) -> None:
        """Count an answer: the route it came by, what it rests on (empty where on nothing), its status, how long it took."""
        cells = self._seconds.get(route)
        if cells is None:
            cells = self._seconds[route] = [0.0] * (_SUM + 1)
        cells[bisect_left(BOUNDS, seconds)] += 1
        cells[_SUM] += seconds
        key = (source, status)
        self._answers[key] = self._answers.get(key, 0) + 1

    def reloaded(self, outcome: Outcome) -> None:
        """Count a snapshot that was taken in, or refused."""
        self._reloads[outcome] += 1

    def serve(self, host: str, port: int) -> "Callable[[], None]":
        """Answer Prometheus in a thread, on ``port`` plus the worker's number; return what ends it.

        Raises InputError where the port is taken.
        """
        registry = CollectorRegistry()
        registry.register(self)
        ProcessCollector(registry=registry)
        try:
            server, thread = start_http_server(port + self._worker, host, registry)
        except OSError as error:
            raise InputError(
                f"no metrics on {host}:{port + self._worker}: {telling_line(error)}", hint="give another --metrics-port"
            ) from None

        def end() -> None:
            server.shutdown()
            server.server_close()
            thread.join()

        return end

    def collect(self) -> Iterator[Metric]:
        """All metrics as they are now, as the client library asks for them."""
        yield from self._of_answers()
        yield from self._of_the_snapshot()
        yield from self._of_the_log()

    def _of_answers(self) -> Iterator[Metric]:
        seconds = HistogramMetricFamily("santander_answer_seconds", "Time from a request to its answer.", labels=["route"])
        for route, cells in list(self._seconds.items()):
            counts, total = cells[:_SUM], 0.0
            buckets = []
            for bound, count in zip((*map(str, BOUNDS), "+Inf"), counts, strict=True):
                total += count
                buckets.append((bound, total))
            seconds.add_metric([route], buckets, cells[_SUM])
        yield seconds
        answers = CounterMetricFamily(
            "santander_answers", "Answers by what they rest on and their status.", labels=["source", "status"]
        )
        for (source, status), count in list(self._answers.items()):
            answers.add_metric([source, str(status)], count)
        yield answers
        yield GaugeMetricFamily("santander_requests_in_flight", "Requests that have begun and not ended.", self.in_flight)

    def _of_the_snapshot(self) -> Iterator[Metric]:
        reloads = CounterMetricFamily("santander_reloads", "Snapshots that were taken in or refused.", labels=["outcome"])
        for outcome, count in self._reloads.items():
            reloads.add_metric([outcome], count)
        yield reloads
        if (served := self.served) is None:
            return
        age = max(time.time() - served.made_at, 0)
        yield GaugeMetricFamily("santander_snapshot_age_seconds", "Time since the snapshot was published.", age)
        model = GaugeMetricFamily("santander_model_version", "Version of the model that is served.", labels=["month"])
        model.add_metric([served.month], served.version)
        yield model

    def _of_the_log(self) -> Iterator[Metric]:
        counts = {
            "served": ("Answers given.", self._log.served),
            "logged": ("Answers on disk.", self._log.logged),
            "dropped": ("Answers left out of the log.", self._log.dropped),
            "lost": (
                "Answers of killed workers of this number that were not on disk.",
                sum(line.lost for line in settled(self._folder) if line.worker == self._worker),
            ),
        }
        for name, (meaning, count) in counts.items():
            yield CounterMetricFamily(f"santander_log_{name}", meaning, count)
        yield GaugeMetricFamily("santander_log_queue", "Answers in memory that are not on disk yet.", self._log.waiting)
        taken, oldest = waiting_in(self._folder)
        age = 0.0 if oldest is None else max(time.time() - oldest, 0)
        yield GaugeMetricFamily("santander_log_waiting_bytes", "Bytes of all segments that wait for the committer.", taken)
        yield GaugeMetricFamily("santander_log_waiting_seconds", "How long the oldest of them has waited.", age)
