"""Search better settings: many trials on the validation month, the best of them trained, judged and registered."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from santander.cli.verb import Outcome, verb

if TYPE_CHECKING:
    from santander.config.settings import Settings


@verb
def tune(
    trials: Annotated[
        int, typer.Option(min=1, help="Trials that the study shall have in all; a study that was stopped goes on.")
    ] = 20,
    timeout: Annotated[str | None, typer.Option(help="No trial begins after so long: seconds, or such as 30m or 2h.")] = None,
    month: Annotated[
        str | None, typer.Option(help="Month to score; default: the one after the last with products and features.")
    ] = None,
    space: Annotated[
        str | None, typer.Option(help="A file of conf/local or conf/base/spaces; default: the one conf names.")
    ] = None,
    sampler: Annotated[Literal["tpe", "random", "grid"] | None, typer.Option(help="Default: the one conf names.")] = None,
    parallel: Annotated[int | None, typer.Option(min=1, help="Trials at a time; default: conf's, see docs/tuning.md.")] = None,
    save_as: Annotated[str | None, typer.Option(metavar="NAME", help="Keep the best as conf/local/recipes/NAME.yaml.")] = None,
    promote: Annotated[
        bool | None, typer.Option("--promote/--no-promote", help="Let the best meet the champion; default: as conf says.")
    ] = None,
    *,
    settings: "Settings",
) -> Outcome:
    """Search better settings for a month; the best of the trials is trained, judged, registered, and meets the champion."""
    from santander.engine.session import open_session
    from santander.pipeline.steps import Steps
    from santander.registry.verdict import table_of
    from santander.schema.months import Month
    from santander.tune.reporting import lines, seconds_of, table_of_trials
    from santander.tune.tune import TuneOptions, check_options, tune

    target = None if month is None else Month.parse(month)
    limit = None if timeout is None else seconds_of(timeout)
    options = TuneOptions(trials, limit, target, space, sampler, parallel, save_as, promote)
    check_options(settings, options)
    with open_session(settings) as session:
        steps = Steps(settings, session)
        with steps.lake.carrying_persons():
            study, tuned = tune(steps, options)
    judged = tuned.candidate.evaluation
    tables = [] if judged is None else [table_of(judged)]
    return Outcome(tuned, [table_of_trials(study), *tables, *lines(study, tuned)])
