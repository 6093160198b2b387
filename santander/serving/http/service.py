"""The service as an ASGI application: who may call which route, within what limits, and what is written of it.

It is plain ASGI with bodies that are nearly ready: a framework around a lookup of microseconds costs more than it (ADR 64).
"""

import logging
import os
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

from santander.errors import place_of
from santander.serving.http.bodies import Disconnected
from santander.serving.http.headers import for_json, for_page, sent, traceparent
from santander.serving.http.json_log import JsonLog, Request
from santander.serving.http.refusals import (
    FAILED,
    NO_KEY,
    NO_ROUTE,
    NOT_LOCAL,
    TOO_MANY,
    Refusal,
    RefusedRequest,
    no_scope,
    wrong_method,
)
from santander.serving.http.routes import Call, Page, Route
from santander.serving.log.ring import SOURCES
from santander.serving.log.ring import Answer as AnsweredList

if TYPE_CHECKING:
    from santander.config.sections import HttpSettings
    from santander.serving.keys import KeyRing
    from santander.serving.log.ring import AnswerLog
    from santander.serving.metrics import Metrics

log = logging.getLogger(__name__)

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

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

    async def __call__(self, scope: Mapping[str, Any], receive: Callable[[], Awaitable[Any]], send: Send) -> None:
        """Answer a request. Nothing that is raised on the way leaves it."""
        if scope["type"] != "http":
            return
        self._metrics.in_flight += 1
        try:
            await self._answer(scope, receive, send)
        finally:
            self._metrics.in_flight -= 1

    async def _answer(self, scope: Mapping[str, Any], receive: Callable[[], Awaitable[Any]], send: Send) -> None:
        began = time.perf_counter()
        given = sent(scope["headers"])
        method: str = scope["method"]
        route = self._find(scope["path"])
        call = Call(scope["path"], scope["query_string"], given, receive, os.urandom(16).hex(), began)
        refusal: Refusal | None = None
        body: bytes | Page
        try:
            self._check(route, method, call)
            assert route is not None  # noqa: S101  (checked)
            answered = route.answer(call)
            body = answered if isinstance(answered, bytes | Page) else await answered
        except RefusedRequest as error:
            refusal = error.refusal
        except Disconnected:
            return
        except Exception as error:
            fields = {"request_id": call.request_id, "place": place_of(error)}
            log.exception("a request failed", extra={"fields": fields})
            refusal = FAILED
        if refusal is not None:
            status, content = refusal.status, refusal.body(call.request_id)
            headers = [*for_json(len(content), call.request_id), *refusal.headers]
        elif isinstance(body, bytes):
            status, content, headers = 200, body, for_json(len(body), call.request_id)
        else:
            status, content = body.status, body.content
            headers = for_page(len(content), call.request_id, body.kind, body.policy)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})
        seconds = time.perf_counter() - began
        spent = seconds * 1000
        source = SOURCES[call.given[0].source] if call.given and refusal is None else ""
        self._metrics.answered("none" if route is None else route.label, source, status, seconds)
        if refusal is None:
            self._note(call, spent)
        if self._limits.log_requests:
            trace = traceparent(given.trace, call.request_id)
            name, key = ("none" if route is None else route.name), (None if call.key is None else call.key.name)
            self._lines.request(Request(time.time(), call.request_id, trace, _shown(method), name, status, spent, key))

    def _note(self, call: Call, spent: float) -> None:
        """Put the lists of an answer into the log of answers."""
        request_id, at = bytes.fromhex(call.request_id), time.time_ns()
        key, microseconds = "" if call.key is None else call.key.name, int(spent * 1000)
        for customer_id, month, version, source, which, products, chances, features in call.given:
            self._answers.append(
                AnsweredList(
                    request_id, at, customer_id, month, version, source, which, key, microseconds, products, chances, features
                )
            )

    def _check(self, route: Route | None, method: str, call: Call) -> None:
        """Raise RefusedRequest where this caller cannot have this route now."""
        if route is not None and not route.is_free and self.in_flight() > self._limits.max_in_flight:
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


def _name_of(host: bytes) -> bytes:
    """Return the name in a Host header, without the port."""
    return host[: host.index(b"]") + 1] if host.startswith(b"[") and b"]" in host else host.partition(b":")[0].lower()


def _shown(method: str) -> str:
    return method if method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} else "OTHER"
