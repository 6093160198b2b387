"""The service: who may call which route, within what limits, and what is written of it.

It is plain ASGI with bodies that are nearly ready: a framework around a lookup of microseconds costs more than it (ADR 64). What
waits for nothing is answered past ASGI too, as a task and its messages cost as much as the lookup (ADR 67).
"""

import logging
import os
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

from santander.errors import place_of
from santander.serving.http.answers import Answer, Page
from santander.serving.http.bodies import Disconnected, Receive
from santander.serving.http.headers import Sent, head_of, headers_of, sent, traceparent
from santander.serving.http.json_log import JsonLog, Request
from santander.serving.http.refusals import (
    FAILED,
    NO_KEY,
    NO_ROUTE,
    NOT_LOCAL,
    TOO_MANY,
    RefusedRequest,
    no_scope,
    wrong_method,
)
from santander.serving.http.routes import Call, Route
from santander.serving.log.ring import SOURCES
from santander.serving.log.ring import Answer as LoggedAnswer

if TYPE_CHECKING:
    from santander.config.sections import HttpSettings
    from santander.serving.keys import KeyRing
    from santander.serving.log.ring import AnswerLog
    from santander.serving.metrics import Metrics

log = logging.getLogger(__name__)

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Write = Callable[[int, bytes, bytes], None]
"""What sends an answer: its status, its headers as they are written, its body."""

_REFUSED = 400
"""Statuses from here on are of requests that were given nothing."""
_LOCAL_NAMES = {b"localhost", b"127.0.0.1", b"[::1]"}


class Service:
    """What uvicorn calls for each request."""

    def __init__(
        self,
        find: "Callable[[str], Route | None]",
        keys: "KeyRing",
        limits: "HttpSettings",
        lines: JsonLog,
        answers: "AnswerLog",
        metrics: "Metrics",
    ) -> None:
        self._find, self._keys, self._limits, self._lines = find, keys, limits, lines
        self._answers, self._metrics = answers, metrics
        self._is_open = not keys and is_loopback(limits.host)
        """Without keys, and reached from this machine alone. With the first key it is closed for good."""
        self.in_flight: Callable[[], int] = lambda: 0
        """Requests that have a task of the event loop."""

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer a request as ASGI has it. Nothing that is raised on the way leaves this."""
        if scope["type"] != "http":
            return
        call = _call(scope["path"], scope["query_string"], sent(scope["headers"]), receive)
        self._metrics.in_flight += 1
        try:
            route = self._find(call.path)
            try:
                answer = self._begin(route, scope["method"], call, others=self.in_flight() - 1)
                page = _page(answer if isinstance(answer, bytes | Page) else await answer)
            except Disconnected:
                return
            except Exception as error:  # noqa: BLE001  (whatever it is, it is answered)
                page = _refusal(error, call)
            headers = headers_of(page, call.request_id)
            await send({"type": "http.response.start", "status": page.status, "headers": headers})
            await send({"type": "http.response.body", "body": page.content})
            self._note(route, scope["method"], call, page.status)
        finally:
            self._metrics.in_flight -= 1

    def answer_at_once(self, method: str, path: str, query: bytes, given: Sent, write: Write) -> None:
        """Answer a GET or HEAD without a body by calling ``write``; routes of these wait for nothing. Raises what that does."""
        call = _call(path, query, given, _nothing)
        self._metrics.in_flight += 1
        try:
            route = self._find(path)
            try:
                answer = self._begin(route, method, call, others=self.in_flight())
                assert isinstance(answer, bytes | Page)  # noqa: S101  (as routes of GET are)
                page = _page(answer)
            except Exception as error:  # noqa: BLE001  (whatever it is, it is answered)
                page = _refusal(error, call)
            write(page.status, head_of(page, call.request_id), page.content)
            self._note(route, method, call, page.status)
        finally:
            self._metrics.in_flight -= 1

    def _begin(self, route: Route | None, method: str, call: Call, others: int) -> Answer | Awaitable[Answer]:
        """Return what the route answers beside so many other requests; raises RefusedRequest where this caller cannot have it."""
        self._check(route, method, call, others)
        assert route is not None  # noqa: S101  (checked)
        return route.answer(call)

    def _note(self, route: Route | None, method: str, call: Call, status: int) -> None:
        """Count an answer, and put it into the logs."""
        seconds = time.perf_counter() - call.began
        now = time.time_ns()
        key = None if call.key is None else call.key.name
        given = call.given if status < _REFUSED else ()
        source = SOURCES[given[0].source] if given else ""
        name, label = ("none", "none") if route is None else (route.name, route.label)
        self._metrics.answered(label, source, status, seconds)
        if given:
            self._answers.append(LoggedAnswer(bytes.fromhex(call.request_id), now, key or "", int(seconds * 1e6)), given)
        if self._limits.log_requests:
            trace = traceparent(call.sent.trace, call.request_id)
            self._lines.request(Request(now / 1e9, call.request_id, trace, _shown(method), name, status, seconds * 1e3, key))

    def _check(self, route: Route | None, method: str, call: Call, others: int) -> None:
        if route is not None and not route.is_free and others >= self._limits.max_in_flight:
            raise RefusedRequest(TOO_MANY)
        if route is None:
            raise RefusedRequest(NO_ROUTE)
        if method != route.method and (method, route.method) != ("HEAD", "GET"):
            raise RefusedRequest(wrong_method(route.method))
        if route.scope is None:
            return
        if self._is_open and not self._keys:
            if _name_of(call.sent.host) not in _LOCAL_NAMES:
                raise RefusedRequest(NOT_LOCAL)  # a page of another host, whose name was made to lead here
            return
        self._is_open = False
        call.key = self._keys.holder(call.sent.key) if call.sent.key else None
        if call.key is None:
            raise RefusedRequest(NO_KEY)
        if not call.key.may(route.scope):
            raise RefusedRequest(no_scope(route.scope))


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this machine alone."""
    return host in {"localhost", "::1"} or host.startswith("127.")


def _call(path: str, query: bytes, given: Sent, receive: Receive) -> Call:
    return Call(path, query, given, receive, os.urandom(16).hex(), time.perf_counter())


async def _nothing() -> Any:
    raise Disconnected


def _page(answer: Answer) -> Page:
    return Page(answer) if isinstance(answer, bytes) else answer


def _refusal(error: Exception, call: Call) -> Page:
    """Return how a request is answered that ended in an exception, which is said where it is none of ours."""
    if isinstance(error, RefusedRequest):
        refusal = error.refusal
    else:
        refusal = FAILED
        fields = {"request_id": call.request_id, "place": place_of(error)}
        log.error("a request failed", exc_info=error, extra={"fields": fields})
    return Page(refusal.body(call.request_id), status=refusal.status, headers=refusal.headers)


def _name_of(host: bytes) -> bytes:
    """Return the name in a Host header, without the port."""
    return host[: host.index(b"]") + 1] if host.startswith(b"[") and b"]" in host else host.partition(b":")[0].lower()


def _shown(method: str) -> str:
    return method if method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} else "OTHER"
