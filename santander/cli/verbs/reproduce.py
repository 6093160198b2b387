"""Train a logged run again and compare."""

from typing import TYPE_CHECKING, Annotated

import typer

from santander.cli.verb import Outcome, verb

if TYPE_CHECKING:
    from santander.config.settings import Settings


@verb
def reproduce(
    run_id: Annotated[str | None, typer.Argument(help="Id of the training run in MLflow.", metavar="RUN_ID")] = None,
    version: Annotated[int | None, typer.Option(help="Version of the registered model instead of its run.")] = None,
    *,
    settings: "Settings",
) -> Outcome:
    """Train a run again from the versions of the tables and the recipe it logged, and say whether the same model comes out.

    Nothing is registered or changed. Exit code 1 when it is not reproduced, or when a version of a table is gone.
    """
    from santander.engine.session import open_session
    from santander.errors import SantanderError
    from santander.lake.lake import Lake
    from santander.reproduce.logged_run import logged_run
    from santander.reproduce.report import lines
    from santander.reproduce.reproduce import reproduce as train_again

    run = logged_run(settings, run_id, version)
    with open_session(settings) as session:
        result = train_again(settings, Lake(settings, session), run)
    error = None if result.reproduced else SantanderError(f"not reproduced: {result.reason}")
    return Outcome(result, lines(result), error=error)
