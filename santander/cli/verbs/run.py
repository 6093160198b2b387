"""The main job: landing files to recommendations and a submission, skipping what is up to date."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from santander.cli.verb import ForceOption, FromOption, MonthOption, Outcome, ToOption, verb

if TYPE_CHECKING:
    from santander.config.settings import Settings
    from santander.pipeline.run_report import RunPayload
    from santander.schema.records import Inline
    from santander.serving.snapshot.publish import PublishPayload


@dataclass(frozen=True)
class RunAndPublished:
    """The JSON object of ``run``."""

    run: "Inline[RunPayload]"
    published: "PublishPayload | None"
    """What was published for the service; None unless the setting ``serving.with_run`` asks for it."""


@verb
def run(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            help="Landing files [default: train_ver2.csv and test_ver2.csv of DATA_DIR/raw, else the months there; "
            "a small bank is made where there is neither a file nor a table]."
        ),
    ] = None,
    month: MonthOption = None,
    from_: FromOption = None,
    to: ToOption = None,
    recipe: Annotated[str | None, typer.Option(help="Recipe to train [default: the one conf names].")] = None,
    train: Annotated[
        bool, typer.Option("--train/--no-train", help="Train for the month first, or let the present champion score it.")
    ] = True,
    customers: Annotated[
        int | None, typer.Option(help="Size of the bank that is made where there is neither a file nor a table [default: 20000].")
    ] = None,
    force: ForceOption = False,
    *,
    settings: "Settings",
) -> Outcome:
    """Ingest, validate, build features, train, score, submit: for the last month, one month, or each of a range in order.

    With --no-train it is the monthly refresh: a new month is taken in and scored by the champion.
    """
    from santander.pipeline.run import walk
    from santander.storage.places import place

    places = [place(file) for file in files or []]
    months = {"month": month, "first": from_, "last": to}
    report = walk(settings, places, **months, recipe=recipe, train=train, bank_customers=customers, force=force)
    if not settings.serving.with_run:
        return Outcome(RunAndPublished(report.payload(), None), report.tables())
    from santander.cli.verbs.publish import lines_of
    from santander.serving.snapshot.publish import publish

    done = publish(settings, None)
    return Outcome(RunAndPublished(report.payload(), done), [*report.tables(), *lines_of(done)])
