"""What a Delta table says of itself without an engine: its files, rows by month, counts, and what no version needs any more.

Files and rows by month come from the statistics of the commits; no data are read.
"""

import datetime as dt
import hashlib
import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from santander.lake.month_files import MonthFile
from santander.schema.catalogue import PARTITION, Table
from santander.schema.months import Month
from santander.storage.places import Place, names_in
from santander.storage.spelling import OPENDAL

if TYPE_CHECKING:
    from deltalake import DeltaTable


@dataclass(frozen=True, slots=True)
class TableFile:
    """One parquet file of a monthly table: its path below the table's folder, its rows, and the month they are of."""

    path: str
    rows: int
    month: Month


def files_of(delta: "DeltaTable") -> Iterator[TableFile]:
    """The files that this version of a monthly table consists of."""
    actions = delta.get_add_actions(flatten=True).select(["path", "num_records", f"partition.{PARTITION}"])
    columns = [actions.column(i).to_pylist() for i in range(3)]
    for path, rows, snapshot in zip(*columns, strict=True):
        yield TableFile(path, rows, Month.of(_as_date(snapshot)))


def rows_by_month(delta: "DeltaTable") -> dict[Month, int]:
    """Rows of each month, in order of the months."""
    rows: dict[Month, int] = {}
    for file in files_of(delta):
        rows[file.month] = rows.get(file.month, 0) + file.rows
    return dict(sorted(rows.items()))


def fingerprints_of(delta: "DeltaTable") -> dict[Month, str]:
    """For each month a text that changes whenever its rows are written anew."""
    names: dict[Month, list[str]] = {}
    for file in files_of(delta):
        names.setdefault(file.month, []).append(file.path)
    return {month: hashlib.sha256("\n".join(sorted(paths)).encode()).hexdigest() for month, paths in names.items()}


def rows_meeting(delta: "DeltaTable", predicate: str) -> int:
    """Return how many rows match an SQL predicate; reads the columns that it names, in this process."""
    from deltalake import QueryBuilder

    counted = QueryBuilder().register("t", delta).execute(f"SELECT count(*) AS n FROM t WHERE {predicate}")  # noqa: S608
    return int(counted.read_all().column("n")[0].as_py())


def commit_files(
    delta: "DeltaTable",
    table: Table,
    files: Sequence[MonthFile],
    replaced: Sequence[Month],
    lineage: Mapping[str, Any] | None,
) -> None:
    """Name parquet files that lie in the table's folder in one commit upon this version.

    They are all there is of the ``replaced`` months after it; without any, they are added to what there is. Raises
    CommitFailedError when another writer has committed since.
    """
    from deltalake import CommitProperties
    from deltalake.transaction import AddAction, RemoveAction

    now, key = int(time.time() * 1000), table.key[0]
    added: list[AddAction | RemoveAction] = [
        AddAction(file.name, file.size, {PARTITION: file.snapshot}, now, True, file.statistics(key)) for file in files
    ]
    delta.create_write_transaction(
        added,
        "overwrite" if replaced else "append",
        delta.schema(),
        partition_by=[PARTITION],
        partition_filters=[(PARTITION, "in", [str(month.snapshot) for month in replaced])] if replaced else None,
        commit_properties=CommitProperties(
            custom_metadata={"userMetadata": json.dumps(lineage, default=str)} if lineage else None,
            max_commit_retries=0,  # which files are replaced was settled by the version read
        ),
    )


def _as_date(value: dt.date | str) -> dt.date:
    return value if isinstance(value, dt.date) else dt.date.fromisoformat(value)


def rows_of(delta: "DeltaTable") -> list[dict[str, Any]]:
    """All rows as plain values, in no order that may be relied on; moments are in UTC."""
    from deltalake import QueryBuilder

    found = QueryBuilder().register("t", delta).execute("SELECT * FROM t").read_all()
    names = found.schema.names
    columns = [found.column(i).to_pylist() for i in range(len(names))]
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def delete_out_of_use(delta: "DeltaTable", folder: Place, **which: Any) -> list[str]:
    """Vacuum the table in ``folder`` as deltalake's ``vacuum`` with these options does; what it deleted.

    Reached through OpenDAL it takes folders for files and fails on them, so there it only names what is to go.
    """
    by_opendal = str(delta.table_uri).startswith(OPENDAL)
    named = list(delta.vacuum(enforce_retention_duration=False, full=True, dry_run=by_opendal, **which))
    if not by_opendal:
        return named
    gone = [path for path in named if (folder / path).is_file()]
    for path in gone:
        (folder / path).unlink(missing_ok=True)
    return gone


_ENTRY = re.compile(r"\.?(\d{20})\.(?:json|crc|checkpoint\.[a-z0-9.-]*parquet|json\.crc|checkpoint\.parquet\.crc)")
_CHECKPOINT = re.compile(r"(\d{20})\.checkpoint\.[a-z0-9.-]*parquet")


def checkpoints(log: Place) -> list[int]:
    """The versions at which the log has a checkpoint, from where a reader can begin."""
    return sorted({int(found[1]) for name in names_in(log) if (found := _CHECKPOINT.fullmatch(name))})


def entries_before(log: Place, version: int) -> list[Place]:
    """Commits, checkpoints and checksums of versions before ``version``, at which there must be a checkpoint."""
    return [log / name for name in names_in(log) if (found := _ENTRY.fullmatch(name)) and int(found[1]) < version]


def drop_entries_before(log: Place, version: int) -> int:
    """Delete them, the oldest first, so that what is left can be read at every moment; returns how many."""
    old = entries_before(log, version)
    for entry in sorted(old, key=lambda entry: entry.name.lstrip(".")):
        entry.unlink(missing_ok=True)
    return len(old)
