"""A session that is started by the first step that needs one: what is up to date is found out without an engine."""

from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from santander.engine.session import open_session

if TYPE_CHECKING:
    from types import TracebackType

    from pyspark.sql import SparkSession

    from santander.config.settings import Settings


class SessionOnDemand:
    """To be called for the session; inside ``with``, which closes it if it was ever started.

    Raises InputError for an unknown master or profile of Spark, whether or not an engine will be needed.
    """

    def __init__(self, settings: "Settings") -> None:
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
