"""Options that several verbs share."""

from typing import Annotated

import typer

MonthOption = Annotated[str | None, typer.Option("--month", help="One month, written 2015-06.")]
FromOption = Annotated[str | None, typer.Option("--from", help="First month of a range, written 2015-06.")]
ToOption = Annotated[str | None, typer.Option("--to", help="Last month of a range, written 2015-06.")]
ForceOption = Annotated[
    bool, typer.Option("--force", help="Take other files than those of its bank into the data folder of a synthetic bank.")
]
