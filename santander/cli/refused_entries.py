"""What the last refused ingest or replay would have put aside, as ``quarantine --refused`` shows it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from santander.cli.verb import Outcome

if TYPE_CHECKING:
    import pyarrow as pa

    from santander.config.settings import Settings


class Scope(StrEnum):
    """What was lost with an entry."""

    ROW = "row"
    VALUE = "value"


@dataclass(frozen=True)
class QuarantinedMonth:
    """Entries of a month: whole lines and single values, and how many for which reason."""

    rows: int
    values: int
    reasons: Mapping[str, int]


@dataclass(frozen=True)
class RefusedEntry:
    """A line or a value that the last refused ingest or replay would have put aside."""

    file: str
    line: int
    month: str
    scope: str
    reason: str
    column: str | None
    raw: str | None
    customer_id: int | None


@dataclass(frozen=True)
class RefusedPayload:
    """The JSON object of ``quarantine --refused``."""

    months: Mapping[str, QuarantinedMonth]
    """Of all entries; ``unknown`` for lines whose date cannot be read."""
    entries: Sequence[RefusedEntry]
    """The first of them."""


def list_refused(settings: "Settings", wanted: Mapping[str, str], limit: int) -> Outcome:
    """Count the entries that have the ``wanted`` values by name, and show the first ``limit`` of them."""
    from rich.table import Table
    from rich.text import Text

    from santander.ingest.display import shown
    from santander.ingest.refused import read_refused

    def chosen(rows: "pa.Table") -> list[dict[str, Any]]:
        return [row for row in rows.to_pylist() if all(row[name] == value for name, value in wanted.items())]

    entries, groups = map(chosen, read_refused(settings.state))
    months: dict[str, list[dict[str, Any]]] = {}
    for group in groups:
        months.setdefault(group["month"], []).append(group)
    by_month = {month: _of_groups(of_month) for month, of_month in sorted(months.items())}
    listed = [RefusedEntry(**entry) for entry in entries[:limit]]
    payload = RefusedPayload(by_month, listed)
    if not groups:
        return Outcome(payload, ["nothing is kept: the last ingest or replay was not refused for its lines"])
    counts = Table("month", "scope", "reason", "column", "entries")
    for group in groups:
        counts.add_row(group["month"], group["scope"], group["reason"], group["column"] or "", f"{group['count']:,}")
    title = f"{len(listed):,} of {sum(group['count'] for group in groups):,}"
    table = Table("file", "line", "month", "reason", "column", "text", title=title, title_justify="left")
    for entry in listed:
        place = (Text(shown(entry.file, 30, keep_end=True)), f"{entry.line}", entry.month)
        table.add_row(*place, entry.reason, entry.column or "", Text(shown(entry.raw or "", 60)))
    return Outcome(
        payload, [counts, table, "the files were refused: none of this is in a table; correct them and give them again"]
    )


def _of_groups(groups: Sequence[Mapping[str, Any]]) -> QuarantinedMonth:
    reasons: Counter[str] = Counter()
    for group in groups:
        reasons[group["reason"]] += group["count"]
    rows = sum(group["count"] for group in groups if group["scope"] == Scope.ROW)
    return QuarantinedMonth(rows=rows, values=reasons.total() - rows, reasons=dict(sorted(reasons.items())))
