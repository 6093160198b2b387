"""Compare the tables of two data folders."""

from typing import TYPE_CHECKING, Annotated

import typer

from santander.cli.verb import Outcome, verb

if TYPE_CHECKING:
    from santander.config.settings import Settings


@verb
def compare(
    other: Annotated[str, typer.Argument(help="Data folder or s3a:// address to compare DATA_DIR with.", metavar="OTHER")],
    *,
    settings: "Settings",
) -> Outcome:
    """Compare the tables of DATA_DIR with those of OTHER: a line a table, 'equal' or what differs, which ends with exit code 1.

    Ids of runs and clocks do not count. Recommendations and submissions are compared where one model scored both sides.
    No engine is started.
    """
    from rich.text import Text

    from santander.compare.folders import compare_folders
    from santander.compare.report import lines, payload

    comparison = compare_folders(settings, settings.load(data_dir=other))
    # as Text: values of a bank may hold what rich takes for markup
    return Outcome(payload(comparison), [Text(line) for line in lines(comparison)], exit_code=0 if comparison.equal else 1)
