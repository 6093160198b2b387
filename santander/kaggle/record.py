"""What is recorded of a submission: its row, the tags and metrics of its model, an alert where the score falls."""

import datetime as dt
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from santander.kaggle.board import COMPLETE, FAILED
from santander.lake.lake import Lake
from santander.registry.tracking import has_registry, open_tracking, unless_missing
from santander.schema.catalogue import ALERTS, SUBMISSIONS
from santander.schema.records import record_of_row

if TYPE_CHECKING:
    from santander.config.settings import Settings

log = logging.getLogger(__name__)

FALL = "public score"
_TAGGED = ("public_score", "public_share_of_ceiling")
_LOGGED = (*_TAGGED, "private_score")


@dataclass(frozen=True)
class SubmissionRow:
    """A row of the table ``submissions``; what is not known yet is None."""

    submitted_at: dt.datetime
    competition: str
    reference: str | None
    month: str
    file: str
    file_sha256: str
    customers: int
    model_version: int
    run_id: str
    message: str
    status: str
    error: str | None = None
    public_score: float | None = None
    private_score: float | None = None
    public_share_of_ceiling: float | None = None
    validation_share_of_ceiling: float | None = None


def submissions(lake: Lake) -> list[SubmissionRow]:
    """The rows of the table, in order of time."""
    rows = [record_of_row(SubmissionRow, row) for row in lake.rows(SUBMISSIONS)]
    return sorted(rows, key=lambda row: row.submitted_at)


def submission_of(lake: Lake, competition: str, sha256: str) -> SubmissionRow | None:
    """The last submission of a file of this content that the board did not refuse."""
    same = [row for row in submissions(lake) if (row.competition, row.file_sha256) == (competition, sha256)]
    return next((row for row in reversed(same) if row.status != FAILED), None)


def save(lake: Lake, row: SubmissionRow) -> None:
    """Write the row of a submission, in place of an earlier one of the same reference."""
    others = [each for each in submissions(lake) if each.reference != row.reference]
    lake.overwrite_rows(SUBMISSIONS, [asdict(each) for each in (*others, row)])


def alert_of(settings: "Settings", row: SubmissionRow) -> str | None:
    """Return the alert about a public share of the ceiling further below the validation's than ``kaggle.max_fall`` of it."""
    reached, expected = row.public_share_of_ceiling, row.validation_share_of_ceiling
    if reached is None or expected is None or reached >= expected * (1 - settings.kaggle.max_fall):
        return None
    return (
        f"submission {row.reference} of {row.month}, version {row.model_version}: the public score "
        f"{row.public_score:.5f} is {reached:.3f} of its ceiling, {1 - reached / expected:.0%} below the {expected:.3f} "
        f"of the gate month; {settings.kaggle.max_fall:.0%} are allowed"
    )


def raise_alert(lake: Lake, row: SubmissionRow, message: str) -> None:
    """Add the alert of a submission to the table ``alerts``, once."""
    subject = f"submission {row.reference}"
    if any((each["kind"], each["subject"]) == (FALL, subject) for each in lake.rows(ALERTS)):
        return
    lake.append_rows(ALERTS, [{"raised_at": dt.datetime.now(dt.UTC), "kind": FALL, "subject": subject, "message": message}])


def validation_share(settings: "Settings", run_id: str) -> float | None:
    """The share of its ceiling that the run's model reached on its gate month; None where that is not known here."""
    run = None
    with _warned(f"run {run_id} cannot be asked for its share of the ceiling"):
        run = unless_missing(open_tracking(settings).get_run, run_id) if has_registry(settings) else None
    return None if run is None else run.data.metrics.get("share_of_ceiling")


def write_to_model(settings: "Settings", row: SubmissionRow) -> None:
    """Tag the version that scored the month, and log the scores to its run; a version that is not here is left out, and said."""
    number, run_id, name = str(row.model_version), row.run_id, settings.mlflow.registered_model
    if row.status != COMPLETE or not has_registry(settings):
        return
    with _warned(f"version {number} could not be given its score"):
        client = open_tracking(settings)
        if client.get_model_version(name, number).run_id != run_id:
            log.warning("version %s was made by another run than the one that scored: it is not tagged", number)
            return
        scores = {figure: getattr(row, figure) for figure in _LOGGED if getattr(row, figure) is not None}
        for figure, score in scores.items():
            if figure in _TAGGED:
                client.set_model_version_tag(name, number, f"kaggle.{figure}", f"{score:.6g}")
            client.log_metric(run_id, f"kaggle.{figure}", score)


@contextmanager
def _warned(what: str) -> Iterator[None]:
    """Log what MLflow refuses: the score is recorded in the table all the same."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        log.warning("%s: %s", what, error)
