"""Entries of the quarantine and their states, read in the driver from the tables alone: no engine is started.

A row of ``quarantine`` is an entry. Whether it is still open follows from the ingestions that hold the months now: an
ingestion that was replaced since has taken its entries with it, and a replay counts only once it is marked as done.
"""

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from santander.ingest.holders import last_ingestions, merges_since
from santander.lake.ingestions import UNKNOWN_MONTH, Ingestion, read_ingestions
from santander.lake.lake import Lake
from santander.schema.catalogue import QUARANTINE
from santander.suppression import ERASED

if TYPE_CHECKING:
    import pyarrow as pa

ID_DIGITS = 16
"""Digits of a file's sha256 that a quarantine id begins with."""
LEADING_ID = re.compile(rf'"?([0-9a-f]{{{ID_DIGITS}}}:[0-9]+)"?,')
"""The id that a line of a file of corrections begins with; no field of a landing file looks like one."""
_READ = ("ingestion_id", "file", "file_sha256", "month", "line", "scope", "reason", "column", "customer_id", "resolved_by")


class State(StrEnum):
    """State of an entry."""

    OPEN = "open"
    RESOLVED = "resolved"
    """A replay took in the record that the line should have been."""
    SUPERSEDED = "superseded"
    """Its month was ingested from another file since, or a later correction of the same line is open in its stead."""
    UNFINISHED = "unfinished"
    """Its ingestion never ended: the same command again replaces it."""
    ERASED = "erased"
    """Its customer was erased."""


@dataclass(slots=True)
class Entry:
    """One row of ``quarantine`` without its text; ``corrects`` is the id of the line that this one was to correct."""

    ingestion_id: str
    file: str
    file_sha256: str
    month: str
    line: int
    scope: str
    reason: str
    column: str | None
    customer_id: int | None
    resolved_by: str | None
    corrects: str | None
    state: State = State.OPEN

    @property
    def quarantine_id(self) -> str:
        """Names the line: all entries of one line share it."""
        return f"{self.file_sha256[:ID_DIGITS]}:{self.line}"


def read_entries(lake: Lake) -> list[Entry]:
    """Every entry with its state, in order of file and line."""
    import pyarrow.compute as pc

    if not lake.exists(QUARANTINE):
        return []
    columns = {name: pc.field(name) for name in _READ} | {
        "head": pc.utf8_slice_codeunits(pc.field("raw"), 0, ID_DIGITS + 24),  # a text may be as long as a line can be
    }
    rows = lake.delta(QUARANTINE).to_pyarrow_dataset().to_table(columns=columns).to_pylist()
    entries = [Entry(**{name: row[name] for name in _READ}, corrects=_leading_id(row)) for row in rows]
    entries.sort(key=lambda entry: (entry.file, entry.file_sha256, entry.line, entry.column or ""))
    _judge(entries, read_ingestions(lake))
    return entries


def texts_of(lake: Lake, entries: Sequence[Entry]) -> dict[tuple[str, int, str | None], str | None]:
    """Return the quarantined texts of some entries by (file_sha256, line, column)."""
    import pyarrow.compute as pc

    if not entries:
        return {}
    files = {entry.file_sha256 for entry in entries}
    lines = sorted({entry.line for entry in entries})
    table: pa.Table = (
        lake.delta(QUARANTINE)
        .to_pyarrow_dataset()
        # by numbers alone: files that an update of deltalake wrote hold string views, which Arrow compares with no text
        .to_table(columns=["file_sha256", "line", "column", "raw"], filter=pc.field("line").isin(lines))
    )
    rows = table.to_pylist()
    return {(row["file_sha256"], row["line"], row["column"]): row["raw"] for row in rows if row["file_sha256"] in files}


def same_lines(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    """Entries by the id of the line they go back to: attempts to correct a line belong to it, whatever file they came in."""
    entries = list(entries)
    corrects = {entry.quarantine_id: entry.corrects for entry in entries if entry.corrects}
    known = {entry.quarantine_id for entry in entries}
    lines: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        first, seen = entry.quarantine_id, set[str]()
        while (before := corrects.get(first)) in known and first not in seen:
            seen.add(first)
            first = str(before)
        lines[first].append(entry)
    return dict(lines)


def _leading_id(row: Mapping[str, Any]) -> str | None:
    found = LEADING_ID.match(row["head"] or "") if row["scope"] == "row" else None
    return found[1] if found else None


def _judge(entries: Sequence[Entry], ingestions: Sequence[Ingestion]) -> None:
    """Give every entry its state."""
    marked = {row.ingestion_id: row.ingested_at for row in ingestions}
    holding = {
        (row.month, row.ingestion_id)
        for state in (last_ingestions(ingestions), merges_since(ingestions))
        for rows in state.values()
        for row in rows
        if row.is_dated
    }
    holders = {ingestion_id for _, ingestion_id in holding}
    for entry in entries:
        holds = (entry.month, entry.ingestion_id) in holding or (entry.month == UNKNOWN_MONTH and entry.ingestion_id in holders)
        if entry.reason == ERASED:
            entry.state = State.ERASED
        elif entry.ingestion_id not in marked:
            entry.state = State.UNFINISHED
        elif not holds:
            entry.state = State.SUPERSEDED
        elif entry.resolved_by in marked:
            entry.state = State.RESOLVED
    for line in same_lines(entries).values():
        _judge_attempts(line, marked)


def _judge_attempts(line: Sequence[Entry], marked: Mapping[str, dt.datetime]) -> None:
    """Of the attempts at one line at most the last is open."""
    ids = {entry.quarantine_id for entry in line}
    still_open = [entry for entry in line if entry.state is State.OPEN]
    if len(ids) == 1 or not still_open:
        return
    resolved = any(entry.state is State.RESOLVED for entry in line)
    last = max(still_open, key=lambda entry: (marked[entry.ingestion_id], entry.line))
    for entry in still_open:
        if resolved:
            entry.state = State.RESOLVED
        elif entry is not last:
            entry.state = State.SUPERSEDED
