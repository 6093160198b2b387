"""Bodies of requests: read within a size and a time, and taken for a JSON object."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, NoReturn

from santander.serving.http.refusals import NOT_JSON, TOO_LONG, TOO_SLOW, RefusedRequest

if TYPE_CHECKING:
    from santander.config.sections import HttpSettings

Receive = Callable[[], Awaitable[Any]]


class Disconnected(Exception):
    """The caller has gone before the body was there."""


async def json_body(receive: Receive, declared: bytes, limits: "HttpSettings") -> dict[str, Any]:
    """Return the object of a body; ``declared`` is its Content-Length. Raises RefusedRequest, and Disconnected."""
    if declared.isdigit() and int(declared) > limits.max_body:
        raise RefusedRequest(TOO_LONG)
    try:
        async with asyncio.timeout(limits.body_seconds):
            body = await _whole(receive, int(limits.max_body))
    except TimeoutError:
        raise RefusedRequest(TOO_SLOW) from None
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise RefusedRequest(NOT_JSON) from None
    if not isinstance(value, dict):
        raise RefusedRequest(NOT_JSON)
    return value


async def _whole(receive: Receive, most: int) -> bytes:
    pieces, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        if size > most:
            raise RefusedRequest(TOO_LONG)
        if not message.get("more_body", False):
            return b"".join(pieces)


def _no_number(_text: str) -> NoReturn:
    raise ValueError
