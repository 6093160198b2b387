"""Read landing csv files into the tables customers, quarantine and ingestions."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from santander.cli import Outcome, main_of, verb
from santander.options import ForceOption

if TYPE_CHECKING:
    from santander.ingest.ingestion import IngestReport
    from santander.settings import Settings


@verb
def ingest(
    files: Annotated[
        list[str], typer.Argument(help="Landing csv files, local or s3a://…, in order of precedence for duplicate keys.")
    ],
    allow_shrink: Annotated[
        bool, typer.Option("--allow-shrink", help="Let a month lose more than half its rows, or its products.")
    ] = False,
    force: ForceOption = False,
    *,
    settings: "Settings",
) -> Outcome:
    """Clean and translate landing csv files: replaces every month found in them, leaves the others as they are."""
    from santander.session_on_demand import SessionOnDemand
    from santander.steps import Steps
    from santander.storage import place

    places = [place(file) for file in files]
    with SessionOnDemand(settings) as session:
        report = Steps(settings, session, force=force).ingest(places, allow_shrink=allow_shrink)
    return Outcome(_payload(report), [_table(report)])


def _payload(report: "IngestReport") -> dict[str, Any]:
    from santander.ingest.accounting import shown_by_month

    months = shown_by_month(report.counts)
    return {"months": months, "ingestion_id": report.ingestion_id, "files": [file.name for file in report.files]}


def _table(report: "IngestReport") -> Any:
    from rich.table import Table

    table = Table(title=f"ingest {report.ingestion_id}", title_justify="left")
    for heading in ("month", "read", "kept", "quarantined rows", "rows with quarantined values"):
        table.add_column(heading, justify="left" if heading == "month" else "right")
    for month, count in _payload(report)["months"].items():
        table.add_row(month, *(f"{n:,}" for n in count.values()))
    return table


if __name__ == "__main__":
    main_of(ingest)
