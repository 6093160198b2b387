"""What the last refused ingest or replay would have put aside, as ``quarantine --refused`` shows it."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

from santander.cli.verb import Outcome
from santander.schema.records import Inline

if TYPE_CHECKING:
    import pyarrow as pa

    from santander.config.settings import Settings
    from santander.ingest.broken_field import BrokenField

Groups: TypeAlias = Mapping[tuple[str, str, str, str], int]
"""How many entries there are by month, scope, reason and column (empty for a whole line)."""


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
    broken: Inline["BrokenField"]


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

    from santander.ingest.broken_field import BrokenField
    from santander.ingest.refused import read_refused

    def chosen(rows: "pa.Table") -> list[dict[str, Any]]:
        return [row for row in rows.to_pylist() if all(row[name] == value for name, value in wanted.items())]

    kept = read_refused(settings.state)
    entries, counted = map(chosen, kept)
    groups = {(row["month"], row["scope"], row["reason"], row["column"] or ""): row["count"] for row in counted}
    listed = [
        RefusedEntry(**entry, broken=BrokenField.of(*(entry[name] for name in ("reason", "column", "raw", "customer_id"))))
        for entry in entries[:limit]
    ]
    payload = RefusedPayload(by_month(groups), listed)
    if not groups:
        why = (
            "none of what is kept has these values"
            if kept[1].num_rows
            else "the last ingest or replay was not refused for its lines"
        )
        return Outcome(payload, [f"nothing is listed: {why}"])
    title = f"{len(listed):,} of {sum(groups.values()):,}"
    table = Table("file", "line", "month", "reason", *BROKEN, title=title, title_justify="left")
    for entry in listed:
        place = (Text(shown(entry.file, 30, keep_end=True)), f"{entry.line}", entry.month)
        table.add_row(*place, entry.reason, *cells_of(entry.broken))
    return Outcome(
        payload, [table_of(groups), table, "the files were refused: none of this is in a table; correct them and give them again"]
    )


def by_month(groups: Groups) -> dict[str, QuarantinedMonth]:
    """Return the entries of each month, in order."""
    reasons: dict[str, Counter[str]] = defaultdict(Counter)
    rows: Counter[str] = Counter()
    for (month, scope, reason, _), n in groups.items():
        reasons[month][reason] += n
        rows[month] += n * (scope == Scope.ROW)
    return {
        month: QuarantinedMonth(rows[month], of_month.total() - rows[month], dict(sorted(of_month.items())))
        for month, of_month in sorted(reasons.items())
    }


def table_of(groups: Groups) -> Any:
    """Return the entries by month, scope, reason and column as a table for people."""
    from rich.table import Table

    table = Table("month", "scope", "reason", "column", "entries")
    table.columns[-1].justify = "right"
    for group, n in sorted(groups.items()):
        table.add_row(*group, f"{n:,}")
    return table


BROKEN = ("column", "text", "must be")
"""Headings of ``cells_of``."""


def cells_of(broken: "BrokenField") -> tuple[Any, ...]:
    """Return what is wrong in a line as cells of a table for people."""
    from rich.text import Text

    return broken.source_column or "", Text(shown(broken.text, 60)), broken.must_be or ""


def shown(text: str, width: int, *, keep_end: bool = False) -> str:
    """Return at most ``width`` characters of a text, cut at its end or beginning; what does not print is escaped.

    Texts that a user delivered must not steer the terminal.
    """
    part = text[-width:] if keep_end else text[:width]
    escaped = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in part)
    if len(text) <= width and len(escaped) <= width:
        return escaped
    return f"…{escaped[-(width - 1) :]}" if keep_end else f"{escaped[: width - 1]}…"
