"""Compact and vacuum the tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from santander.cli.verb import Outcome, verb
from santander.schema.counting import counted

if TYPE_CHECKING:
    from santander.config.settings import Settings
    from santander.maintain.tables import Maintained
    from santander.serving.snapshot.upkeep import TidiedSnapshots


@dataclass(frozen=True)
class MaintainPayload:
    """The JSON object of ``maintain``."""

    dry_run: bool
    retention_days: int
    refits: int
    """Refits of champions that were deleted, or would be."""
    tables: "Mapping[str, Maintained]"
    snapshots: "TidiedSnapshots"
    """What was removed beside the snapshots that the service answers from, or would be."""


@verb
def maintain(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be deleted, and leave everything.")] = False,
    upgrade: Annotated[
        bool, typer.Option("--upgrade", help="Add columns that this version of the code declares and a table lacks.")
    ] = False,
    settings: "Settings",
) -> Outcome:
    """Merge small files, delete files out of use for longer than maintenance.retention_days, and shorten the logs.

    Versions of tables that a registered model was made from stay. Refits of champions that were kept for as long go too. No
    engine is started.
    """
    from santander.config.sections import shown_size
    from santander.lake.lake import Lake
    from santander.maintain.tables import maintain as maintain_tables
    from santander.registry.refit import KeptRefits
    from santander.serving.snapshot.upkeep import tidy_snapshots

    lake = Lake(settings)
    tables = maintain_tables(settings, lake, dry_run=dry_run, upgrade=upgrade)
    snapshots = tidy_snapshots(settings, lake, dry_run=dry_run)
    refits = KeptRefits(settings.state).remove(settings.maintenance.retention_days, dry_run=dry_run)
    by_name = {each.table: each for each in tables}
    payload = MaintainPayload(dry_run, settings.maintenance.retention_days, refits, by_name, snapshots)
    told = [f"refits of champions deleted: {refits}"] if refits else []
    if snapshots.deleted:
        told.append(f"snapshots: {counted(snapshots.deleted, 'file')} deleted, {shown_size(snapshots.bytes_freed)}")
    return Outcome(payload, [_listed(tables), *told, *_remarks(tables, dry_run=dry_run)])


def _listed(tables: "Sequence[Maintained]") -> Any:
    from rich.table import Table

    listed = Table("table", "files in use before", "after", "files deleted", "MB freed", "log entries dropped")
    for column in listed.columns[1:]:
        column.justify = "right"
    for each in tables:
        counts = (each.files_before, each.files_after, each.deleted)
        listed.add_row(each.table, *(f"{n:,}" for n in counts), f"{each.bytes_freed / 1e6:,.1f}", f"{each.log_entries:,}")
    return listed


def _remarks(tables: "Sequence[Maintained]", *, dry_run: bool) -> list[str]:
    kept = [
        f"{each.table}: version {version} is kept, as model version {', '.join(map(str, models))} was made from it"
        for each in tables
        for version, models in sorted(each.kept_versions.items())
    ]
    added = [f"{each.table}: added {', '.join(each.added_columns)}" for each in tables if each.added_columns]
    return [*added, *kept, *(["dry run: nothing was changed"] if dry_run else [])]
