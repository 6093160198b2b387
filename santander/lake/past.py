"""The tables as they were at earlier versions, for reading alone: what training a run again needs, and notes with a run."""

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from functools import reduce
from typing import TYPE_CHECKING, TypeVar

from santander.config.settings import Settings
from santander.engine.session import SessionOnDemand
from santander.errors import SantanderError
from santander.lake.family_tables import named_table
from santander.lake.lake import Lake
from santander.lake.table_files import files_of
from santander.lake.table_schema import OutdatedTable, check_schema
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE, PARTITION, Table
from santander.schema.months import Month
from santander.schema.types import arrow_schema

if TYPE_CHECKING:
    from deltalake import DeltaTable
    from pyspark.sql import DataFrame, SparkSession

_READING_ONLY = "a lake as of earlier versions is for reading"

T = TypeVar("T")


class VersionGone(SantanderError):
    """A version of a table cannot be read any more: its log entries or some of its files were deleted."""

    def __init__(self, table: Table, version: int, gone: str) -> None:
        super().__init__(f"version {version} of table {table.name} can no longer be read: {gone}")
        self.table, self.version, self.gone = table, version, gone


def as_of(lake: Lake, versions: Mapping[Table, int], months: Collection[Month] | None = None) -> "PastLake":
    """Return these tables as they were at these versions, all of their months or only some; no other table can be read by it."""
    return PastLake(lake.settings, lake.engine, versions, months)


class PastLake(Lake):
    """Tables as they were at given versions; what would write raises. ``as_of`` gives one.

    A column that the catalogue gained since is null in every row, as ``maintain --upgrade`` makes it for later versions.
    """

    def __init__(
        self,
        settings: Settings,
        session: "SparkSession | SessionOnDemand | None",
        versions: Mapping[Table, int],
        months: Collection[Month] | None = None,
    ) -> None:
        super().__init__(settings, session)
        self._versions = {table.name: version for table, version in versions.items()}
        self._only = None if months is None else frozenset(months)

    def version(self, table: Table) -> int:
        """The version that is read."""
        if table.name not in self._versions:
            raise RuntimeError(f"no version of table {table.name} was named")
        return self._versions[table.name]

    def exists(self, table: Table) -> bool:
        """Whether a version of the table was named, and the table is there."""
        return table.name in self._versions and super().exists(table)

    def rows_by_month(self, table: Table) -> dict[Month, int]:
        """Rows of each month that is read."""
        return {month: rows for month, rows in super().rows_by_month(table).items() if self._reads(month)}

    def read(self, table: Table) -> "DataFrame":
        """The monthly table as it was, with the columns that the catalogue declares.

        It is read by the files that its log names: Sail cannot go back to a version before a checkpoint that came later.
        """
        from pyspark.sql import functions as F

        stored = arrow_schema([column for column in table.columns if column[0] != PARTITION])
        months = [
            self.read_staged(stored, *files).withColumn(PARTITION, F.lit(month.snapshot).cast("date"))
            for month, files in sorted(self.files_by_month(table).items())
            if self._reads(month)
        ]
        rows = reduce(lambda one, other: one.unionByName(other), months or [self.session.createDataFrame([], table.schema())])
        return rows.select(*(name for name, _ in table.columns))

    def delta(self, table: Table) -> "DeltaTable":
        """The table as it was, as deltalake reads it; it may lack columns. Raises ForeignTable."""
        delta = self._delta(table)
        with suppress(OutdatedTable):
            check_schema(delta, table)
        return delta

    def check(self, table: Table) -> None:
        """Raise VersionGone when the version, or a file of the months that are read, is not there any more."""
        from deltalake.exceptions import DeltaError

        latest = super()._delta(table).version() if self.exists(table) else None
        if latest is None or latest < self.version(table):
            raise VersionGone(table, self.version(table), "the table was made anew since" if latest is not None else "no table")
        try:
            files = list(files_of(self.delta(table)))
        except (DeltaError, FileNotFoundError):
            raise VersionGone(table, self.version(table), "its log no longer reaches back to it") from None
        folder = self.place / table.name
        wanted = [file.path for file in files if self._reads(file.month)]
        if missing := sum(not (folder / path).is_file() for path in wanted):
            raise VersionGone(table, self.version(table), f"{missing} of its {len(wanted)} files are gone")

    def upgrade(self, table: Table) -> list[str]:  # noqa: ARG002
        """Raises: nothing is written."""
        raise RuntimeError(_READING_ONLY)

    def _commit(self, table: Table, write: Callable[[], T]) -> T:  # noqa: ARG002
        raise RuntimeError(_READING_ONLY)

    def _delta(self, table: Table, version: int | None = None) -> "DeltaTable":
        return super()._delta(table, self.version(table) if version is None else version)

    def _reads(self, month: Month) -> bool:
        return self._only is None or month in self._only


TABLES_READ = (CUSTOMERS, FEATURES_TABLE)


def table_versions(lake: Lake, families: Iterable[str] = ()) -> dict[str, int | None]:
    """Return the Delta version of each table that training and judging read, None for one that does not exist.

    With ``families`` those of a user's families as well.
    """
    return {table.name: lake.version(table) for table in (*TABLES_READ, *map(named_table, sorted(families)))}
