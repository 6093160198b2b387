"""Record that customers object to marketing, or no longer do."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from santander.cli.verb import Outcome, verb
from santander.forget.asked import asked_id, asked_ids
from santander.schema.counting import counted

if TYPE_CHECKING:
    from santander.config.settings import Settings
    from santander.offers.objecting import Objecting


@verb
def object(  # noqa: A001  (a command is called as its function)
    customer_ids: Annotated[
        list[int] | None, typer.Argument(help="Customers who object.", metavar="CUSTOMER_ID...", parser=asked_id)
    ] = None,
    *,
    from_file: Annotated[Path | None, typer.Option("--from-file", help="Text file of further ids, one a line.")] = None,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="They object no longer.")] = False,
    settings: "Settings",
) -> Outcome:
    """Record that customers object to marketing: nothing is offered to them from now on, and no list that is exported names them.

    The lists of 'score' and the competition's submission stay as they are. An id without a row in customers is taken too.
    """
    from santander.offers.objecting import record_objections

    ids = asked_ids(customer_ids or [], from_file, "object")
    recorded = record_objections(settings, ids, withdraw=withdraw)
    return Outcome(recorded, _told(recorded))


def _told(recorded: "Objecting") -> list[str]:
    did, before = ("withdrawn", "did not object") if recorded.withdrawn else ("recorded", "objected before")
    lines = [f"{counted(recorded.customers, 'customer')}: {counted(recorded.changed, 'objection')} {did}"]
    if recorded.unchanged:
        lines[0] += f", {recorded.unchanged:,} {before}"
    if recorded.erased:
        lines.append(f"{recorded.erased:,} of them erased, which keeps them out for good: nothing was recorded of these")
    if recorded.unknown:
        kept = "" if recorded.withdrawn else ": the objection holds from when there is one"
        lines.append(f"{recorded.unknown:,} of them without a row in customers{kept}")
    if not recorded.withdrawn:
        lines.append(f"rows of offers removed: {recorded.offers_removed:,}")
        lines.append("a list that was exported before may still name them: 'santander offers --export' makes it anew")
    if recorded.changed:
        lines.append("the tables of offers are out of date now: 'santander run' makes them anew")
    return lines
