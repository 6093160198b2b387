"""A connection of a worker: uvicorn's protocol, with the limits it lacks, a drain that loses no request, and a short way for GET.

uvicorn waits for the head of a request for ever and takes one of any length, and when it ends it closes a connection on which the
next request may be under way. It makes a task of the event loop for each request: one that has no body and waits for nothing is
answered without, at the end of its head.
"""

from asyncio import TimerHandle, Transport
from typing import TYPE_CHECKING, Any, ClassVar

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from santander.serving.http.answers import Page
from santander.serving.http.headers import head_of, lines, sent
from santander.serving.http.refusals import Refusal

if TYPE_CHECKING:
    from santander.config.sections import HttpSettings
    from santander.serving.http.service import Service

_NO_ID = "-"
_CLOSE = b"connection: close\r\n"
LINGER_SECONDS = 0.3
"""How long a connection without a request stays open when the worker ends: what a caller has sent by then is answered."""

_READS = {b"GET", b"HEAD"}

NOT_HTTP = Refusal(400, "not_http", "this is no HTTP request")
HEAD_TOO_LONG = Refusal(431, "head_too_large", "address and headers are larger than this service takes")
HEAD_TOO_SLOW = Refusal(408, "head_too_slow", "the head of the request did not arrive in time")
TOO_MANY_CONNECTIONS = Refusal(503, "too_many_connections", "the service is busy: try again", ((b"retry-after", b"1"),))


class Connection(HttpToolsProtocol):
    """One connection. ``connection_with`` gives the class its limits and the service, as uvicorn makes the objects."""

    limits: "ClassVar[HttpSettings]"
    service: "ClassVar[Service]"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._in_head = False
        self._begins = False
        """Whether the head that is read has begun in the bytes that came last."""
        self._head_bytes = self._most_bytes = 0
        """Bytes of a head that is not whole, and what a head that ends now may have at most."""
        self._head_timer: TimerHandle | None = None
        self._draining = False
        self._is_first = False
        """Whether the next request is the first one of the bytes that have come."""
        self._is_answered = False
        """Whether the request that is read was answered at the end of its head."""

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Wait for a head, unless too many wait already."""
        super().connection_made(transport)
        if len(self.connections) > self.limits.max_connections:
            self._refuse(TOO_MANY_CONNECTIONS)
            return
        self._head_timer = self.loop.call_later(self.limits.head_seconds, self._head_is_late)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of the timer."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what belongs to a head that is not whole yet."""
        if self.transport.is_closing():
            return
        self._most_bytes = self._head_bytes + len(data)
        self._begins, self._is_first = False, True
        super().data_received(data)
        if not self._in_head:
            self._head_bytes = 0
            return
        self._head_bytes = self._size_of_head() if self._begins else self._most_bytes
        if self._head_bytes > self.limits.max_head:
            self._refuse(HEAD_TOO_LONG)
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(self.limits.head_seconds, self._head_is_late)

    def on_message_begin(self) -> None:
        """Begin a head."""
        self._in_head, self._begins, self._is_answered = True, True, False
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Answer the request or start it, the last one of this connection where the worker ends."""
        self._in_head = False
        self._stop_timer()
        if self.transport.is_closing():  # nobody gets an answer to what comes after the last request
            self._is_answered = True
            return
        if self._most_bytes > self.limits.max_head and self._size_of_head() > self.limits.max_head:
            self._refuse(HEAD_TOO_LONG)
            return
        is_first, self._is_first = self._is_first, False
        if is_first and self._answered_at_once():
            self._is_answered = True
            return
        super().on_headers_complete()
        if self._draining:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        """End the body of a request that was not answered before it."""
        if not self._is_answered:
            super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  (uvicorn's own text)
        """Refuse what is no HTTP, as everything is refused."""
        self._refuse(NOT_HTTP)

    def shutdown(self) -> None:
        """Answer what is under way and what a caller has sent by now, then close."""
        self._draining = True
        if self.cycle is None or self.cycle.response_complete:
            self.loop.call_later(LINGER_SECONDS, super().shutdown)
        else:
            super().shutdown()

    def _answered_at_once(self) -> bool:
        """Answer a GET or HEAD that has no body and for which nobody else has to wait; False where it has to go uvicorn's way.

        Of requests that come together only the first is answered so, lest one caller hold up all others; the rest take turns.
        """
        method = self.parser.get_method()
        given = sent(self.headers)
        is_free = self.cycle is None or self.cycle.response_complete
        if method not in _READS or given.has_body or not is_free or self.flow.write_paused or b"%" in self.url:
            return False
        address = httptools.parse_url(self.url)
        keep_alive = self.parser.should_keep_alive() and self.parser.get_http_version() != "1.0" and not self._draining

        def write(status: int, head: bytes, body: bytes) -> None:
            head = b"".join((STATUS_LINE[status], lines(self.server_state.default_headers), head, b"" if keep_alive else _CLOSE))
            self.transport.write(b"%b\r\n%b" % (head, body if method == b"GET" else b""))

        self.service.answer_at_once(method.decode(), address.path.decode("ascii"), address.query or b"", given, write)
        if not keep_alive:
            self.transport.close()
        self.on_response_complete()
        return True

    def _size_of_head(self) -> int:
        return sum(len(name) + len(value) for name, value in self.headers) + len(self.url)

    def _head_is_late(self) -> None:
        self._head_timer = None
        if self.transport.is_closing():
            return
        if self._in_head and self.flow.read_paused:  # nobody reads the rest of it before what came earlier is answered
            self._head_timer = self.loop.call_later(self.limits.head_seconds, self._head_is_late)
        elif self._in_head:
            self._refuse(HEAD_TOO_SLOW)
        else:
            self.transport.close()

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _refuse(self, refusal: Refusal) -> None:
        """Write the refusal past ASGI, which knows of no request yet, and close."""
        if self.transport.is_closing():
            return
        if self.cycle is not None and not self.cycle.response_complete:
            self.transport.close()  # in the middle of another answer
            return
        page = Page(refusal.body(_NO_ID), status=refusal.status, headers=refusal.headers)
        self.transport.write(b"".join([STATUS_LINE[page.status], head_of(page, _NO_ID), _CLOSE, b"\r\n", page.content]))
        self.transport.close()


def connection_with(limits: "HttpSettings", service: "Service") -> type[Connection]:
    """Return the class of connections with these limits, to this service."""
    return type("LimitedConnection", (Connection,), {"limits": limits, "service": service})
