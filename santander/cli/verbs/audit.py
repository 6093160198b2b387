"""Recompute the tables by a third engine and name what differs."""

from typing import TYPE_CHECKING, Annotated

import typer

from santander.cli.verb import FromOption, MonthOption, Outcome, ToOption, verb
from santander.schema.months import AskedMonths

if TYPE_CHECKING:
    from santander.config.settings import Settings

TablesOnly = Annotated[bool, typer.Option("--tables-only", help="Hold the tables against each other; read no landing file.")]
OneIn = Annotated[
    int | None,
    typer.Option("--one-in", min=1, help="Compare all features of one customer in so many [default: conf; 1 in small months]."),
]


@verb
def audit(
    month: MonthOption = None,
    from_: FromOption = None,
    to: ToOption = None,
    tables_only: TablesOnly = False,
    one_in: OneIn = None,
    *,
    settings: "Settings",
) -> Outcome:
    """Recompute the tables from the landing files with DuckDB, which shares no code with the steps, and compare.

    A line a month: no difference, or each figure and row that differs, which ends with exit code 1.
    """
    from rich.text import Text

    from santander.audit.audit import Audit
    from santander.audit.findings import lines, payload

    asked = AskedMonths.read(month, from_, to)
    auditing = Audit(settings, tables_only=tables_only, one_in=one_in)
    found = auditing.run(asked.among(auditing.present))
    # as Text: values of a bank may hold what rich takes for markup
    text = [Text(line, no_wrap=True, overflow="ignore") for line in lines(found)]
    return Outcome(payload(found), text, exit_code=int(any(one.differences for one in found)))
