"""One table made small: few files, no files that nothing needs, a log that begins at a checkpoint."""

import datetime as dt
import logging
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from santander.features.made import require_functions
from santander.features.rows import FAMILIES
from santander.lake.family_tables import all_tables
from santander.lake.lake import Lake
from santander.lake.table_files import checkpoints, delete_out_of_use, drop_entries_before, entries_before
from santander.registry.runs import versions_named_by_models
from santander.schema.catalogue import CARRIED_FINGERPRINTS, Table
from santander.storage.places import Place, size_of

if TYPE_CHECKING:
    from deltalake import DeltaTable

    from santander.config.settings import Settings

log = logging.getLogger(__name__)


@contextmanager
def same_content(lake: Lake, table: Table) -> Iterator[None]:
    """Let the block rewrite a table's files with the same content: steps that were up to date before are so after.

    A month that was out of date stays so, as it is the fingerprint it had that goes on. When the process dies between the
    write and this note, the months count as changed, which costs time and nothing else.
    """
    before = lake.fingerprints(table) if table.monthly else {}
    yield
    after = lake.fingerprints(table) if table.monthly else {}
    notes = [
        {"table": table.name, "month": str(month), "fingerprint": fingerprint, "same_as": before[month]}
        for month, fingerprint in after.items()
        if month in before and before[month] != fingerprint
    ]
    if notes:
        lake.append_rows(CARRIED_FINGERPRINTS, notes)


@dataclass(frozen=True, slots=True)
class Maintained:
    """What was done to a table, or would be: files in use before and after, files deleted, their bytes, log entries dropped."""

    table: str
    files_before: int
    files_after: int
    deleted: int
    bytes_freed: int
    log_entries: int
    kept_versions: Mapping[int, list[int]]
    """Versions kept because a registered model names them, each with the numbers of the models."""
    added_columns: list[str]


def maintain(settings: "Settings", lake: Lake, *, dry_run: bool, upgrade: bool) -> list[Maintained]:
    """Compact and vacuum every table; with ``upgrade`` first add the columns that the catalogue has and the table lacks.

    Raises SantanderError, before anything is done, where ``upgrade`` would add a feature that no function makes.
    """
    if upgrade:
        require_functions(FAMILIES)
    there = [table for table in all_tables(lake) if lake.exists(table)]
    named = versions_named_by_models(settings, there)
    done = []
    for table in there:
        added = lake.upgrade(table) if upgrade and not dry_run else []
        with lake.lock(table.name):
            done.append(_maintain(settings, lake, table, named[table.name], added, dry_run=dry_run))
        log.info("%s: %s files in use, %s deleted", table.name, done[-1].files_after, done[-1].deleted)
    return done


def _maintain(
    settings: "Settings", lake: Lake, table: Table, named: Mapping[int, list[int]], added: list[str], *, dry_run: bool
) -> Maintained:
    days = settings.maintenance.retention_days
    delta = lake.writable(table)
    before = len(delta.file_uris())
    if not dry_run:
        with same_content(lake, table):
            delta.optimize.compact()
    folder = settings.data / "lake" / table.name
    kept = _loadable(lake, table, named)
    doomed = [size for path in _doomed(delta, days, kept) if (size := _bytes(folder / path)) is not None]
    if doomed and not dry_run:
        delete_out_of_use(delta, folder, retention_hours=days * 24, keep_versions=sorted(kept))
    entries = _trim_log(lake.delta(table), folder / "_delta_log", days, kept, dry_run=dry_run)
    after = before if dry_run else len(lake.delta(table).file_uris())
    return Maintained(table.name, before, after, len(doomed), sum(doomed), entries, kept, added)


def _loadable(lake: Lake, table: Table, named: Mapping[int, list[int]]) -> dict[int, list[int]]:
    """The named versions that are still there: ``forget`` may have removed some."""
    from deltalake.exceptions import DeltaError

    found = {}
    for version, models in named.items():
        try:
            lake.delta(table).load_as_version(version)
        except DeltaError:
            log.info("%s: version %s, which model %s names, is no longer there", table.name, version, models)
            continue
        found[version] = models
    return found


def _trim_log(delta: "DeltaTable", folder: Place, days: int, kept: Collection[int], *, dry_run: bool) -> int:
    """Drop the entries before the last checkpoint that neither the retention nor a kept version reaches back to.

    The latest version and those kept get a checkpoint first.
    """
    cutoff = dt.datetime.now(dt.UTC) - dt.timedelta(days=days)
    recent = [entry["version"] for entry in delta.history() if _moment(entry) >= cutoff]
    floor = min([*recent, *kept, delta.version()])
    if not dry_run:
        # Sail cannot read a version before the last checkpoint unless that version has one of its own
        for version in sorted({*kept, delta.version()} - {*checkpoints(folder)}):
            delta.load_as_version(version)
            delta.create_checkpoint()
    reached = [version for version in checkpoints(folder) if version <= floor]
    if not reached:
        return 0
    return len(entries_before(folder, reached[-1])) if dry_run else drop_entries_before(folder, reached[-1])


def _moment(entry: Mapping[str, Any]) -> dt.datetime:
    return dt.datetime.fromtimestamp(entry.get("timestamp", 0) / 1000, dt.UTC)


def _doomed(delta: "DeltaTable", days: int, kept: Collection[int]) -> list[str]:
    """Files that no version within the retention needs, orphans too; some of them may have been deleted before."""
    return delta.vacuum(
        retention_hours=days * 24, enforce_retention_duration=False, dry_run=True, full=True, keep_versions=sorted(kept)
    )


def _bytes(file: Place) -> int | None:
    return size_of(file) if file.is_file() else None
