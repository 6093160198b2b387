"""The one place that makes a session, at once or on demand. Everything else takes the session or a DataFrame."""

import logging
import os
import shlex
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Self

from santander.config.settings import Settings
from santander.engine.ending import take_back_ctrl_c
from santander.errors import InputError
from santander.storage.bucket import BucketPath

if TYPE_CHECKING:
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

_SESSION_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
}
_SPARK_SETTINGS = {
    **_SESSION_SETTINGS,
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
}

_OF_SPARK_CONNECT = ("SPARK_REMOTE", "SPARK_LOCAL_REMOTE", "SPARK_CONNECT_MODE_ENABLED")


@contextmanager
def open_session(settings: Settings) -> Iterator["SparkSession"]:
    """A session on the engine that ``settings.master`` names.

    Whoever opens one in this process while another is open shares it, in any thread; the engine ends when the last one leaves.
    Raises InputError where the engine that is open was started with another master or other settings of its own.
    """
    from santander.engine.memory.embedded import telling_of_the_pool
    from santander.engine.open_engine import ENGINE

    with telling_of_the_pool(settings), ENGINE.shared(settings, _started) as session:
        yield session


@contextmanager
def _started(settings: Settings) -> Iterator["SparkSession"]:
    if isinstance(settings.data, BucketPath):
        settings.data.check()
        os.environ.update(settings.data.access.environment())  # the embedded engine reads it when it starts
    opened = _embedded_session(settings) if settings.is_embedded else _spark_session(settings)
    with opened as session:
        yield session


@contextmanager
def _embedded_session(settings: Settings) -> Iterator["SparkSession"]:
    from santander.engine.memory.embedded import within_budget

    _refuse_another_spark()
    with within_budget(settings), _served() as session:
        yield session


def _refuse_another_spark() -> None:
    """Raise InputError where somebody else's session of Apache Spark runs in this process: PySpark takes one kind at a time."""
    from pyspark import SparkContext

    if SparkContext._active_spark_context is not None:  # noqa: SLF001  (what PySpark itself asks)
        raise InputError(
            "a session of Apache Spark that was not opened here runs in this process",
            hint="stop it first, or use another process",
        )


@contextmanager
def _served() -> Iterator["SparkSession"]:
    """A server of the embedded engine in this process, by what the environment says of it, and a session on it."""
    os.environ.setdefault("RUST_LOG", "error")
    from pysail.spark import SparkConnectServer
    from pyspark.sql import SparkSession

    server = SparkConnectServer("127.0.0.1", 0)
    server.start(background=True)
    address = server.listening_address
    if address is None:
        raise RuntimeError("the embedded engine started without an address")
    session = SparkSession.builder.remote(f"sc://{address[0]}:{address[1]}").create()
    for name, value in _SESSION_SETTINGS.items():
        session.conf.set(name, value)
    try:
        yield session
    finally:
        # the server ends with it; one that Ctrl-C has ended already would be asked for ten minutes
        session.release_session_on_close = False
        session.stop()
        server.stop()


@contextmanager
def _spark_session(settings: Settings) -> Iterator["SparkSession"]:
    """Apache Spark, started now; or the one that started this process, when a user's own spark-submit did."""
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    _refuse_another_spark()
    if "PYSPARK_GATEWAY_PORT" not in os.environ:
        from santander.engine.cluster.submit import arguments, environment

        submitted = shlex.join([*arguments(settings), "pyspark-shell"])
        if SparkContext._gateway is not None and os.environ.get("PYSPARK_SUBMIT_ARGS") != submitted:  # noqa: SLF001
            raise InputError(
                "Apache Spark was started in this process for another master or with other settings, and its Java stays until "
                "the process ends",
                hint=f"use another process for master '{settings.master}'",
            )
        os.environ.update(environment(settings))
        for variable in _OF_SPARK_CONNECT:  # a parent that ran the embedded engine leaves them behind
            os.environ.pop(variable, None)
        os.environ["PYSPARK_SUBMIT_ARGS"] = submitted
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL)  # it would print each error's Java trace
    builder = SparkSession.builder.appName("santander")
    for name, value in _SPARK_SETTINGS.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    take_back_ctrl_c()
    try:
        yield session
    finally:
        session.stop()


class SessionOnDemand:
    """To be called for the session; inside ``with``, which closes it if it was ever started.

    Raises InputError for an unknown master or profile of Spark, whether or not an engine will be needed.
    """

    def __init__(self, settings: Settings) -> None:
        if not settings.is_embedded:
            from santander.engine.cluster.submit import profile_file

            profile_file(settings)
        self._settings = settings
        self._until_left = ExitStack()
        self._session: SparkSession | None = None

    def __enter__(self) -> Self:
        return self

    def __call__(self) -> "SparkSession":
        """The session, started now if it is the first call."""
        if self._session is None:
            self._session = self._until_left.enter_context(open_session(self._settings))
        return self._session

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: "TracebackType | None"
    ) -> bool | None:
        return self._until_left.__exit__(kind, error, trace)


def slots_of(session: "SparkSession") -> int:
    """Tasks that the executors alive can run at once: n in ``local[n]``, else cores over the cores a task takes.

    Workers that train together need their slots at the same moment, and no public call says how many there are: the default
    parallelism counts cores, not tasks of several cores, and stays what it was for a while when a worker is gone.
    ``xgboost.spark`` asks Spark in the same way.
    """
    context = _context(session)._jsc.sc()  # noqa: SLF001
    return int(context.maxNumConcurrentTasks(context.resourceProfileManager().defaultResourceProfile()))


def cores_of(session: "SparkSession") -> int:
    """The cores of all executors."""
    return int(_context(session).defaultParallelism)


def cores_of_a_slot(session: "SparkSession") -> int:
    """The cores that one task may use."""
    return int(session.conf.get("spark.task.cpus", "1") or 1)


def _context(session: "SparkSession") -> "SparkContext":
    return session.sparkContext
