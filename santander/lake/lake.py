"""The one door to the Delta tables: reading months, replacing months, appending, and what each commit left.

The embedded engine drops extra columns, casts wrong types and writes rows outside the replaced partitions without a word,
so every write compares schemas before (the frame's and the table's with the catalogue's), keeps to the months it was asked
for, and counts the rows of the commit after.

One writer at a time: santander/lake/writers.py sees to that. santander/lake/past.py has the tables as they were.
"""

import json
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from santander.config.machine import cores
from santander.engine.memory.budget import Budget
from santander.engine.on_demand import SessionOnDemand
from santander.errors import InputError, SantanderError
from santander.lake.month_files import MonthFile, below
from santander.lake.person_lock import alone, beside_other_steps
from santander.lake.small_tables import rows_of
from santander.lake.table_files import commit_files, files_of, fingerprints_of, rows_by_month, rows_meeting
from santander.lake.table_protocol import check_writable, open_table
from santander.lake.table_schema import check_schema, declared_schema, upgrade_schema
from santander.lake.writers import ErasedMeanwhile, write_lock, written_alone, written_among_others
from santander.schema.catalogue import CARRIED_FINGERPRINTS, PARTITION, SUPPRESSIONS, Table
from santander.schema.months import Month
from santander.storage.places import BucketPath, Place, move
from santander.storage.spelling import NO_PATTERNS, for_deltalake, for_engine

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable
    from pyspark.sql import DataFrame, SparkSession

    from santander.config.settings import Settings

_WRITE = "write"
"""The key in a commit's ``userMetadata`` by which a write to a bucket finds its own commit among those of others."""

T = TypeVar("T")


class SchemaMismatch(SantanderError):
    """A frame does not have exactly the columns that the catalogue declares for its table."""

    def __init__(self, table: Table, declared: Sequence[str], given: Sequence[str]) -> None:
        missing = sorted(set(declared) - set(given))
        unknown = sorted(set(given) - set(declared))
        detail = f"missing {missing}, not declared {unknown}" if missing or unknown else "the columns are in another order"
        super().__init__(f"table {table.name}: a write must have exactly the declared columns; {detail}")


class RowCountMismatch(SantanderError):
    """A commit wrote other rows than were meant; it was rolled back, unless others have committed since."""

    def __init__(self, table: Table, month: Month | None, meant: int, written: int, *, rolled_back: bool = True) -> None:
        after = "the commit was rolled back" if rolled_back else "others have committed since, so it stands: run the step again"
        place = table.name if month is None else f"{table.name}, month {month}"
        super().__init__(f"table {place}: {meant} rows were meant, {written} written; {after}")


class Lake:
    """The Delta tables below one folder. The session is needed for data only, not for versions and row counts.

    For a data folder in a bucket that cannot be used it raises InputError or SantanderError, which say what is missing.
    """

    def __init__(self, settings: "Settings", session: "SparkSession | SessionOnDemand | None" = None) -> None:
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
        """How many tasks are at work at once: one for each core, of this machine or of the executors that Spark has."""
        return int(self.session.sparkContext.defaultParallelism) if self.has_workers else cores()

    def path(self, table: Table) -> str:
        """Where the table lies, as a person writes it."""
        return f"{self._root}/{table.name}"

    @property
    def place(self) -> Place:
        """The folder that the tables lie in."""
        return self._data / "lake"

    # --- looking -------------------------------------------------------------------------------------------------

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

    def fingerprints(self, table: Table) -> dict[Month, str]:
        """For each month a text that changes whenever its rows are written anew, save by a compaction."""
        if not self.exists(table):
            return {}
        notes = (row for row in self.rows(CARRIED_FINGERPRINTS) if row["table"] == table.name)
        carried = {(row["month"], row["fingerprint"]): row["same_as"] for row in notes}
        return {month: carried.get((str(month), print_), print_) for month, print_ in fingerprints_of(self._delta(table)).items()}

    def files_by_month(self, table: Table) -> dict[Month, list[Place]]:
        """Where the parquet files of each month lie, for tasks that read them without the engine."""
        places: dict[Month, list[Place]] = {}
        for file in sorted(files_of(self.delta(table)), key=lambda file: file.path) if self.exists(table) else ():
            places.setdefault(file.month, []).append(below(self.place / table.name, file.path))
        return places

    def read(self, table: Table) -> "DataFrame":
        """The whole table; raises InputError when it does not exist (the engine would name a path, not a remedy)."""
        if not self.exists(table):
            raise InputError(f"there is no table {table.name} yet in {self._root}: run the step that makes it first")
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

    def writable(self, table: Table) -> "DeltaTable":
        """The same, for what deltalake writes or deletes; raises UnwritableProtocol too."""
        delta = self.delta(table)
        check_writable(delta, table, self.path(table))
        return delta

    # --- writing -------------------------------------------------------------------------------------------------

    def replace_months(
        self, table: Table, frame: "DataFrame", rows_meant: Mapping[Month, int], lineage: Mapping[str, Any] | None = None
    ) -> int:
        """Replace the months of ``rows_meant`` in one commit and return its version.

        Rows of other months in ``frame`` are never written. Raises SchemaMismatch before anything is written, and
        RowCountMismatch, with the table restored, when the commit holds other rows than were meant.
        """

        def wrong(left: "DeltaTable") -> tuple[Month | None, int, int] | None:
            return _other_rows(rows_by_month(left), rows_meant)

        return self._replace(table, frame, in_months(sorted(rows_meant)), wrong, lineage)

    def replace_months_by_files(
        self,
        table: Table,
        files: Sequence[MonthFile],
        folder: Place,
        rows_meant: Mapping[Month, int],
        lineage: Mapping[str, Any] | None = None,
    ) -> int:
        """The same with rows that tasks have written already to ``files`` below ``folder``, from where they are moved.

        No engine is needed: the files are named in the commit, together with those that they replace.
        """
        return self._commit_waiting(table, files, folder, sorted(rows_meant), lambda _before: rows_meant, lineage)

    def add_to_months_by_files(
        self,
        table: Table,
        files: Sequence[MonthFile],
        folder: Place,
        before: Mapping[Month, str],
        lineage: Mapping[str, Any] | None = None,
    ) -> int:
        """Add rows that tasks have written to ``files`` below ``folder`` to their months; all rows there stay.

        ``before`` are the fingerprints of the months when it was decided which rows to add; raises SantanderError where
        another run has written one of them since.
        """
        added: dict[Month, int] = {}
        for file in files:
            month = Month.parse(file.month)
            added[month] = added.get(month, 0) + file.rows

        def rows_meant(delta: "DeltaTable") -> dict[Month, int]:
            now = fingerprints_of(delta)
            if changed := [str(month) for month in sorted(added) if now.get(month) != before.get(month)]:
                raise SantanderError(
                    f"table {table.name}: another run wrote {', '.join(changed)} meanwhile, nothing was added: run it again"
                )
            rows = rows_by_month(delta)
            return {month: rows.get(month, 0) + n for month, n in added.items()}

        return self._commit_waiting(table, files, folder, [], rows_meant, lineage)

    def replace_where(
        self, table: Table, frame: "DataFrame", predicate: str, rows_meant: int, lineage: Mapping[str, Any] | None = None
    ) -> int:
        """Replace the rows that meet ``predicate`` by those of the frame, all of which meet it; the version of the commit.

        For tables that are not monthly; raises as ``replace_months`` does.
        """

        def wrong(left: "DeltaTable") -> tuple[Month | None, int, int] | None:
            written = rows_meeting(left, predicate)
            return None if written == rows_meant else (None, rows_meant, written)

        return self._replace(table, frame, predicate, wrong, lineage)

    def append_rows(self, table: Table, rows: Sequence[Mapping[str, Any]], lineage: Mapping[str, Any] | None = None) -> int:
        """Append a few rows made in the driver, such as a commit marker; no session is needed."""
        return self._write_rows(table, rows, "append", lineage)

    def overwrite_rows(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
        """Replace all rows of a small table by rows made in the driver."""
        return self._write_rows(table, rows, "overwrite", None)

    def update_rows(self, table: Table, predicate: str, values: Mapping[str, str]) -> int:
        """Set text columns of the rows that meet an SQL predicate, without an engine; how many they were."""
        literals = {name: "'" + text.replace("'", "''") + "'" for name, text in values.items()}  # the library escapes none

        def write() -> int:
            return int(self._delta(table).update(updates=literals, predicate=predicate)["num_updated_rows"])

        return self._commit(table, write)

    def move_files(self, table: Table, former: str, present: str) -> int:
        """Let the rows that name a file below a former folder name it below the present one; how many they were.

        A table of an earlier release, which lacks columns, has its files renamed too.
        """
        if not self.exists(table):
            return 0
        old, new = (text.replace("'", "''") + "/" for text in (former, present))
        inside = f"starts_with(file, '{old}')"
        if new.startswith(old):  # a copy inside of its original: what names the copy is settled
            inside += f" AND NOT starts_with(file, '{new}')"
        renamed = {"file": f"concat('{new}', substr(file, {len(former) + 2}))"}
        with self.lock(table.name):
            return int(self._delta(table).update(updates=renamed, predicate=inside)["num_updated_rows"])

    def delete_rows(self, table: Table, predicate: str, rows_meant: int) -> None:
        """Delete the rows that meet an SQL predicate, without an engine; RowCountMismatch, undone, where not as many as meant."""

        def write() -> None:
            delta = self._delta(table)
            deleted = int(delta.delete(predicate)["num_deleted_rows"])
            if deleted != rows_meant:
                raise RowCountMismatch(table, None, rows_meant, deleted, rolled_back=self._roll_back(table, delta.version()))

        self._commit(table, write)

    def stage(self, frame: "DataFrame", folder: Place) -> "DataFrame":
        """Write rows of a step that are read more than once to a folder of its own, by month; the rows as read from there.

        What the step makes of them is counted by the step, as there is no number to hold them against yet.
        """
        where = self._for_engine(folder)
        frame.write.format("delta").partitionBy(PARTITION).save(where)
        return self.session.read.format("delta").load(where)

    def read_staged(self, folder: Place, schema: "pa.Schema") -> "DataFrame":
        """Rows that the tasks of a step wrote as parquet files to a folder of its own; they are there when the step has run."""
        from pyspark.sql.pandas.types import from_arrow_schema

        reader = self.session.read.schema(from_arrow_schema(schema))
        if self.has_workers:
            reader = reader.option(NO_PATTERNS, "false")
        return reader.parquet(self._for_engine(folder))

    def upgrade(self, table: Table) -> list[str]:
        """Add the columns that the catalogue declares and the table was made without; their names."""
        with self.lock(table.name):
            if not self.exists(table):
                return []
            check_writable(self._delta(table), table, self.path(table))
            return upgrade_schema(self._delta(table), table)

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """One writer at a time, by a lock of this name below the state folder; raises TableBusy."""
        with write_lock(self._locks, name, self._lock_wait):
            yield

    @contextmanager
    def carrying_persons(self) -> Iterator[None]:
        """A step that reads rows of customers and writes what it makes of them: no erasure may come in between.

        Raises PersonsBusy while customers are being forgotten for longer than ``locks.wait``. Who forgets by another state
        folder is noticed at the next commit: ErasedMeanwhile.
        """
        with beside_other_steps(self._locks, self._lock_wait):
            outer, self._erased_before = self._erased_before, self._suppressed()
            try:
                yield
            finally:
                self._erased_before = outer

    @contextmanager
    def forgetting_persons(self) -> Iterator[None]:
        """An erasure: no step that carries persons is under way; raises PersonsBusy when one stays so."""
        with alone(self._locks, self._lock_wait):
            yield

    # --- inside --------------------------------------------------------------------------------------------------

    def _suppressed(self) -> int:
        """A number that changes whenever customers are forgotten."""
        return -1 if (version := self.version(SUPPRESSIONS)) is None else version

    def _delta(self, table: Table, version: int | None = None) -> "DeltaTable":
        """The one place that opens a table: by what its protocol asks, it is read or refused (UnreadableProtocol)."""
        address, options = self._for_deltalake(table)
        return open_table(table, self.path(table), version, options, address)

    def _for_deltalake(self, table: Table) -> tuple[str, dict[str, str] | None]:
        folder = self.place / table.name
        return for_deltalake(folder) if isinstance(folder, Path) else (str(folder), self._options)

    def _for_engine(self, folder: Place) -> str:
        return for_engine(folder, embedded=not self.has_workers)

    def _stored(self, table: Table, version: int | None = None) -> "DataFrame":
        reader = self.session.read.format("delta")
        return (reader if version is None else reader.option("versionAsOf", version)).load(
            self._for_engine(self.place / table.name)
        )

    def _commit(self, table: Table, write: Callable[[], T]) -> T:
        """Do a write that may be done twice: under the lock, or in a bucket again after another writer's commit."""

        def create_and_write() -> T:
            if self._erased_before is not None and table.names_customers and self._erased_before != self._suppressed():
                raise ErasedMeanwhile(table.name)
            self._create(table)
            return write()

        if self._in_bucket:
            return written_among_others(table.name, create_and_write)
        with self.lock(table.name):
            return written_alone(table.name, create_and_write)

    def _write_rows(
        self,
        table: Table,
        rows: Sequence[Mapping[str, Any]],
        mode: Literal["append", "overwrite"],
        lineage: Mapping[str, Any] | None,
    ) -> int:
        import pyarrow as pa
        from deltalake import CommitProperties, write_deltalake

        from santander.schema.types import arrow_schema

        data = pa.Table.from_pylist([dict(row) for row in rows], schema=arrow_schema(table.columns))
        properties = CommitProperties(custom_metadata={"userMetadata": json.dumps(lineage)}) if lineage else None

        def write() -> int:
            present = self._delta(table)
            write_deltalake(present, data, mode=mode, commit_properties=properties)
            return present.version()

        return self._commit(table, write)

    def _replace(
        self,
        table: Table,
        frame: "DataFrame",
        predicate: str,
        wrong: Callable[["DeltaTable"], tuple[Month | None, int, int] | None],
        lineage: Mapping[str, Any] | None,
    ) -> int:
        """Replace rows in one commit and look at what it left: ``wrong`` gives month, rows meant and rows written."""
        self._check_columns(table, frame)

        def write() -> int:
            version = self._write(table, frame.where(predicate), predicate, lineage)
            left = self._delta(table, version)
            if (found := wrong(left)) is not None:
                undone = version is None or self._roll_back(table, version)
                raise RowCountMismatch(table, *found, rolled_back=undone)
            return left.version()

        return self._commit(table, write)

    def _create(self, table: Table) -> None:
        """Make the table, or refuse one that is there with other columns than the catalogue's or rules that we do not keep."""
        from deltalake import CommitProperties, DeltaTable

        if self.exists(table):
            self.writable(table)
            return
        if not self._in_bucket:
            Path(self._root).mkdir(parents=True, exist_ok=True)
        where, options = self._for_deltalake(table)
        DeltaTable.create(
            where,
            schema=declared_schema(table),
            partition_by=[PARTITION] if table.monthly else None,
            description=table.row,
            mode="ignore",
            storage_options=options,
            # tried again by itself, it would make a table that is there a second time, with another id
            commit_properties=CommitProperties(max_commit_retries=0),
        )

    def _write(self, table: Table, frame: "DataFrame", predicate: str, lineage: Mapping[str, Any] | None) -> int | None:
        """Replace the rows that meet ``predicate``; the version of this very commit, None where there was nothing to commit."""
        before = self._delta(table).version()
        told = dict(lineage or {}) | ({_WRITE: uuid.uuid4().hex} if self._in_bucket else {})
        writer = frame.write.format("delta").mode("overwrite").option("replaceWhere", predicate)
        if told:
            writer = writer.option("userMetadata", json.dumps(told, default=str))
        writer.save(self._for_engine(self.place / table.name))
        after = self._delta(table).version()
        if not self._in_bucket:
            return after if after > before else None
        # deltalake's history() numbers commits from the version it has loaded but lists those made since as well
        entries = self.place / table.name / "_delta_log"
        ours = (
            version for version in range(before + 1, after + 1) if told[_WRITE] in (entries / f"{version:020}.json").read_text()
        )
        return next(ours, None)

    def _roll_back(self, table: Table, version: int) -> bool:
        """Undo one commit, unless others have been made since: theirs must stand."""
        from deltalake.exceptions import DeltaError

        latest = self._delta(table)
        if latest.version() != version:
            return False
        try:
            latest.restore(version - 1)
        except DeltaError:
            if not self._in_bucket:
                raise
            return False
        return True

    def _commit_waiting(
        self,
        table: Table,
        files: Sequence[MonthFile],
        folder: Place,
        replaced: Sequence[Month],
        rows_meant: Callable[["DeltaTable"], Mapping[Month, int]],
        lineage: Mapping[str, Any] | None,
    ) -> int:
        """Move waiting files into the table and commit them; ``rows_meant`` makes of the table before the rows after it."""
        waiting = {file.name for file in files}

        def put_in_place() -> int:
            before = self._delta(table)
            check_writable(before, table, self.path(table), by_files=True)
            meant = rows_meant(before)
            for file in files:
                if file.name in waiting:
                    move(below(folder, file.name), below(self.place / table.name, file.name))
                    waiting.discard(file.name)
            commit_files(before, table, files, replaced, lineage)
            after = self._delta(table)
            if (found := _other_rows(rows_by_month(after), meant)) is not None:
                raise RowCountMismatch(table, *found, rolled_back=self._roll_back(table, after.version()))
            return after.version()

        return self._commit(table, put_in_place)

    def _check_columns(self, table: Table, frame: "DataFrame") -> None:
        declared = [f"{name} {field.dataType.simpleString()}" for name, field in _fields(table)]
        given = [f"{field.name} {field.dataType.simpleString()}" for field in frame.schema.fields]
        if declared != given:
            raise SchemaMismatch(table, declared, given)


def _other_rows(written: Mapping[Month, int], meant: Mapping[Month, int]) -> tuple[Month, int, int] | None:
    """The first month that holds other rows than were meant, with both numbers."""
    return next(((m, meant[m], written.get(m, 0)) for m in sorted(meant) if written.get(m, 0) != meant[m]), None)


def _fields(table: Table) -> Iterator[tuple[str, Any]]:
    for field in table.schema().fields:
        yield field.name, field


def in_months(months: Sequence[Month]) -> str:
    """The predicate that picks the partitions of these months."""
    dates = ", ".join(f"DATE '{month.snapshot}'" for month in months)
    return f"{PARTITION} IN ({dates})" if dates else "false"
