"""Sends a written submission file, once, and waits for its score.

The file is known by its content: what was sent before is asked for, not sent again. Should a process die between the board's
yes and our record of it, the description at the board tells that the file is there: it ends with the mark of the content.
"""

import datetime as dt
import hashlib
import logging
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from santander.errors import SantanderError
from santander.kaggle.board import COMPLETE, FAILED, PENDING, Board, Submission, wait_for_score
from santander.kaggle.credentials import Credentials
from santander.kaggle.record import SubmissionRow, alert_of, raise_alert, save, submission_of, validation_share, write_to_model
from santander.lake.lake import Lake
from santander.schema.months import Month
from santander.storage.places import Place, open_read

if TYPE_CHECKING:
    from santander.config.settings import Settings

log = logging.getLogger(__name__)

LOCK = "submissions at kaggle"
_MARK_LENGTH = 16
_CHUNK = 1 << 20


@dataclass(frozen=True)
class WrittenFile:
    """A submission file, and what its lists were made by."""

    month: Month
    file: Place
    customers: int
    model_version: int
    run_id: str


@dataclass(frozen=True)
class UploadPayload:
    """What JSON shows of a submission; scores and shares are None until they are known."""

    reference: str | None
    """By what the board knows the submission."""
    competition: str
    status: str
    error: str | None
    message: str
    public_score: float | None
    private_score: float | None
    public_share_of_ceiling: float | None
    validation_share_of_ceiling: float | None
    model_version: int
    sent: bool
    """Whether it was sent now, not before."""
    alert: str | None


@dataclass(frozen=True)
class Uploaded:
    """What became of a file: the row of ``submissions``, whether it was sent now, and what is alarming about its score."""

    row: SubmissionRow
    sent: bool
    alert: str | None

    def payload(self) -> UploadPayload:
        """What JSON shows of it."""
        row = self.row
        return UploadPayload(
            reference=row.reference,
            competition=row.competition,
            status=row.status,
            error=row.error,
            message=row.message,
            public_score=row.public_score,
            private_score=row.private_score,
            public_share_of_ceiling=row.public_share_of_ceiling,
            validation_share_of_ceiling=row.validation_share_of_ceiling,
            model_version=row.model_version,
            sent=self.sent,
            alert=self.alert,
        )


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
    with lake.lock(LOCK), _on_this_disk(written.file) as local:
        sha256 = _fingerprint(local, written)
        row = submission_of(lake, competition, sha256)
        if row is not None and row.status == COMPLETE:
            log.info("kaggle: %s was sent before and has its score", written.file)
            return Uploaded(row, sent=False, alert=alert_of(settings, row))
        mark = f"sha256:{sha256[:_MARK_LENGTH]}"
        with Board(competition, credentials) as board:
            sent = False
            if row is None:
                row = _new_row(settings, written, sha256, message)
                found = _marked(board.submissions(), mark)
                if found is None:
                    log.info("kaggle: sending %s, %.1f MB", written.file, local.stat().st_size / 1e6)
                    reference, sent = board.send(local, f"{row.message} [{mark}]"), True
                    # a board that gives no reference lists it later
                    row = replace(row, reference=reference if reference != "0" else mark)
                else:
                    row = replace(row, reference=found.reference)
                save(lake, row)
            else:
                log.info("kaggle: %s was sent before: asking for its score", written.file)
            known = row.reference

            def ours(listed: list[Submission]) -> Submission | None:
                return next((each for each in listed if each.reference == known), None) or _marked(listed, mark)

            scored = wait_for_score(board, ours, settings.kaggle.wait if wait is None else wait, sleep)
        return _settle(settings, lake, row, scored, sent=sent)


def _settle(settings: "Settings", lake: Lake, row: SubmissionRow, scored: Submission | None, *, sent: bool) -> Uploaded:
    """Record what the board says. The row comes last: until it is complete, the next run does all of this again."""
    if scored is None or scored.status == PENDING:
        log.info("kaggle: no score yet: run the same command again to ask for it")
        return Uploaded(row, sent=sent, alert=None)
    ceiling, score = settings.kaggle.public_ceiling, scored.public_score
    row = replace(
        row,
        status=scored.status,
        error=scored.error,
        public_score=score,
        private_score=scored.private_score,
        public_share_of_ceiling=None if score is None or ceiling is None else score / ceiling,
        validation_share_of_ceiling=validation_share(settings, row.run_id),
    )
    alert = alert_of(settings, row)
    if alert is not None:
        raise_alert(lake, row, alert)
    write_to_model(settings, row)
    save(lake, row)
    if scored.status == FAILED:
        raise SantanderError(f"Kaggle could not score submission {row.reference}: {scored.error or 'no reason given'}")
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


def _marked(listed: list[Submission], mark: str) -> Submission | None:
    """The latest submission of the same content that the board did not refuse."""
    return next((each for each in listed if mark in (each.description or "") and each.status != FAILED), None)


@contextmanager
def _on_this_disk(file: Place) -> Iterator[Path]:
    """The file where the client can read it: one in a bucket is fetched, under its own name."""
    if isinstance(file, Path):
        yield file
        return
    with tempfile.TemporaryDirectory(prefix="santander-") as folder:
        local = Path(folder) / file.name
        with open_read(file) as source, local.open("wb") as target:
            shutil.copyfileobj(source, target, _CHUNK)
        yield local


def _fingerprint(local: Path, written: WrittenFile) -> str:
    """The sha256 of the file; raises SantanderError when it has not a line for every customer."""
    digest, lines = hashlib.sha256(), 0
    with local.open("rb") as content:
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
            lines += chunk.count(b"\n")
    if lines != written.customers + 1:
        raise SantanderError(f"{written.file} has {lines - 1:,} lists for {written.customers:,} customers: submit again")
    return digest.hexdigest()
