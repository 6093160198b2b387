"""Importing Feast in half the time: 5 processor seconds become 2.

Feast asks typeguard to check the arguments of its classes at every call. For that typeguard parses and compiles the source of
each of their methods anew while Feast is imported. What the checks could find, mypy finds here. Python's own switch ``-O``
leaves them out as well.
"""

import sys
from collections.abc import Callable
from typing import Any


def import_feast() -> None:
    """Import Feast without having its methods instrumented; nothing happens where it was imported already."""
    if "feast" in sys.modules:
        return
    import typeguard

    instrumenting = typeguard.typechecked
    typeguard.typechecked = _as_it_is
    try:
        import feast  # noqa: F401
    finally:
        typeguard.typechecked = instrumenting


def _as_it_is(target: Any = None, **_: Any) -> Any:
    """A decorator that leaves a class or function alone, with and without arguments."""
    if target is not None:
        return target
    unchanged: Callable[[Any], Any] = lambda decorated: decorated  # noqa: E731
    return unchanged
