"""What is refused, and how: a status, a short code for programs and a sentence for people. Nothing of the request is repeated."""

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """How a request is refused; the texts are constants or name what the interface declares."""

    status: int
    code: str
    message: str
    headers: tuple[tuple[bytes, bytes], ...] = ()

    def body(self, request_id: str) -> bytes:
        """Return the JSON object."""
        return json.dumps({"error": self.code, "message": self.message, "request_id": request_id}).encode()


class RefusedRequest(Exception):
    """Raised where a request cannot be answered as asked."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


_CLOSE = (b"connection", b"close")

UNKNOWN = Refusal(404, "unknown", "there is no list for this customer")
NO_OFFERS = Refusal(404, "no_offers", "the month that is served has no offers: publish one that has")
NO_ROUTE = Refusal(404, "no_route", "there is nothing here: /docs describes the interface")
NO_KEY = Refusal(
    401,
    "key_needed",
    "send a key that is known here as 'Authorization: Bearer KEY'",
    ((b"www-authenticate", b'Bearer realm="santander"'),),
)
NOT_LOCAL = Refusal(421, "not_local", "without keys this service answers on its own machine only: 'santander keys add' makes one")
NOT_READY = Refusal(503, "not_ready", "this worker cannot answer now", ((b"retry-after", b"1"),))
NOT_SCORING = Refusal(503, "not_scoring", "the model is not loaded yet", ((b"retry-after", b"2"),))
TOO_MANY = Refusal(503, "too_many_requests_in_flight", "the service is busy: try again", ((b"retry-after", b"1"),))
TOO_LONG = Refusal(413, "body_too_large", "the body is larger than this service takes", (_CLOSE,))
TOO_SLOW = Refusal(408, "body_too_slow", "the body did not arrive in time", (_CLOSE,))
NOT_JSON = Refusal(400, "not_json", "the body is no JSON object in UTF-8")
FAILED = Refusal(500, "failed", "this request failed; its request_id is in the log of the service")


def wrong(message: str) -> Refusal:
    """Return the refusal of a value that is not what the interface declares; the message names the field, never the value."""
    return Refusal(400, "invalid", message)


def no_scope(scope: str) -> Refusal:
    """Return the refusal of a key that may do other things."""
    return Refusal(403, "scope_needed", f"this key lacks the scope '{scope}'")


def wrong_method(allowed: str) -> Refusal:
    """Return the refusal of a method that a route does not have."""
    return Refusal(405, "wrong_method", f"this address takes {allowed}", ((b"allow", allowed.encode()),))
