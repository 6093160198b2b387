"""Evaluate a registered model on a month it has not seen."""

from typing import TYPE_CHECKING, Annotated

import typer

from santander.cli.verb import Outcome, verb

if TYPE_CHECKING:
    from santander.config.settings import Settings


@verb
def evaluate(
    month: Annotated[str | None, typer.Option(help="Month to evaluate; default: the last one with products.")] = None,
    version: Annotated[int | None, typer.Option(help="Version of the registered model; default: the champion.")] = None,
    alias: Annotated[str | None, typer.Option(help="Alias of a version, such as challenger.")] = None,
    *,
    settings: "Settings",
) -> Outcome:
    """Show MAP@7 of a registered model on a month beside ceiling, baseline and, where known, oracle; and whether chances hold."""
    from santander.engine.session import open_session
    from santander.lake.lake import Lake
    from santander.registry.champion import version_named
    from santander.registry.contest import assess
    from santander.registry.verdict import chances_line, table_of_details
    from santander.schema.months import Month
    from santander.store.access import open_store
    from santander.training.collect import through

    chosen = None if month is None else Month.parse(month)
    registered = version_named(settings, version, alias)
    with open_session(settings) as session:
        lake = Lake(settings, session)
        assessment = assess(settings, lake, through(open_store(settings, lake)), registered, chosen)
    found = assessment.evaluation
    return Outcome(assessment, [assessment.title, table_of_details(found), *chances_line(found.chances)])
