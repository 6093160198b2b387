"""What was not taken into customers: list it, export it to be corrected, take corrections back in."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from santander.cli.refused_entries import BROKEN, QuarantinedMonth, Scope, by_month, cells_of, list_refused, shown, table_of
from santander.cli.verb import MonthOption, Outcome, verb
from santander.schema.counting import counted
from santander.schema.records import Inline

if TYPE_CHECKING:
    from santander.config.settings import Settings
    from santander.ingest.accounting import MonthTotals
    from santander.ingest.broken_field import BrokenField
    from santander.ingest.entries import Entry, State
    from santander.ingest.replay import ReplayReport
    from santander.lake.lake import Lake

LISTED = 20
"""The default of --limit."""


@dataclass(frozen=True)
class EntriesByState:
    """How many entries there are in each state of ``santander/ingest/entries.py``."""

    open: int
    resolved: int
    superseded: int
    unfinished: int
    erased: int


@dataclass(frozen=True)
class ListedEntry:
    """An entry with its text."""

    quarantine_id: str
    file: str
    line: int
    month: str
    scope: str
    reason: str
    column: str | None
    customer_id: int | None
    state: "State"
    resolved_by: str | None
    raw: str | None
    broken: Inline["BrokenField"]


@dataclass(frozen=True)
class ListedEntries:
    """The entries that --list shows."""

    entries: Sequence[ListedEntry]


@dataclass(frozen=True)
class QuarantinePayload:
    """The JSON object of ``quarantine``: the entries that are shown by month, and how many there are in each state."""

    months: Mapping[str, QuarantinedMonth]
    states: Inline[EntriesByState]
    listed: Inline[ListedEntries | None] = None


@dataclass(frozen=True)
class ExportPayload:
    """The JSON object of ``quarantine --export``."""

    files: Mapping[str, int]
    """Lines to correct by the file they were written to."""
    left_out: int
    """Lines that repeat a key, which are exported by their reason alone."""


@dataclass(frozen=True)
class ReplayedMonth:
    """Lines of a month that a replay read, and the rows that the month gained."""

    totals: "Inline[MonthTotals]"
    inserted: int


@dataclass(frozen=True)
class ReplayPayload:
    """The JSON object of ``quarantine --replay``."""

    months: Mapping[str, ReplayedMonth]
    resolved: int
    """Quarantined entries that are resolved now."""
    ingestion_id: str
    files: Sequence[str]


@verb
def quarantine(
    files: Annotated[list[str] | None, typer.Argument(help="Files of corrections that --replay takes in.")] = None,
    replay: Annotated[bool, typer.Option("--replay", help="Merge corrected rows into their months by key.")] = False,
    export: Annotated[
        str | None, typer.Option("--export", help="Write what is open to a file to correct and send back.", metavar="FILE")
    ] = None,
    month: MonthOption = None,
    scope: Annotated[Scope | None, typer.Option("--scope", help="Whole lines (row) or single values (value) only.")] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="One reason only, such as bad_product_flag.")] = None,
    all_states: Annotated[bool, typer.Option("--all", help="Count and list what is no longer open too.")] = False,
    refused: Annotated[bool, typer.Option("--refused", help="List what a refused ingest or replay would put aside.")] = False,
    rows: Annotated[bool, typer.Option("--list", help="Show the entries one by one.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many entries --list and --refused show.")] = LISTED,
    *,
    settings: "Settings",
) -> Outcome:
    """Count what lies in quarantine, list it, export it to be corrected, or take corrections back in (--replay FILE...).

    What a refused ingest or replay would have put aside is in no table: --refused lists it until the next try.
    Only --replay starts an engine, on Apache Spark --export too.
    """
    from santander.engine.session import SessionOnDemand
    from santander.errors import InputError
    from santander.lake.lake import Lake

    if replay != bool(files):
        raise InputError("--replay takes files of corrections", hint="name them: 'santander quarantine --replay FILE...'")
    if replay and (export or rows):
        raise InputError("--replay stands alone", hint="leave out --export and --list")
    if refused and (files or export or rows or all_states):
        raise InputError(
            "--refused stands alone, or with --month, --scope, --reason and --limit", hint="leave out what else is there"
        )
    if files:
        return _replay(settings, files)
    if refused:
        return list_refused(settings, _wanted(month, scope, reason), limit)
    if export:
        with SessionOnDemand(settings) as engine, (lake := Lake(settings, engine)).carrying_persons():
            return _export(lake, _chosen(lake, month, scope, reason), export, duplicates=reason is not None)
    lake = Lake(settings)
    entries = _chosen(lake, month, scope, reason)
    return _count(lake, entries, all_states=all_states, limit=limit if rows else 0)


def _chosen(lake: "Lake", month: str | None, scope: Scope | None, reason: str | None) -> "list[Entry]":
    from santander.ingest.entries import read_entries

    wanted = _wanted(month, scope, reason)
    return [entry for entry in read_entries(lake) if all(getattr(entry, name) == value for name, value in wanted.items())]


def _wanted(month: str | None, scope: Scope | None, reason: str | None) -> dict[str, str]:
    """What the entries that are asked for have, by name."""
    from santander.lake.ingestions import UNKNOWN_MONTH
    from santander.schema.months import Month

    if month is not None and month != UNKNOWN_MONTH:
        month = str(Month.parse(month))
    wanted = {"month": month, "scope": scope and str(scope), "reason": reason}
    return {name: value for name, value in wanted.items() if value is not None}


def _count(lake: "Lake", entries: "Sequence[Entry]", *, all_states: bool, limit: int) -> Outcome:
    from santander.ingest.entries import State

    states = Counter(entry.state for entry in entries)
    chosen = [entry for entry in entries if all_states or entry.state is State.OPEN]
    groups = Counter((entry.month, entry.scope, entry.reason, entry.column or "") for entry in chosen)
    said = ", ".join(f"{states[state]:,} {state.value}" for state in State if states[state])
    text: list[Any] = [table_of(groups)] if groups else []
    listed = ListedEntries(_listed(lake, chosen[:limit])) if limit else None
    if listed is not None and listed.entries:
        text.append(_listing(listed.entries, len(chosen)))
    by_state = EntriesByState(**{state.value: states[state] for state in State})
    return Outcome(QuarantinePayload(by_month(groups), by_state, listed), [*text, said or "nothing is in quarantine"])


def _listed(lake: "Lake", entries: "Sequence[Entry]") -> list[ListedEntry]:
    from santander.ingest.broken_field import BrokenField
    from santander.ingest.entries import texts_of

    texts = texts_of(lake, entries)
    return [
        ListedEntry(
            quarantine_id=entry.quarantine_id,
            file=entry.file,
            line=entry.line,
            month=entry.month,
            scope=entry.scope,
            reason=entry.reason,
            column=entry.column,
            customer_id=entry.customer_id,
            state=entry.state,
            resolved_by=entry.resolved_by,
            raw=(raw := texts[entry.file_sha256, entry.line, entry.column]),
            broken=BrokenField.of(entry.reason, entry.column, raw, entry.customer_id),
        )
        for entry in entries
    ]


def _listing(listed: Sequence[ListedEntry], n_all: int) -> Any:
    from rich.table import Table
    from rich.text import Text

    table = Table("file", "line", "reason", "state", *BROKEN, title=f"{len(listed):,} of {n_all:,}", title_justify="left")
    table.columns[1].justify = "right"
    for entry in listed:
        place = (Text(shown(entry.file, 30, keep_end=True)), Text(f"{entry.line}"))
        table.add_row(*place, entry.reason, entry.state, *cells_of(entry.broken))
    return table


def _export(lake: "Lake", entries: "Sequence[Entry]", file: str, *, duplicates: bool) -> Outcome:
    from rich.text import Text

    from santander.ingest.duplicates import REASON
    from santander.ingest.entries import State
    from santander.ingest.export import export_corrections
    from santander.storage.places import place

    # file names as Text: they may hold what rich takes for markup
    written = export_corrections(lake, entries, place(file), duplicates=duplicates)
    left_out = 0 if duplicates else sum(entry.state is State.OPEN and entry.reason == REASON for entry in entries)
    text: list[Any] = [Text(f"{counted(n, 'line')} to correct: {name}") for name, n in written.items()] or [
        "nothing is open: no file was written"
    ]
    if left_out:
        lines = counted(left_out, "line that repeats a key is", "lines that repeat a key are")
        text.append(f"{lines} left out: --reason {REASON} exports them")
    return Outcome(ExportPayload(written, left_out), text)


def _replay(settings: "Settings", files: Sequence[str]) -> Outcome:
    from santander.engine.session import open_session
    from santander.ingest.replay import replay
    from santander.lake.lake import Lake
    from santander.storage.places import place

    places = [place(file) for file in files]
    with open_session(settings) as session:
        report = replay(settings, Lake(settings, session), places)
    payload = _replay_payload(report)
    return Outcome(payload, [_replay_table(payload), f"{report.resolved:,} quarantined entries resolved"])


def _replay_payload(report: "ReplayReport") -> ReplayPayload:
    from santander.ingest.accounting import totals_by_month

    totals = totals_by_month(report.counts)
    months = {month: ReplayedMonth(of_month, report.inserted.get(month, 0)) for month, of_month in totals.items()}
    return ReplayPayload(months, report.resolved, report.ingestion_id, [file.name for file in report.files])


def _replay_table(payload: ReplayPayload) -> Any:
    from rich.table import Table

    table = Table(title=f"replay {payload.ingestion_id}", title_justify="left")
    for heading in ("month", "read", "kept", "quarantined rows", "rows with quarantined values", "new keys"):
        table.add_column(heading, justify="left" if heading == "month" else "right")
    for month, replayed in payload.months.items():
        totals = replayed.totals
        counts = (totals.read, totals.kept, totals.quarantined, totals.rows_with_quarantined_values, replayed.inserted)
        table.add_row(month, *(f"{n:,}" for n in counts))
    return table
