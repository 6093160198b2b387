"""The main job: landing files to recommendations and a submission, skipping what is up to date."""

from typing import TYPE_CHECKING, Annotated

import typer

from santander.cli import Outcome, main_of, verb
from santander.options import FromOption, MonthOption, ToOption

if TYPE_CHECKING:
    from santander.settings import Settings


@verb
def run(
    files: Annotated[
        list[str] | None,
        typer.Argument(help="Landing files [default: train_ver2.csv and test_ver2.csv of DATA_DIR/raw; a small bank if absent]."),
    ] = None,
    month: MonthOption = None,
    from_: FromOption = None,
    to: ToOption = None,
    recipe: Annotated[str | None, typer.Option(help="Recipe to train [default: the one conf names].")] = None,
    train: Annotated[
        bool, typer.Option("--train/--no-train", help="Train for the month first, or let the champion there is score it.")
    ] = True,
    customers: Annotated[int, typer.Option(help="Size of the bank that is made when there are no landing files.")] = 20_000,
    *,
    settings: "Settings",
) -> Outcome:
    """Ingest, validate, build features, train, score, submit: for the last month, one month, or each of a range in order.

    With --no-train it is the monthly refresh: a new month is taken in and scored by the champion.
    """
    from santander.storage import place
    from santander.walk import walk

    places = [place(file) for file in files or []]
    report = walk(settings, places, month=month, first=from_, last=to, recipe=recipe, train=train, bank_customers=customers)
    return Outcome(report.payload(), report.tables())


if __name__ == "__main__":
    main_of(run)
