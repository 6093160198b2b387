"""Great Expectations imported without what it brings for engines that are not used here.

On import it tries the clients of every database and cloud it can validate in, and takes those it finds: they are half of its
seconds. Our batches are small pandas frames (docs/adr/0012), so it is told that these are not there, as on a machine without
them. Everything else in the process may import them as ever.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_NOT_NEEDED = ("boto3", "botocore", "google.cloud", "google.oauth2", "pyspark.ml", "sqlalchemy", "rfc3987_syntax")
"""The last is a grammar for one format of JSON schemas, brought by the library for drawing plots."""


def import_library() -> None:
    """Import the library, the first time a month is validated; afterwards there is nothing to do."""
    if "great_expectations" not in sys.modules:
        with _as_if_absent(_NOT_NEEDED):
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
