"""Remove customers from everything there is."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from santander.cli.verb import Outcome, verb
from santander.errors import SantanderError
from santander.forget.asked import asked_id, asked_ids
from santander.schema.counting import counted

if TYPE_CHECKING:
    from santander.config.settings import Settings
    from santander.forget.forget import Erasure


@verb
def forget(
    customer_ids: Annotated[
        list[int] | None, typer.Argument(help="Customers to forget.", metavar="CUSTOMER_ID...", parser=asked_id)
    ] = None,
    *,
    from_file: Annotated[
        Path | None, typer.Option("--from-file", help="Text file of further ids, one a line; delete it afterwards.")
    ] = None,
    landing: Annotated[
        list[str] | None,
        typer.Option("--landing", help="A landing file outside of DATA_DIR to rewrite as well; may be repeated."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be removed, and leave everything.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask, as without a terminal.")] = False,
    settings: "Settings",
) -> Outcome:
    """Remove customers from tables, landing files, submissions, reports and stores, and keep later ingests from restoring them.

    On a terminal it says what will go and asks. Ends with exit code 1 when anything is left, and names it.
    """
    from santander.forget.forget import forget as forget_customers
    from santander.storage.places import place

    ids, places = asked_ids(customer_ids or [], from_file), [place(file) for file in landing or []]
    on_terminal = sys.stdin is not None and sys.stdin.isatty()  # a closed standard input is None
    if on_terminal and not yes and not dry_run:
        foretold = forget_customers(settings, ids, places, dry_run=True)
        if not foretold.nowhere and not _agreed(foretold):
            raise SantanderError("nothing was forgotten or changed", hint="answer y, or give --yes")
    erasure = forget_customers(settings, ids, places, dry_run=dry_run)
    return Outcome(erasure.payload(dry_run=dry_run), _told(erasure, dry_run=dry_run), exit_code=0 if erasure.complete else 1)


def _agreed(foretold: "Erasure") -> bool:
    """Ask on standard error, so that standard output keeps to the result."""
    from santander.cli.screen import show

    show(_told(foretold, dry_run=True)[:-1], stderr=True)
    print("Forget them? This cannot be undone [y/N]: ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in {"y", "yes"}  # typer.confirm writes to standard output all the same


def _told(erasure: "Erasure", *, dry_run: bool) -> list[Any]:
    from rich.text import Text

    if erasure.nowhere:
        return [Text(line) for line in (_nobody(erasure, dry_run=dry_run), *(f"left to you: {said}" for said in erasure.left))]
    rows = ", ".join(f"{name} {n:,}" for name, n in erasure.rows.items()) or "none"
    lines = [
        _who(erasure),
        f"rows {'to remove' if dry_run else 'removed'}: {rows}",
        f"files {'to rewrite or remove' if dry_run else 'rewritten or removed'}: {len(erasure.files):,}",
        *(f"  {file}" for file in erasure.files),
    ]
    if erasure.models:
        trained = ", ".join(map(str, erasure.models))
        order = "santander promote --version N --override --reason TEXT"
        lines.append(f"trained on them: versions {trained}: retrain; where the gate keeps such a champion: '{order}'")
    for table, versions in erasure.lost_versions.items():
        lines.append(f"{table}: versions {', '.join(map(str, versions))}, which models name, can no longer be read")
    if erasure.stale:
        span = " to ".join(dict.fromkeys((erasure.stale[0], erasure.stale[-1])))
        lines.append(f"out of date now: features of {span}, and what rests on them: 'santander run' makes them anew")
    lines += [f"{name}: figures of groups, without ids; they count them until made anew" for name in erasure.aggregates]
    lines += [f"left to you: {said}" for said in erasure.left]
    lines += [f"still there: {trace}" for trace in erasure.traces]
    if dry_run:
        lines.append("dry run: nothing was changed")
    if erasure.taken_up:
        lines.insert(0, f"an erasure of other customers did not end: {erasure.taken_up:,} of them are among these")
    return [Text(line) for line in lines]  # names of files may hold what rich takes for markup


def _who(erasure: "Erasure") -> str:
    if erasure.customers == 1:
        return f"1 customer, who has {'no' if erasure.unknown else 'a'} row in customers"
    return f"{erasure.customers:,} customers, {erasure.unknown:,} of them without a row in customers"


def _nobody(erasure: "Erasure", *, dry_run: bool) -> str:
    found = counted(erasure.customers, "customer was", "customers were")
    ids = "the id" if erasure.customers == 1 else "the ids"
    be = "would be" if dry_run else "is" if erasure.customers == 1 else "are"
    return f"{found} found nowhere; nothing {'would be' if dry_run else 'was'} removed, and {ids} {be} kept out of later files"
