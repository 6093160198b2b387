"""Commits to the Delta tables: one writer at a time, no erasure in between, a table made when it is first written, undoing."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from santander.lake.locks import ErasedMeanwhile, alone, beside_other_steps, write_lock, written_alone, written_among_others
from santander.lake.reading import LakeReader
from santander.lake.table_schema import declared_schema
from santander.schema.catalogue import SUPPRESSIONS, Table

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")


class LakeCommits(LakeReader):
    """The Delta tables below one folder, with what every commit to them needs."""

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold the lock of this name below the state folder, so that one writer is at work at a time; raises TableBusy."""
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

    def append_once(self, table: Table, data: "pa.Table", counted: Mapping[str, tuple[int, int]]) -> bool:
        """Append rows in a commit that says how far it goes: for each source, what the table had of it before and has after.

        Nothing is done where the table has anything else by now, as after a commit of which only the answer was lost; then it
        returns False.
        """
        from deltalake import CommitProperties, Transaction, write_deltalake

        def write() -> bool:
            present = self._delta(table)
            if any((present.transaction_version(source) or 0) != before for source, (before, _) in counted.items()):
                return False
            done = [Transaction(source, after) for source, (_, after) in counted.items()]
            write_deltalake(present, data, mode="append", commit_properties=CommitProperties(app_transactions=done))
            return True

        return self._commit(table, write)

    def appended(self, table: Table, sources: Iterable[str]) -> dict[str, int]:
        """How far the table has what came from each source by ``append_once``; 0 where it has nothing of it."""
        there = self._delta(table) if self.exists(table) else None
        return {source: (there.transaction_version(source) or 0) if there else 0 for source in sources}

    def _suppressed(self) -> int:
        """A number that changes whenever customers are forgotten."""
        return -1 if (version := self.version(SUPPRESSIONS)) is None else version

    def _commit(self, table: Table, write: Callable[[], T]) -> T:
        """Do a write that may be done twice: under the lock, or in a bucket again after another writer's commit."""

        def create_and_write() -> T:
            if self._erased_before is not None and table.names_customers and self._erased_before != self._suppressed():
                raise ErasedMeanwhile(table.name)
            self._create(table)
            return write()

        if self._in_bucket:
            again = self._settings.locks
            return written_among_others(table.name, create_and_write, again.attempts, again.first_pause)
        with self.lock(table.name):
            return written_alone(table.name, create_and_write)

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
            partition_by=table.partitions,
            description=table.row,
            mode="ignore",
            storage_options=options,
            # tried again by itself, it would make a table that is there a second time, with another id
            commit_properties=CommitProperties(max_commit_retries=0),
        )

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
