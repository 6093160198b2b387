"""Write the competition's submission file of a month, and send it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from santander.cli.verb import FromOption, MonthOption, Outcome, ToOption, verb
from santander.ledger.steps import SubmitResult
from santander.schema.counting import counted
from santander.schema.records import Inline

if TYPE_CHECKING:
    from santander.config.settings import Settings
    from santander.kaggle.upload import Uploaded
    from santander.schema.months import Month


@dataclass(frozen=True)
class FilePayload:
    """A submission file, and with --upload what became of it."""

    file: Inline[SubmitResult]
    upload: "Inline[Uploaded | None]" = None


@dataclass(frozen=True)
class SubmitPayload:
    """The JSON object of ``submit``: the last month's file, and that of each month."""

    last: Inline[FilePayload]
    months: "Mapping[Month, FilePayload]"


@verb
def submit(
    month: MonthOption = None,
    from_: FromOption = None,
    to: ToOption = None,
    upload: Annotated[bool, typer.Option("--upload", help="Send the file to Kaggle and wait for its score.")] = False,
    message: Annotated[str | None, typer.Option(help="What the submission is called at Kaggle.")] = None,
    wait: Annotated[float | None, typer.Option(min=0, help="Seconds to wait for the score; default: kaggle.wait.")] = None,
    *,
    settings: "Settings",
) -> Outcome:
    """Write the submission file of a scored month, by default the last: every customer once, products by their Spanish names.

    With --upload one month's file is sent to Kaggle; run again, it asks for the score of what was sent and sends nothing twice.
    """
    from santander.engine.session import open_session
    from santander.errors import InputError
    from santander.kaggle.credentials import find_credentials
    from santander.kaggle.upload import WrittenFile, lines
    from santander.kaggle.upload import upload as send
    from santander.lake.lake import Lake
    from santander.pipeline.steps import Steps
    from santander.schema.catalogue import RECOMMENDATIONS
    from santander.schema.months import AskedMonths
    from santander.storage.places import place

    if not upload and (message is not None or wait is not None):
        raise InputError("--message and --wait belong to --upload", hint="give --upload too")
    asked = AskedMonths.read(month, from_, to)
    scored = Lake(settings).months(RECOMMENDATIONS)
    months = asked.among(scored if asked.is_range else scored[-1:], "run 'santander score'")
    if upload and len(months) != 1:
        raise InputError(f"--upload sends the file of one month, not of {len(months)}", hint="name it with --month")
    credentials = find_credentials() if upload else None
    with open_session(settings) as session:
        steps = Steps(settings, session)
        written = {each: steps.submit(each, anyway=True).result for each in months}
        source = steps.scored_by(months[-1]) if upload else None
    text: list[Any] = [f"{result.file}: {counted(result.customers, 'customer')} of {each}" for each, result in written.items()]
    files = {each: FilePayload(result) for each, result in written.items()}
    if credentials is not None and source is not None:
        last = written[months[-1]]
        to_send = WrittenFile(months[-1], place(last.file), last.customers, source.number, source.run_id)
        sent = send(settings, steps.lake, credentials, to_send, message, wait)
        files[months[-1]] = FilePayload(last, sent)
        text += lines(sent)
    return Outcome(SubmitPayload(files[months[-1]], files), text)
