"""Waiting for something that another process or thread does."""

import time
from collections.abc import Callable

_PAUSE = 0.005


def wait_for(condition: Callable[[], object], seconds: float = 60) -> None:
    """Go on once the condition holds; fail when it does not in this time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(_PAUSE)
