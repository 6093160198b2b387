"""The engine that runs in this process, shared by everyone who has a session open on it.

There is one: a second server beside the embedded engine, or a second context of Apache Spark, would be handed the session of
the first, and the first to leave would end it for the others.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from santander.config.sections import shown_size
from santander.config.settings import Settings
from santander.engine.memory.budget import Budget
from santander.errors import InputError
from santander.storage.bucket import BucketPath

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def start_facts(settings: Settings) -> dict[str, str | None]:
    """Return the settings that an engine is started with and cannot be given later, by name.

    The data folder is none of it: one session reads tables of several folders.
    """
    facts: dict[str, str | None] = {"master": settings.master}
    if settings.is_embedded:
        limit = Budget.of(settings).limit
        facts |= {"memory.budget": shown_size(limit or 0), "memory.spill_dir": _text(settings.memory.spill_dir)}
    else:
        facts |= {"spark.profile": settings.spark.profile, "spark.environment": settings.spark.environment}
    return facts | {_BUCKETS: str(settings.data.access) if isinstance(settings.data, BucketPath) else None}


_BUCKETS = "object store"


@dataclass
class OpenEngine:
    """Who shares the engine of this process: the session, what it was started with, and how many have it open."""

    _lock: threading.RLock = field(default_factory=threading.RLock)
    _session: "SparkSession | None" = None
    _facts: dict[str, str | None] = field(default_factory=dict)
    _users: int = 0
    _until_last: ExitStack = field(default_factory=ExitStack)

    @contextmanager
    def shared(
        self, settings: Settings, start: Callable[[Settings], AbstractContextManager["SparkSession"]]
    ) -> Iterator["SparkSession"]:
        """The session of this process: started by the first to come, ended when the last one leaves, in any order and thread.

        Raises InputError for settings that the engine which is open was not started with.
        """
        session = self._join(settings, start)
        try:
            with _active_in_this_thread(session) if settings.is_embedded else nullcontext():
                yield session
        finally:
            self._leave()

    def _join(self, settings: Settings, start: Callable[[Settings], AbstractContextManager["SparkSession"]]) -> "SparkSession":
        with self._lock:
            wanted = start_facts(settings)
            if self._session is None:
                self._session = self._until_last.enter_context(start(settings))
                self._facts = wanted
            elif differing := [name for name in self._facts | wanted if not self._serves(name, wanted.get(name))]:
                each = (f"{name} {_shown(self._facts.get(name))}, asked for is {_shown(wanted.get(name))}" for name in differing)
                raise InputError(
                    f"a session is open in this process with {'; '.join(each)}",
                    hint="leave that one first, or use another process",
                )
            self._users += 1
            return self._session

    def _serves(self, name: str, wanted: str | None) -> bool:
        """Whether the open engine has this setting as wanted; one that reaches a bucket reads local folders too."""
        return self._facts.get(name) == wanted or (name == _BUCKETS and wanted is None)

    def _leave(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                self._session = None
                self._until_last.close()


ENGINE = OpenEngine()
"""The one of this process."""


@contextmanager
def _active_in_this_thread(session: "SparkSession") -> Iterator[None]:
    """Make a session of the embedded engine the one that PySpark finds in this thread, and put back what it found before."""
    from pyspark.sql.connect.session import SparkSession as RemoteSession

    of_thread = RemoteSession._active_session  # noqa: SLF001  (PySpark sets it in the thread that made the session alone)
    before = getattr(of_thread, "session", None)
    of_thread.session = session
    try:
        yield
    finally:
        of_thread.session = before


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _shown(value: str | None) -> str:
    return "none" if value is None else f"'{value}'"
