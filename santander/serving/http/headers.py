"""Headers of requests that the service reads, and those of its answers."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from santander.serving.http.answers import Page

Headers = Iterable[tuple[bytes, bytes]]

_SAFE = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"))
_TRACE = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(?:-.*)?")
_BEARER = b"bearer "


def headers_of(page: "Page", request_id: str) -> list[tuple[bytes, bytes]]:
    """Return the headers of an answer."""
    return [
        (b"content-length", b"%d" % len(page.content)), (b"x-request-id", request_id.encode()),
        *_of_kind(page.kind, page.policy), *page.headers,
    ]  # fmt: skip


def head_of(page: "Page", request_id: str) -> bytes:
    """Return the same as they are written, each header a line."""
    own = b"content-length: %d\r\nx-request-id: %b\r\n" % (len(page.content), request_id.encode())
    return b"".join((own, _lines_of_kind(page.kind, page.policy), lines(page.headers)))


def lines(headers: Headers) -> bytes:
    """Return headers as they are written."""
    return b"".join([b"%b: %b\r\n" % header for header in headers])


def _of_kind(kind: bytes, policy: bytes) -> Headers:
    return ((b"content-type", kind), *_SAFE, (b"content-security-policy", policy))


@lru_cache
def _lines_of_kind(kind: bytes, policy: bytes) -> bytes:
    return lines(_of_kind(kind, policy))


class Sent(NamedTuple):
    """What the headers of a request say; empty where they say nothing."""

    key: bytes = b""
    host: bytes = b""
    trace: bytes = b""
    length: bytes = b""
    """Content-Length."""
    has_body: bool = False


def sent(headers: Headers) -> Sent:
    """Read the headers; of one that is there twice the last one counts, and two keys are none."""
    key = host = trace = length = b""
    has_body = False
    for name, value in headers:
        if name == b"authorization":
            key = b"" if key or value[:7].lower() != _BEARER else value[7:].strip()
        elif name == b"host":
            host = value
        elif name == b"traceparent":
            trace = value
        elif name == b"content-length":
            length, has_body = value, True
        elif name == b"transfer-encoding":
            has_body = True
    return Sent(key, host, trace, length, has_body)


def traceparent(given: bytes, request_id: str) -> str:
    """Return the trace of this request: the caller's where it names one (W3C Trace Context), else one of its own."""
    of_caller = _TRACE.fullmatch(given) if given else None
    trace, flags = (of_caller[1].decode(), of_caller[2].decode()) if of_caller else (request_id, "00")
    return f"00-{trace}-{request_id[:16]}-{flags}"
