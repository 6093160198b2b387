"""Imports without what the imported package takes along where it finds it, and does without where it does not."""

import importlib.abc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


class _Hidden(importlib.abc.MetaPathFinder):
    """Makes Python find no package of these names."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names

    def find_spec(self, name: str, path: object, target: object = None) -> None:  # noqa: ARG002  (Python's signature)
        """Raise ModuleNotFoundError for a hidden name; leave others to the next finder."""
        if name in self._names:
            raise ModuleNotFoundError(f"'{name}' is hidden", name=name)


@contextmanager
def without(*names: str) -> Iterator[None]:
    """Hide packages that have not been imported yet from the imports in the block."""
    hidden = _Hidden(names)
    sys.meta_path.insert(0, hidden)
    try:
        yield
    finally:
        sys.meta_path.remove(hidden)
