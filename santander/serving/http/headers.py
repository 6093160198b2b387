"""Headers of requests that the service reads, and those of its answers."""

import re
from collections.abc import Iterable
from typing import NamedTuple

Headers = Iterable[tuple[bytes, bytes]]

_SAFE = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
)
_JSON = (b"content-type", b"application/json")
_TRACE = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(?:-.*)?")
_BEARER = b"bearer "


def for_json(length: int, request_id: str) -> list[tuple[bytes, bytes]]:
    """Return the headers of an answer in JSON."""
    return [_JSON, (b"content-length", b"%d" % length), (b"x-request-id", request_id.encode()), *_SAFE]


def for_page(length: int, request_id: str, kind: bytes, policy: bytes) -> list[tuple[bytes, bytes]]:
    """Return the headers of a page for people, with what a browser may load for it."""
    safe = [header for header in _SAFE if header[0] != b"content-security-policy"]
    return [
        (b"content-type", kind), (b"content-length", b"%d" % length), (b"x-request-id", request_id.encode()), *safe,
        (b"content-security-policy", policy),
    ]  # fmt: skip


class Sent(NamedTuple):
    """What the headers of a request say; empty where they say nothing."""

    key: bytes = b""
    host: bytes = b""
    trace: bytes = b""
    length: bytes = b""


def sent(headers: Headers) -> Sent:
    """Read the headers; of one that is there twice the last one counts, and two keys are none."""
    key = host = trace = length = b""
    for name, value in headers:
        if name == b"authorization":
            key = b"" if key or value[:7].lower() != _BEARER else value[7:].strip()
        elif name == b"host":
            host = value
        elif name == b"traceparent":
            trace = value
        elif name == b"content-length":
            length = value
    return Sent(key, host, trace, length)


def traceparent(given: bytes, request_id: str) -> str:
    """Return the trace of this request: the caller's where it names one (W3C Trace Context), else one of its own."""
    of_caller = _TRACE.fullmatch(given)
    trace, flags = (of_caller[1].decode(), of_caller[2].decode()) if of_caller else (request_id, "00")
    return f"00-{trace}-{request_id[:16]}-{flags}"
