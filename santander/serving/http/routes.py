"""The routes of the service: a table of them, and what each answers."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from santander.serving.http.answers import Answer
from santander.serving.http.bodies import Receive
from santander.serving.keys import Key, Scope
from santander.serving.log.ring import Given

if TYPE_CHECKING:
    from santander.serving.http.headers import Sent


@dataclass(slots=True)
class Call:
    """A request on its way to its answer."""

    path: str
    query: bytes
    sent: "Sent"
    receive: Receive
    request_id: str
    began: float
    key: Key | None = None
    given: list[Given] = field(default_factory=list)
    """Lists in the answer."""


@dataclass(frozen=True, slots=True)
class Route:
    """One route: ``scope`` is what a key must be good for, None where none is needed."""

    method: str
    name: str
    scope: Scope | None
    answer: Callable[[Call], Answer | Awaitable[Answer]]
    label: str = field(default="other", kw_only=True)
    """What it is called in the metrics."""
    is_free: bool = field(default=False, kw_only=True)
    """Whether it is answered however many requests are in flight."""
