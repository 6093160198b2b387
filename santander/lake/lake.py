"""The one door to the Delta tables: reading months, replacing months, appending, and what each commit left.

The embedded engine drops extra columns, casts wrong types and writes rows outside the replaced partitions without a word,
so every write compares schemas before (the frame's and the table's with the catalogue's), keeps to the months it was asked
for, and counts the rows of the commit after.

Looking is in reading.py, what every commit needs in commits.py; past.py has the tables as they were.
"""

import json
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from santander.errors import SantanderError
from santander.lake.commits import LakeCommits
from santander.lake.month_files import MonthFile, below
from santander.lake.reading import in_months
from santander.lake.table_files import commit_files, fingerprints_of, rows_by_month, rows_meeting
from santander.lake.table_schema import RowCountMismatch, SchemaMismatch, check_writable, upgrade_schema
from santander.schema.catalogue import Table
from santander.schema.months import Month
from santander.storage.places import Place, move

if TYPE_CHECKING:
    from deltalake import DeltaTable
    from pyspark.sql import DataFrame


_WRITE = "write"
"""The key in a commit's ``userMetadata`` by which a write to a bucket finds its own commit among those of others."""


class Lake(LakeCommits):
    """The Delta tables below one folder: reading, and every write with its checks.

    The session is needed for data only, not for versions and row counts.
    """

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
        """Replace the months of ``rows_meant`` by rows that tasks have written to ``files`` below ``folder``; return the version.

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
                    f"table {table.name}: another run wrote {', '.join(changed)} meanwhile, nothing was added",
                    hint="run it again",
                )
            rows = rows_by_month(delta)
            return {month: rows.get(month, 0) + n for month, n in added.items()}

        return self._commit_waiting(table, files, folder, [], rows_meant, lineage)

    def replace_where(
        self, table: Table, frame: "DataFrame", predicate: str, rows_meant: int, lineage: Mapping[str, Any] | None = None
    ) -> int:
        """Replace the rows matching ``predicate`` by those of the frame, all of which match it, and return the commit's version.

        For tables that are not monthly; raises as ``replace_months`` does.
        """

        def wrong(left: "DeltaTable") -> tuple[Month | None, int, int] | None:
            written = rows_meeting(left, predicate)
            return None if written == rows_meant else (None, rows_meant, written)

        return self._replace(table, frame, predicate, wrong, lineage)

    def append_rows(self, table: Table, rows: Sequence[Mapping[str, Any]], lineage: Mapping[str, Any] | None = None) -> int:
        """Append a few rows made in the driver, such as a commit marker; no session is needed."""
        return self._write_rows(table, rows, lineage, {"mode": "append"})

    def overwrite_rows(
        self, table: Table, rows: Sequence[Mapping[str, Any]], months: Sequence[Month] | None = None, also: str | None = None
    ) -> int:
        """Replace all rows of a small table, or those of some months that also meet a condition, by rows made in the driver."""
        conditions = ([] if months is None else [in_months(months)]) + ([] if also is None else [also])
        only = {"predicate": " AND ".join(conditions)} if conditions else {}
        return self._write_rows(table, rows, None, {"mode": "overwrite", **only})

    def update_rows(self, table: Table, predicate: str, values: Mapping[str, str]) -> int:
        """Set text columns of the rows matching ``predicate`` through deltalake and return how many they were."""
        literals = {name: "'" + text.replace("'", "''") + "'" for name, text in values.items()}  # the library escapes none

        def write() -> int:
            return int(self._delta(table).update(updates=literals, predicate=predicate)["num_updated_rows"])

        return self._commit(table, write)

    def move_files(self, table: Table, former: str, present: str) -> int:
        """Rename, in the column ``file``, the folder ``former`` to ``present`` and return how many rows changed.

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
        """Delete rows matching ``predicate`` through deltalake.

        Raises RowCountMismatch, after rolling back, when the number deleted is not ``rows_meant``.
        """

        def write() -> None:
            delta = self._delta(table)
            deleted = int(delta.delete(predicate)["num_deleted_rows"])
            if deleted != rows_meant:
                raise RowCountMismatch(table, None, rows_meant, deleted, rolled_back=self._roll_back(table, delta.version()))

        self._commit(table, write)

    def upgrade(self, table: Table) -> list[str]:
        """Add the columns that the catalogue declares and the table lacks, and return their names."""
        with self.lock(table.name):
            if not self.exists(table):
                return []
            check_writable(self._delta(table), table, self.path(table))
            return upgrade_schema(self._delta(table), table)

    def remake_if_other(self, table: Table) -> None:
        """Empty a table that has other columns than these, and give it these, in one commit."""
        from deltalake import write_deltalake

        from santander.schema.types import arrow_schema

        with self.lock(table.name):
            if self.exists(table) and self.stored_columns(table) != table.columns:
                check_writable(self._delta(table), table, self.path(table))
                none = arrow_schema(table.columns).empty_table()
                write_deltalake(self._delta(table), none, mode="overwrite", schema_mode="overwrite")

    def stage(self, frame: "DataFrame", folder: Place) -> None:
        """Let the engine write rows to parquet files in a folder, to be read by ``read_staged``."""
        frame.write.parquet(self._for_engine(folder))

    def _write_rows(
        self, table: Table, rows: Sequence[Mapping[str, Any]], lineage: Mapping[str, Any] | None, how: Mapping[str, Any]
    ) -> int:
        import pyarrow as pa
        from deltalake import CommitProperties, write_deltalake

        from santander.schema.types import arrow_schema

        data = pa.Table.from_pylist([dict(row) for row in rows], schema=arrow_schema(table.columns))
        properties = CommitProperties(custom_metadata={"userMetadata": json.dumps(lineage)}) if lineage else None

        def write() -> int:
            present = self._delta(table)
            write_deltalake(present, data, commit_properties=properties, **how)
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
        """Replace rows in one commit and check what it left: ``wrong`` returns month, rows meant and rows written, or None."""
        self._check_columns(table, frame)

        def write() -> int:
            version = self._write(table, frame.where(predicate), predicate, lineage)
            left = self._delta(table, version)
            if (found := wrong(left)) is not None:
                undone = version is None or self._roll_back(table, version)
                raise RowCountMismatch(table, *found, rolled_back=undone)
            return left.version()

        return self._commit(table, write)

    def _write(self, table: Table, frame: "DataFrame", predicate: str, lineage: Mapping[str, Any] | None) -> int | None:
        """Replace the rows matching ``predicate``; return the version of this very commit, None where nothing was committed."""
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

    def _commit_waiting(
        self,
        table: Table,
        files: Sequence[MonthFile],
        folder: Place,
        replaced: Sequence[Month],
        rows_meant: Callable[["DeltaTable"], Mapping[Month, int]],
        lineage: Mapping[str, Any] | None,
    ) -> int:
        """Move waiting files into the table and commit them; ``rows_meant`` computes from the table before the rows after."""
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
    """Return the first month that holds another number of rows than meant, with both numbers; None if there is none."""
    return next(((m, meant[m], written.get(m, 0)) for m in sorted(meant) if written.get(m, 0) != meant[m]), None)


def _fields(table: Table) -> Iterator[tuple[str, Any]]:
    for field in table.schema().fields:
        yield field.name, field
