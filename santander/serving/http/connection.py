"""A connection of a worker: uvicorn's protocol, with the limits it lacks and a drain that loses no request.

uvicorn waits for the head of a request for ever and takes one of any length, and when it ends it closes a connection on which the
next request may be under way.
"""

from asyncio import TimerHandle, Transport
from typing import TYPE_CHECKING, Any, ClassVar

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from santander.serving.http.headers import for_json
from santander.serving.http.refusals import Refusal

if TYPE_CHECKING:
    from santander.config.sections import HttpSettings

_NO_ID = "-"
LINGER_SECONDS = 0.3
"""How long a connection without a request stays open when the worker ends: what a caller has sent by then is answered."""

NOT_HTTP = Refusal(400, "not_http", "this is no HTTP request")
HEAD_TOO_LONG = Refusal(431, "head_too_large", "address and headers are larger than this service takes")
HEAD_TOO_SLOW = Refusal(408, "head_too_slow", "the head of the request did not arrive in time")
TOO_MANY_CONNECTIONS = Refusal(503, "too_many_connections", "the service is busy: try again", ((b"retry-after", b"1"),))


class Connection(HttpToolsProtocol):
    """One connection. ``connection_with`` gives the class its limits, as uvicorn makes the objects."""

    limits: "ClassVar[HttpSettings]"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._in_head = False
        self._head_bytes = 0
        self._head_timer: TimerHandle | None = None
        self._draining = False

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
        before = self._head_bytes
        super().data_received(data)
        if not self._in_head:
            return
        self._head_bytes = before + len(data)
        if self._head_bytes > self.limits.max_head:
            self._refuse(HEAD_TOO_LONG)
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(self.limits.head_seconds, self._head_is_late)

    def on_message_begin(self) -> None:
        """Begin a head."""
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Start the request, the last one of this connection where the worker ends."""
        self._in_head, self._head_bytes = False, 0
        self._stop_timer()
        if sum(len(name) + len(value) for name, value in self.headers) + len(self.url) > self.limits.max_head:
            self._refuse(HEAD_TOO_LONG)
            return
        super().on_headers_complete()
        if self._draining:
            self.cycle.keep_alive = False

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

    def _head_is_late(self) -> None:
        self._head_timer = None
        if self.transport.is_closing():
            return
        if self._in_head:
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
        body = refusal.body(_NO_ID)
        lines = [b"%b: %b\r\n" % header for header in (*for_json(len(body), _NO_ID), *refusal.headers, (b"connection", b"close"))]
        self.transport.write(b"".join([STATUS_LINE[refusal.status], *lines, b"\r\n", body]))
        self.transport.close()


def connection_with(limits: "HttpSettings") -> type[Connection]:
    """Return the class of connections with these limits."""
    return type("LimitedConnection", (Connection,), {"limits": limits})
