"""Sends a written submission file, once, and waits for its score.

The file is known by its content: what was sent before is asked for, not sent again. Should a process die between the board's
yes and our record of it, the description at the board tells that the file is there: it ends with the mark of the content.
"""

import datetime as dt
import hashlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rich.text import Text

from santander.errors import SantanderError
from santander.kaggle.board import COMPLETE, FAILED, PENDING, open_board, status_of, wait_for_score
from santander.kaggle.credentials import Credentials
from santander.kaggle.record import SubmissionRow, alert_of, raise_alert, save, submission_of, validation_share, write_to_model
from santander.lake.lake import Lake
from santander.schema.months import Month
from santander.schema.records import Inline
from santander.storage.places import Place, open_read

if TYPE_CHECKING:
    from kagglesdk.competitions.types.competition_api_service import ApiSubmission

    from santander.config.settings import Settings

log = logging.getLogger(__name__)

LOCK = "submissions at kaggle"
_MARK_LENGTH = 16


@dataclass(frozen=True)
class WrittenFile:
    """A submission file, and what its lists were made by."""

    month: Month
    file: Place
    customers: int
    model_version: int
    run_id: str


@dataclass(frozen=True)
class Uploaded:
    """What became of a file, as JSON shows it too: scores and shares are None until they are known."""

    row: Inline[SubmissionRow]
    sent: bool
    """Whether it was sent now, not before."""
    alert: str | None = None
    """What is alarming about its score."""


def upload(
    settings: "Settings",
    lake: Lake,
    credentials: Credentials,
    written: WrittenFile,
    message: str | None = None,
    wait: float | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Uploaded:
    """Send a file unless it was sent before, wait for the score and record it.

    Raises InputError or SantanderError in one line that says what to do; a score that does not come in time is no error.
    """
    competition = settings.kaggle.competition
    with lake.lock(LOCK), open_read(written.file) as source:
        content = source.read()
        if (lists := content.count(b"\n") - 1) != written.customers:
            raise SantanderError(f"{written.file} has {lists:,} lists for {written.customers:,} customers", hint="submit again")
        sha256 = hashlib.sha256(content).hexdigest()
        row = submission_of(lake, competition, sha256)
        if row is not None and row.status == COMPLETE:
            return Uploaded(row, sent=False, alert=alert_of(settings, row))
        mark, sent = f"sha256:{sha256[:_MARK_LENGTH]}", False

        def marked(listed: "list[ApiSubmission]") -> "ApiSubmission | None":
            """The latest submission of the same content that the board did not refuse."""
            return next((each for each in listed if mark in (each.description or "") and status_of(each) != FAILED), None)

        def ours(listed: "list[ApiSubmission]") -> "ApiSubmission | None":
            return next((each for each in listed if str(each.ref) == reference), None) or marked(listed)

        with open_board(competition, credentials) as board:
            if row is None:
                row = _new_row(settings, written, sha256, message)
                if (found := marked(board.submissions())) is None:
                    log.info("kaggle: sending %s, %.1f MB", written.file, len(content) / 1e6)
                    number, sent = board.send(written.file.name, content, f"{row.message} [{mark}]"), True
                else:
                    number = found.ref
                row = replace(row, reference=str(number or mark))  # a board that gives no number lists it later
                save(lake, row)
            else:
                log.info("kaggle: %s was sent before: asking for its score", written.file)
            reference = row.reference
            scored = wait_for_score(board, ours, settings.kaggle.wait if wait is None else wait, sleep)
        return _settle(settings, lake, row, scored, sent=sent)


def _settle(settings: "Settings", lake: Lake, row: SubmissionRow, scored: "ApiSubmission | None", *, sent: bool) -> Uploaded:
    """Record what the board says. The row comes last: until it is complete, the next run does all of this again."""
    if scored is None:
        log.info("kaggle: no score yet: run the same command again to ask for it")
        return Uploaded(row, sent=sent)
    public, private = (float(text) if text else None for text in (scored.public_score, scored.private_score))
    ceiling = settings.kaggle.public_ceiling
    row = replace(
        row,
        status=status_of(scored),
        error=scored.error_description or None,
        public_score=public,
        private_score=private,
        public_share_of_ceiling=None if public is None or ceiling is None else public / ceiling,
        validation_share_of_ceiling=validation_share(settings, row.run_id),
    )
    alert = alert_of(settings, row)
    if alert is not None:
        raise_alert(lake, row, alert)
    write_to_model(settings, row)
    save(lake, row)
    if row.status == FAILED:
        raise SantanderError(f"Kaggle could not score submission {row.reference}: {row.error or 'no reason given'}")
    return Uploaded(row, sent=sent, alert=alert)


def _new_row(settings: "Settings", written: WrittenFile, sha256: str, message: str | None) -> SubmissionRow:
    return SubmissionRow(
        submitted_at=dt.datetime.now(dt.UTC),
        competition=settings.kaggle.competition,
        reference=None,
        month=str(written.month),
        file=str(written.file),
        file_sha256=sha256,
        customers=written.customers,
        model_version=written.model_version,
        run_id=written.run_id,
        message=message or f"{written.month} by version {written.model_version}",
        status=PENDING,
    )


def lines(uploaded: Uploaded) -> list[Text]:
    """Return the lines for people: the file sent or found, the scores beside the validation, and alerts."""
    row = uploaded.row
    done = "sent" if uploaded.sent else "sent before"
    text = [f"{done} to {row.competition}: submission {row.reference}, version {row.model_version}"]
    if row.status == PENDING:
        text.append("the score is pending: run the same command again to ask for it")
    else:
        private = "" if row.private_score is None else f", private score {row.private_score:.5f}"
        public, gate = (_written(share, 3) for share in (row.public_share_of_ceiling, row.validation_share_of_ceiling))
        text.append(f"public score {_written(row.public_score, 5)}{private}")
        text.append(f"share of the ceiling: {public} on the public board, {gate} on the gate month")
    if uploaded.alert is not None:
        text.append(f"WARNING: {uploaded.alert}")
    return [Text(line) for line in text]


def _written(figure: float | None, digits: int) -> str:
    return "unknown" if figure is None else f"{figure:.{digits}f}"
