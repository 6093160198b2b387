"""Callers of a running service, and the account that is settled when it has ended: what they saw against what was logged."""

import http.client
import json
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from santander.config.settings import Settings
from santander.serving.log.accounts import settled
from tests.sample import chance
from tests.serving.http.served import Served, until
from tests.serving.log.answers import folder_of, predictions

CALLERS = 4
MOST_LISTS = 5
"""Lists that one request of a caller asks for."""
_PATIENCE = 120.0
_PAUSE, _LONG_PAUSE = 0.002, 0.05
"""Seconds between two requests of a caller; the long ones while nobody waits for more answers."""
_NOBODY = 999_999_999
SOMEBODY = -1
_RECORD = {"age": 35, "household_income": 87000.5, "history": {"2016-05": [0, 0, 1, *[0] * 21]}}


class Asked(NamedTuple):
    """A request: what is sent, and for whom it asks, in order; SOMEBODY where the record says no number."""

    method: str
    path: str
    body: Any
    of: list[int]


@dataclass
class Seen:
    """What callers saw."""

    statuses: Counter[int] = field(default_factory=Counter)
    errors: int = 0
    """Requests whose connection ended without an answer."""
    lists: int = 0
    """Lists that were given to anybody."""
    of: Counter[int] = field(default_factory=Counter)
    """Lists that were given to each customer."""
    last: dict[int, float] = field(default_factory=dict)
    """When the latest request was begun that gave a list to a customer."""
    months: set[tuple[str, int]] = field(default_factory=set)
    """Months and versions of the answers."""
    refusals: Counter[str] = field(default_factory=Counter)
    """Codes of the answers that are no list."""

    @property
    def answers(self) -> int:
        return self.statuses.total()

    def add(self, asked: Asked, began: float, status: int, content: bytes) -> None:
        """Take in the answer to a request that began then."""
        self.statuses[status] += 1
        body = json.loads(content)
        if status != 200:
            self.refusals[body["error"]] += 1
            return
        self.months.add((body["month"], body["model_version"]))
        for customer, result in zip(asked.of, body.get("results", [body]), strict=True):
            if "error" not in result and not any(each["rule"] == "not_served" for each in result.get("refused", [])):
                self.lists += 1
                self.of[customer] += 1
                self.last[customer] = max(began, self.last.get(customer, began))


class Load:
    """Some callers at once, each on a connection that it keeps, until told to end."""

    def __init__(self, service: Served, key: str, customers: Sequence[int], name: str) -> None:
        self.seen = Seen()
        self._service, self._key, self._customers = service, key, list(customers)
        self._lock, self._ends = threading.Lock(), threading.Event()
        self._wanted = 0
        self._threads = [threading.Thread(target=self._call, args=(chance(f"{name} {n}"),)) for n in range(CALLERS)]

    def begin(self) -> None:
        for thread in self._threads:
            thread.start()

    def more(self, requests: int = 200) -> None:
        """Go on once so many more were answered."""
        self._wanted = wanted = self.seen.answers + requests
        until(lambda: self.seen.answers >= wanted, "more answers")

    def end(self) -> None:
        self._ends.set()
        for thread in self._threads:
            thread.join()

    def _call(self, draws: random.Random) -> None:
        connection = http.client.HTTPConnection(self._service.host, self._service.port, timeout=_PATIENCE)
        headers = {"Authorization": f"Bearer {self._key}"}
        while not self._ends.wait(_PAUSE if self.seen.answers < self._wanted else _LONG_PAUSE):
            asked, began = self._request(draws), time.monotonic()
            try:
                connection.request(asked.method, asked.path, None if asked.body is None else json.dumps(asked.body), headers)
                answer = connection.getresponse()
                status, content = answer.status, answer.read()
            except (OSError, http.client.HTTPException):
                connection.close()  # the next request opens another
                with self._lock:
                    self.seen.errors += 1
                continue
            with self._lock:
                self.seen.add(asked, began, status, content)
        connection.close()

    def _request(self, draws: random.Random) -> Asked:
        kind, customer = draws.random(), draws.choice(self._customers)
        if kind < 0.1:
            several = draws.sample(self._customers, MOST_LISTS)
            return Asked("POST", "/v1/recommendations", {"customer_ids": several}, several)
        if kind < 0.2:
            return Asked("POST", "/v1/score", {"records": [_RECORD, {"customer_id": customer}]}, [SOMEBODY, customer])
        customer = _NOBODY if kind < 0.25 else customer
        return Asked("GET", f"/v1/customers/{customer}/recommendations?top={draws.randrange(1, 8)}", None, [customer])


@contextmanager
def load(service: Served, key: str, customers: Sequence[int], name: str) -> Iterator[Load]:
    """Callers that ask as long as the block lasts, which begins when some were answered and ends when some more were."""
    workers = len(service.workers())
    until(lambda: sum("scores records" in each["event"] for each in service.events()) == workers, "the model in each worker")
    callers = Load(service, key, customers, name)
    callers.begin()
    try:
        callers.more()
        yield callers
        callers.more()
    finally:
        callers.end()


@dataclass(frozen=True)
class Account:
    """The answers of all lives of workers of a service that has ended, and the rows of the table."""

    served: int
    logged: int
    dropped: int
    lost: int
    rows: int

    @classmethod
    def of(cls, settings: Settings) -> "Account":
        """Read it, and check that each life adds up: exactly, and without loss where it was not killed."""
        lives = list(settled(folder_of(settings)))
        for life in lives:
            assert life.served == life.logged + life.dropped + life.lost, life
            assert not (life.closed and life.lost), life
        served, logged, dropped, lost = (
            sum(getattr(life, name) for life in lives) for name in ("served", "logged", "dropped", "lost")
        )
        return cls(served, logged, dropped, lost, len(predictions(settings)))


def check_log(service: Served, *secrets: str, asked: Sequence[int] = ()) -> list[str]:
    """Check that the log is lines of JSON without a failure, a key or a customer; return the warnings and errors in it."""
    text = service.log.read_text()
    assert "Traceback" not in text
    assert not [secret for secret in secrets if secret in text]
    numbers = {str(each) for each in asked}
    said = []
    for event in service.events():
        assert event["event"] != "a request failed", event
        texts = " ".join(str(event.get(name, "")) for name in ("event", "route", "key", "place", "exception"))
        assert not numbers & set(re.findall(r"\d+", texts)), event
        if event["level"] in {"warning", "error"}:
            said.append(event["event"])
    return said
