"""Read landing csv files into the tables customers, quarantine and ingestions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from santander.cli.verb import ForceOption, Outcome, verb

if TYPE_CHECKING:
    from santander.config.settings import Settings
    from santander.ingest.accounting import MonthTotals
    from santander.ingest.adding import MergedMonth, MergeReport
    from santander.ingest.ingestion import IngestReport
    from santander.ingest.replacing import ReplacedMonth
    from santander.schema.months import Month


@dataclass(frozen=True)
class IngestPayload:
    """The JSON object of ``ingest``."""

    months: "Mapping[str, MonthTotals]"
    """Lines by month, ``unknown`` for those whose date cannot be read."""
    ingestion_id: str
    files: Sequence[str]
    replaced: "Mapping[Month, ReplacedMonth]"


@dataclass(frozen=True)
class MergePayload:
    """The JSON object of ``ingest --merge``."""

    months: "Mapping[str, MergedMonth]"
    ingestion_id: str | None
    """None where nothing was added."""
    files: Sequence[str]
    known: Sequence[str]
    """Files whose rows the months have already."""


@verb
def ingest(
    files: Annotated[
        list[str] | None, typer.Argument(help="Landing csv files, local or s3a://..., in order of precedence for duplicate keys.")
    ] = None,
    merge: Annotated[
        bool, typer.Option("--merge", help="Add the rows to months that are there, as another part of them.")
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace a month even by one that shares few customers with it.")
    ] = False,
    allow_shrink: Annotated[
        bool, typer.Option("--allow-shrink", help="Let a month lose more than half its rows, or its products.")
    ] = False,
    force: ForceOption = False,
    *,
    settings: "Settings",
) -> Outcome:
    """Clean and translate landing csv files: replaces every month found in them, leaves the others as they are.

    Files named together are one delivery. Another part of a month that is there is added by --merge.
    """
    from santander.engine.session import SessionOnDemand
    from santander.errors import InputError
    from santander.ingest.landing import refuse_unreadable
    from santander.ingest.refused import forget_refused
    from santander.pipeline.steps import Steps
    from santander.storage.places import place

    if not files:
        raise InputError("name the landing files", hint="'santander ingest FILE...'")
    if merge and (replace or allow_shrink):
        raise InputError("--merge adds to a month and takes nothing from it", hint="leave out --replace and --allow-shrink")
    places = [place(file) for file in files]
    forget_refused(settings.state)
    refuse_unreadable(places)
    with SessionOnDemand(settings) as session:
        steps = Steps(settings, session, force=force)
        if merge:
            return _merged(steps.merge(places))
        return _replaced(steps.ingest(places, allow_shrink=allow_shrink, replace_others=replace))


def _replaced(report: "IngestReport") -> Outcome:
    from santander.ingest.accounting import totals_by_month
    from santander.ingest.replacing import replaced_by_month, replaced_lines

    months, files = totals_by_month(report.counts), [file.name for file in report.files]
    payload = IngestPayload(months, report.ingestion_id, files, replaced_by_month(report.replaced))
    table = _table(f"ingest {report.ingestion_id}", {month: _cells(totals) for month, totals in months.items()})
    return Outcome(payload, [table, *_texts(replaced_lines(report.replaced))])


def _merged(report: "MergeReport") -> Outcome:
    from santander.ingest.adding import merged_lines, merged_months

    months = merged_months(report.marked)
    payload = MergePayload(months, report.ingestion_id, [file.name for file in report.files], report.known)
    lines = {month: [*_cells(merged.totals), f"{merged.inserted:,}"] for month, merged in months.items()}
    table = [_table(f"merge {report.ingestion_id}", lines, "added")] if months else []
    return Outcome(payload, [*table, *_texts(merged_lines(report))])


def _texts(lines: "list[str]") -> list[Any]:
    """Lines as rich texts: file names may hold what rich takes for markup."""
    from rich.text import Text

    return [Text(line) for line in lines]


def _cells(totals: "MonthTotals") -> list[str]:
    return [f"{n:,}" for n in (totals.read, totals.kept, totals.quarantined, totals.rows_with_quarantined_values)]


def _table(title: str, months: Mapping[str, Sequence[str]], *more: str) -> Any:
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for heading in ("month", "read", "kept", "quarantined rows", "rows with quarantined values", *more):
        table.add_column(heading, justify="left" if heading == "month" else "right")
    for month, cells in months.items():
        table.add_row(month, *cells)
    return table
