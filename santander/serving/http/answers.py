"""What a route answers."""

from dataclasses import dataclass

NOTHING_LOADED = b"default-src 'none'; frame-ancestors 'none'"
"""The Content-Security-Policy of what is no page for people."""


@dataclass(frozen=True, slots=True)
class Page:
    """An answer with its status; ``kind`` is its Content-Type, ``policy`` its Content-Security-Policy."""

    content: bytes
    kind: bytes = b"application/json"
    policy: bytes = NOTHING_LOADED
    status: int = 200
    headers: tuple[tuple[bytes, bytes], ...] = ()
    """Headers beside those that every answer has."""


Answer = bytes | Page
"""Bytes are JSON with status 200."""
