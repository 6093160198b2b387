"""Great Expectations imported without what it brings for engines that are not used here.

On import it tries the clients of every database and cloud it can validate in, and takes those it finds: they are half of its
seconds. Our batches are small pandas frames (docs/adr/0012), so it is told that these are not there, as on a machine without
them. Everything else in the process may import them as ever.

Half of what is left are libraries for plots and statistics, which it imports and which no rule of ours asks for. Those are
loaded by whoever first looks into them. Python 3.11 does not keep two threads from doing that at once: who starts threads that
need one of them imports something out of it before.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from types import ModuleType
from typing import Any

_NOT_NEEDED = ("boto3", "botocore", "google.cloud", "google.oauth2", "pyspark.ml", "sqlalchemy", "rfc3987_syntax")
"""The last is a grammar for one format of JSON schemas, brought by the library for drawing plots."""


_LATER = frozenset({"altair", "scipy.stats"})


def import_library() -> None:
    """Import the library, the first time a month is validated; afterwards there is nothing to do."""
    if "great_expectations" not in sys.modules:
        with _as_if_absent(_NOT_NEEDED), _loaded_when_used(_LATER):
            import great_expectations  # noqa: F401


@contextmanager
def _as_if_absent(names: tuple[str, ...]) -> Iterator[None]:
    """Inside, importing one of these raises ImportError, unless it was imported before."""
    hidden = [name for name in names if name not in sys.modules]
    absent: dict[str, Any] = dict.fromkeys(hidden)  # None is how Python marks what cannot be imported
    sys.modules.update(absent)
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


@contextmanager
def _loaded_when_used(names: frozenset[str]) -> Iterator[None]:
    """Load modules of these names, where the block imports them first, when an attribute of them is asked for."""

    class Finder(MetaPathFinder):
        def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
            spec = PathFinder.find_spec(fullname, path, target) if fullname in names else None
            if spec is not None and spec.loader is not None:
                spec.loader = LazyLoader(spec.loader)
            return spec

    finder = Finder()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
