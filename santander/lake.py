"""The one door to the Delta tables: reading months, replacing months, appending, and what each commit left.

The embedded engine drops extra columns, casts wrong types and writes rows outside the replaced partitions without a word,
so every write compares schemas before, keeps to the months it was asked for, and counts the rows of the commit after.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from santander.bank.months import Month
from santander.errors import InputError, SantanderError
from santander.tables import PARTITION, Table

if TYPE_CHECKING:
    from deltalake import DeltaTable
    from pyspark.sql import DataFrame, SparkSession

    from santander.settings import Settings

LOCK_WAIT_SECONDS = 60


class SchemaMismatch(SantanderError):
    """A frame does not have exactly the columns that the catalogue declares for its table."""

    def __init__(self, table: Table, declared: Sequence[str], given: Sequence[str]) -> None:
        missing = sorted(set(declared) - set(given))
        unknown = sorted(set(given) - set(declared))
        detail = f"missing {missing}, not declared {unknown}" if missing or unknown else "the columns are in another order"
        super().__init__(f"table {table.name}: a write must have exactly the declared columns; {detail}")


class RowCountMismatch(SantanderError):
    """A commit wrote other rows than were meant; it was rolled back."""

    def __init__(self, table: Table, month: Month, meant: int, written: int) -> None:
        super().__init__(
            f"table {table.name}, month {month}: {meant} rows were meant, {written} written; the commit was rolled back"
        )


class TableBusy(SantanderError):
    """Another run holds the write lock."""

    def __init__(self, name: str) -> None:
        super().__init__(f"another run is writing {name}: waited {LOCK_WAIT_SECONDS} s, try again when it has ended")


class Lake:
    """The Delta tables below one folder. The session is needed for data only, not for versions and row counts."""

    def __init__(self, settings: "Settings", session: "SparkSession | None" = None) -> None:
        self._root = settings.lake
        self._locks = settings.state / "locks"
        self._session = session

    @property
    def session(self) -> "SparkSession":
        """The engine's session; raises when the lake was opened for looking only."""
        if self._session is None:
            raise RuntimeError("this lake was opened without a session")
        return self._session

    def path(self, table: Table) -> str:
        """Where the table lies."""
        return f"{self._root}/{table.name}"

    # --- looking -------------------------------------------------------------------------------------------------

    def exists(self, table: Table) -> bool:
        """Whether the table has ever been written."""
        from deltalake import DeltaTable

        return DeltaTable.is_deltatable(self.path(table))

    def version(self, table: Table) -> int | None:
        """The version of the latest commit, None for a table that does not exist."""
        return self._delta(table).version() if self.exists(table) else None

    def rows_by_month(self, table: Table) -> dict[Month, int]:
        """Rows of each month, from the statistics of the table's commits: no data is read."""
        rows: dict[Month, int] = {}
        for file in self._files(table):
            rows[file["month"]] = rows.get(file["month"], 0) + file["rows"]
        return dict(sorted(rows.items()))

    def months(self, table: Table) -> list[Month]:
        """Months that have rows, in order."""
        return [month for month, rows in self.rows_by_month(table).items() if rows]

    def fingerprints(self, table: Table) -> dict[Month, str]:
        """For each month a text that changes whenever its rows are written anew."""
        names: dict[Month, list[str]] = {}
        for file in self._files(table):
            names.setdefault(file["month"], []).append(file["path"])
        return {month: hashlib.sha256("\n".join(sorted(paths)).encode()).hexdigest() for month, paths in names.items()}

    def read(self, table: Table) -> "DataFrame":
        """The whole table; raises InputError when it does not exist (the engine would name a path, not a remedy)."""
        if not self.exists(table):
            raise InputError(f"there is no table {table.name} yet in {self._root}: run the step that makes it first")
        return self.session.read.format("delta").load(self.path(table))

    def read_months(self, table: Table, months: Sequence[Month]) -> "DataFrame":
        """The rows of these months; no other partition is read."""
        return self.read(table).where(_in_months(months))

    def rows(self, table: Table) -> list[dict[str, Any]]:
        """All rows of a small table, such as ``step_runs``, read in the driver; empty when the table does not exist."""
        return self._delta(table).to_pyarrow_table().to_pylist() if self.exists(table) else []

    # --- writing -------------------------------------------------------------------------------------------------

    def replace_months(
        self, table: Table, frame: "DataFrame", rows_meant: Mapping[Month, int], lineage: Mapping[str, Any] | None = None
    ) -> int:
        """Replace the months of ``rows_meant`` in one commit and return its version.

        Rows of other months in ``frame`` are never written. Raises SchemaMismatch before anything is written, and
        RowCountMismatch, with the table restored, when the commit holds other rows than were meant.
        """
        self._check_columns(table, frame)
        months = sorted(rows_meant)
        with self.lock(table.name):
            self._create(table)
            before = self._delta(table).version()
            predicate = _in_months(months)
            self._write(table, frame.where(predicate), predicate, lineage)
            written = self.rows_by_month(table)
            for month in months:
                if written.get(month, 0) != rows_meant[month]:
                    self._delta(table).restore(before)
                    raise RowCountMismatch(table, month, rows_meant[month], written.get(month, 0))
            return self._delta(table).version()

    def replace_where(self, table: Table, frame: "DataFrame", predicate: str, lineage: Mapping[str, Any] | None = None) -> int:
        """Replace the rows of a table that is not monthly that meet ``predicate``; the caller's frame meets it throughout."""
        self._check_columns(table, frame)
        with self.lock(table.name):
            self._create(table)
            self._write(table, frame.where(predicate), predicate, lineage)
            return self._delta(table).version()

    def append_rows(self, table: Table, rows: Sequence[Mapping[str, Any]], lineage: Mapping[str, Any] | None = None) -> int:
        """Append a few rows made in the driver, such as a commit marker; no session is needed."""
        import pyarrow as pa
        from deltalake import CommitProperties, write_deltalake

        from santander.arrow import arrow_schema

        with self.lock(table.name):
            self._create(table)
            data = pa.Table.from_pylist([dict(row) for row in rows], schema=arrow_schema(table.columns))
            properties = CommitProperties(custom_metadata={"userMetadata": json.dumps(lineage)}) if lineage else None
            write_deltalake(self._delta(table), data, mode="append", commit_properties=properties)
            return self._delta(table).version()

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """One writer at a time. The operating system drops the lock of a process that dies. Raises TableBusy."""
        from filelock import FileLock, Timeout

        self._locks.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self._locks / f"{name}.lock", timeout=LOCK_WAIT_SECONDS):
                yield
        except Timeout:
            raise TableBusy(name) from None

    # --- inside --------------------------------------------------------------------------------------------------

    def _delta(self, table: Table) -> "DeltaTable":
        from deltalake import DeltaTable

        return DeltaTable(self.path(table))

    def _files(self, table: Table) -> Iterator[dict[str, Any]]:
        if not self.exists(table):
            return
        actions = self._delta(table).get_add_actions(flatten=True).select(["path", "num_records", f"partition.{PARTITION}"])
        columns = [actions.column(i).to_pylist() for i in range(3)]
        for path, rows, snapshot in zip(*columns, strict=True):
            yield {"path": path, "rows": rows, "month": Month.of(_as_date(snapshot))}

    def _create(self, table: Table) -> None:
        from deltalake import DeltaTable
        from deltalake import Schema as DeltaSchema

        from santander.arrow import arrow_schema

        if not self.exists(table):
            Path(self._root).mkdir(parents=True, exist_ok=True)
            DeltaTable.create(
                self.path(table),
                schema=DeltaSchema.from_arrow(arrow_schema(table.columns)),
                partition_by=[PARTITION] if table.monthly else None,
                description=table.row,
                mode="ignore",
            )

    def _write(self, table: Table, frame: "DataFrame", predicate: str, lineage: Mapping[str, Any] | None) -> None:
        writer = frame.write.format("delta").mode("overwrite").option("replaceWhere", predicate)
        if lineage:
            writer = writer.option("userMetadata", json.dumps(lineage, default=str))
        writer.save(self.path(table))

    def _check_columns(self, table: Table, frame: "DataFrame") -> None:
        declared = [f"{name} {field.dataType.simpleString()}" for name, field in _fields(table)]
        given = [f"{field.name} {field.dataType.simpleString()}" for field in frame.schema.fields]
        if declared != given:
            raise SchemaMismatch(table, declared, given)


def _fields(table: Table) -> Iterator[tuple[str, Any]]:
    for field in table.schema().fields:
        yield field.name, field


def _in_months(months: Sequence[Month]) -> str:
    dates = ", ".join(f"DATE '{month.snapshot}'" for month in months)
    return f"{PARTITION} IN ({dates})" if dates else "false"


def _as_date(value: dt.date | str) -> dt.date:
    return value if isinstance(value, dt.date) else dt.date.fromisoformat(value)
