"""The one place that makes a session. Everything else takes the session or a DataFrame."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from santander.errors import InputError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

EMBEDDED = "sail"
_SESSION_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
}


@contextmanager
def open_session(master: str) -> Iterator["SparkSession"]:
    """A session on the engine that ``master`` names, closed on leaving.

    One engine per process: after the embedded engine has run, classic Spark cannot start in the same
    process, and the other way round.
    """
    if master != EMBEDDED:
        raise InputError(f"master '{master}' is not available: this version runs on '{EMBEDDED}' only")
    with _embedded_session() as session:
        yield session


@contextmanager
def _embedded_session() -> Iterator["SparkSession"]:
    os.environ.setdefault("RUST_LOG", "error")
    from pysail.spark import SparkConnectServer
    from pyspark.sql import SparkSession

    server = SparkConnectServer("127.0.0.1", 0)
    server.start(background=True)
    address = server.listening_address
    if address is None:
        raise RuntimeError("the embedded engine started without an address")
    session = SparkSession.builder.remote(f"sc://{address[0]}:{address[1]}").getOrCreate()
    for name, value in _SESSION_SETTINGS.items():
        session.conf.set(name, value)
    try:
        yield session
    finally:
        session.stop()
        server.stop()
