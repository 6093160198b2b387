"""Options that several verbs share, and the months they choose."""

from collections.abc import Sequence
from typing import Annotated

import typer

from santander.bank.months import Month, month_range
from santander.errors import InputError

MonthOption = Annotated[str | None, typer.Option("--month", help="One month, written 2015-06.")]
FromOption = Annotated[str | None, typer.Option("--from", help="First month of a range, written 2015-06.")]
ToOption = Annotated[str | None, typer.Option("--to", help="Last month of a range, written 2015-06.")]


def chosen_months(
    month: str | None, first: str | None, last: str | None, present: Sequence[Month], remedy: str = "ingest a landing file"
) -> list[Month]:
    """The month or range asked for; an open end reaches to the first or last month present, no option means all of them.

    Raises InputError when --month meets --from or --to, or when nothing is present to open the range to: ``remedy``
    says what makes months present.
    """
    if month is not None:
        if first is not None or last is not None:
            raise InputError("--month stands alone: leave out --from and --to")
        return [Month.parse(month)]
    if not present and (first is None or last is None):
        raise InputError(f"there are no months yet: {remedy} first")
    start = Month.parse(first) if first is not None else min(present)
    end = Month.parse(last) if last is not None else max(present)
    months = month_range(start, end)
    return months if first is not None and last is not None else [m for m in months if m in set(present)]
