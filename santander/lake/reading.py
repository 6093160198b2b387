"""Looking into the Delta tables: what is there, in which version, with which rows. Nothing is written here."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from santander.config.machine import cores
from santander.config.settings import Settings
from santander.engine.memory.budget import Budget
from santander.engine.session import SessionOnDemand, cores_of
from santander.errors import InputError
from santander.lake.month_files import below
from santander.lake.table_files import files_of, fingerprints_of, rows_by_month, rows_of
from santander.lake.table_schema import check_schema, check_writable, open_table
from santander.schema.catalogue import CARRIED_FINGERPRINTS, CUSTOMERS, PARTITION, Columns, Table
from santander.schema.months import Month, in_spans
from santander.schema.types import type_name
from santander.storage.bucket import BucketPath
from santander.storage.places import Place
from santander.storage.spelling import NO_PATTERNS, for_deltalake, for_engine

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable
    from pyspark.sql import DataFrame, SparkSession


class LakeReader:
    """The Delta tables below one folder, for looking. The session is needed for data only, not for versions and row counts.

    For a data folder in a bucket that cannot be used it raises InputError or SantanderError, which say what is missing.
    """

    def __init__(self, settings: Settings, session: "SparkSession | SessionOnDemand | None" = None) -> None:
        self._settings = settings
        self._root = settings.lake
        self._locks = settings.state / "locks"
        self._lock_wait = settings.locks.wait
        self._session = session
        self._erased_before: int | None = None
        self._data = settings.data
        self._options: dict[str, str] | None = None
        if isinstance(self._data, BucketPath):
            self._data.check()
            self._options = self._data.access.table_options()
        self._in_bucket = settings.in_bucket

    @property
    def settings(self) -> "Settings":
        """The settings that the lake was opened with."""
        return self._settings

    @property
    def engine(self) -> "SparkSession | SessionOnDemand | None":
        """The session as it was given, without starting it."""
        return self._session

    @property
    def session(self) -> "SparkSession":
        """The engine's session; raises when the lake was opened for looking only."""
        if self._session is None:
            raise RuntimeError("this lake was opened without a session")
        return self._session() if isinstance(self._session, SessionOnDemand) else self._session

    def start_engine(self) -> None:
        """Start the engine, unless it runs, before there is something for it to do."""
        _ = self.session

    @property
    def has_workers(self) -> bool:
        """Whether the engine does its tasks elsewhere, as Spark does, and not in this process."""
        return not self._settings.is_embedded

    @property
    def budget(self) -> Budget:
        """The memory that a step over these tables may use."""
        return Budget.of(self._settings)

    def cores(self) -> int:
        """Return how many tasks run at once: one for each core, of this machine or of Spark's executors."""
        return cores_of(self.session) if self.has_workers else cores()

    def path(self, table: Table) -> str:
        """Return the table's address as a person writes it."""
        return f"{self._root}/{table.name}"

    @property
    def place(self) -> Place:
        """The folder that the tables lie in."""
        return self._data / "lake"

    def exists(self, table: Table) -> bool:
        """Whether the table has ever been written."""
        from deltalake import DeltaTable

        folder = self.place / table.name
        if isinstance(folder, Path):
            return (folder / "_delta_log").is_dir() and DeltaTable.is_deltatable(for_deltalake(folder)[0])
        return DeltaTable.is_deltatable(str(folder), storage_options=self._options)

    def version(self, table: Table) -> int | None:
        """The version of the latest commit, None for a table that does not exist."""
        return self._delta(table).version() if self.exists(table) else None

    def rows_by_month(self, table: Table) -> dict[Month, int]:
        """Rows of each month, from the statistics of the table's commits: no data is read."""
        return rows_by_month(self._delta(table)) if self.exists(table) else {}

    def months(self, table: Table) -> list[Month]:
        """Months that have rows, in order."""
        return [month for month, rows in self.rows_by_month(table).items() if rows]

    def require_customers(self, months: Iterable[Month]) -> None:
        """Raise InputError that names the months of which ``customers`` has no row, and those there are."""
        there = self.months(CUSTOMERS)
        if absent := [str(month) for month in months if month not in there]:
            known = f"those there are: {in_spans(there)}" if there else "there are none yet"
            remedy = f"take in its landing file by 'santander ingest FILE' ({known})"
            raise InputError(f"no customers for {', '.join(absent)}", month=absent[0], hint=remedy)

    def fingerprints(self, table: Table) -> dict[Month, str]:
        """For each month a text that changes whenever its rows are written anew, save by a compaction."""
        if not self.exists(table):
            return {}
        notes = (row for row in self.rows(CARRIED_FINGERPRINTS) if row["table"] == table.name)
        carried = {(row["month"], row["fingerprint"]): row["same_as"] for row in notes}
        return {month: carried.get((str(month), print_), print_) for month, print_ in fingerprints_of(self._delta(table)).items()}

    def files_by_month(self, table: Table) -> dict[Month, list[Place]]:
        """Return the places of each month's parquet files, for tasks that read them without the engine."""
        places: dict[Month, list[Place]] = {}
        for file in sorted(files_of(self.delta(table)), key=lambda file: file.path) if self.exists(table) else ():
            places.setdefault(file.month, []).append(below(self.place / table.name, file.path))
        return places

    def read(self, table: Table) -> "DataFrame":
        """The whole table; raises InputError when it does not exist (the engine would name a path, not a remedy)."""
        if not self.exists(table):
            remedy = "'santander ingest FILE' makes it" if table is CUSTOMERS else "run the step that makes it first"
            raise InputError(f"there is no table {table.name} yet in {self._root}", hint=remedy)
        self.delta(table)  # one of another version is refused here, not read with nulls
        return self._stored(table)

    def read_months(self, table: Table, months: Sequence[Month]) -> "DataFrame":
        """The rows of these months; no other partition is read."""
        return self.read(table).where(in_months(months))

    def rows(self, table: Table) -> list[dict[str, Any]]:
        """All rows of a small table, such as ``step_runs``, read in the driver; empty when the table does not exist."""
        return rows_of(self.delta(table)) if self.exists(table) else []

    def delta(self, table: Table) -> "DeltaTable":
        """The table at its latest version, as deltalake reads it: for what must not depend on an engine.

        Raises OutdatedTable or ForeignTable when its columns are not those of the catalogue, as every read and write does.
        """
        return check_schema(self._delta(table), table)

    def stored_columns(self, table: Table) -> Columns:
        """Return name and type of each column that the table has, whatever is declared; nothing where there is none."""
        if not self.exists(table):
            return ()
        return tuple((field.name, type_name(field.type)) for field in self._delta(table).schema().fields)

    def writable(self, table: Table) -> "DeltaTable":
        """Return the table as ``delta`` does, to be written through deltalake; raises UnwritableProtocol too."""
        delta = self.delta(table)
        check_writable(delta, table, self.path(table))
        return delta

    def read_staged(self, schema: "pa.Schema", *places: Place) -> "DataFrame":
        """Return the rows of parquet files, or of folders of them, that the tasks of a step have written."""
        from pyspark.sql.pandas.types import from_arrow_schema

        reader = self.session.read.schema(from_arrow_schema(schema))
        if self.has_workers:
            reader = reader.option(NO_PATTERNS, "false")
        return reader.parquet(*map(self._for_engine, places))

    def _delta(self, table: Table, version: int | None = None) -> "DeltaTable":
        """The one place that opens a table: by what its protocol asks, it is read or refused (UnreadableProtocol)."""
        address, options = self._for_deltalake(table)
        return open_table(table, self.path(table), version, options, address)

    def _for_deltalake(self, table: Table) -> tuple[str, dict[str, str] | None]:
        folder = self.place / table.name
        return for_deltalake(folder) if isinstance(folder, Path) else (str(folder), self._options)

    def _for_engine(self, folder: Place) -> str:
        return for_engine(folder, embedded=not self.has_workers)

    def _stored(self, table: Table) -> "DataFrame":
        return self.session.read.format("delta").load(self._for_engine(self.place / table.name))


def in_months(months: Sequence[Month]) -> str:
    """The predicate that picks the partitions of these months."""
    dates = ", ".join(f"DATE '{month.snapshot}'" for month in months)
    return f"{PARTITION} IN ({dates})" if dates else "false"
