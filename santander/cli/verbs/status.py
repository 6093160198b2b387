"""Show what is there: months, row counts, table versions, the champion and the last runs."""

from typing import TYPE_CHECKING, Any

from santander.cli.verb import Outcome, verb
from santander.schema.counting import counted

if TYPE_CHECKING:
    from santander.config.settings import Settings
    from santander.pipeline.status import Overview


_NO_MONTHS = (
    "there are no months yet: 'santander ingest FILE' takes files in; 'santander run' without files makes a synthetic bank"
)


@verb
def status(settings: "Settings") -> Outcome:
    """Show months with their row counts, what is out of date, table versions, the champion, and when each step last ran."""
    from santander.pipeline.status import look

    overview = look(settings)
    parts = [
        _months(overview),
        *_remarks(overview),
        *_champion(overview),
        *_served(overview),
        *_last_steps(overview),
        *_tables(overview),
    ]
    text = [*parts, *_logs(overview)]
    return Outcome(overview.payload(), text)


def _months(overview: "Overview") -> Any:
    from rich.table import Table

    table = Table("month", "customers", "products", "features", "recommendations", "out of date")
    for column in table.columns[1:5]:
        column.justify = "right"
    listed = dict.fromkeys(overview.missing_months) | dict(overview.months)
    for named, month in sorted(listed.items(), key=lambda each: each[0]):
        if month is None:
            table.add_row(str(named), "missing")
            continue
        known = "known" if month.has_products else "unknown"
        counts = [f"{n:,}" if n else "-" for n in (month.customers, month.features, month.recommendations)]
        table.add_row(str(named), counts[0], known, *counts[1:], ", ".join(month.stale) or "-")
    return table if listed else _NO_MONTHS


def _remarks(overview: "Overview") -> list[Any]:
    from rich.text import Text

    from santander.registry.old_rows import old_rows_line
    from santander.schema.months import missing_line

    lines = [missing_line(overview.missing_months)] if overview.missing_months else []
    lines += [overview.read_otherwise.line()] if overview.read_otherwise.months else []
    lines += [old_rows_line(overview.on_old_rows)] if overview.on_old_rows else []
    lines += [*overview.families.lines(), *overview.offers.lines()]
    if overview.mark is not None:
        others = overview.files_of_others
        files = counted(len(others), "file that is not part of it", "files that are not part of it")
        more = f"; some months come from {files}, such as {others[0]}" if others else ""
        lines.append(f"the data are {overview.mark}{more}")
    return [Text(line) for line in lines]  # names of files may hold what rich takes for markup


def _last_steps(overview: "Overview") -> list[Any]:
    """When each step last worked, and on which months."""
    from rich.table import Table

    from santander.schema.months import in_spans

    table = Table("step", "last done for", "at (UTC)")
    for step, last in overview.last_steps.items():
        table.add_row(step, in_spans(set(last.months)), f"{last.at:%Y-%m-%d %H:%M}")
    return [table] if overview.last_steps else []


def _tables(overview: "Overview") -> list[Any]:
    from rich.text import Text

    written = [f"{name} {version}" for name, version in overview.tables.items() if version is not None]
    not_yet = [name for name, version in overview.tables.items() if version is None]
    lines = (("tables and their versions", written), ("tables not written yet", not_yet))
    return [Text(f"{title}: {', '.join(names)}") for title, names in lines if names]


def _champion(overview: "Overview") -> list[Any]:
    from rich.text import Text

    if overview.champion.message is not None:
        return [Text(f"nothing is scored: {overview.champion.message}")]  # a path may hold what rich takes for markup
    if overview.champion.champion is None:
        return ["no champion yet: run 'santander train'"] if overview.months else []  # there is nothing yet to train on
    return [f"champion: version {overview.champion.champion} of '{overview.model}'"]


def _served(overview: "Overview") -> list[str]:
    return [f"served online: the lists of {overview.served.month}"] if overview.served is not None else []


def _logs(overview: "Overview") -> list[str]:
    return [f"log of the last run: {overview.logs.last}"] if overview.logs.last else []
