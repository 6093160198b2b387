"""The board of a competition: a file goes in, a score comes out."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from santander.errors import SantanderError
from santander.kaggle.credentials import Credentials, open_client
from santander.kaggle.refusals import NotNow, told_in_one_line

log = logging.getLogger(__name__)

PENDING, COMPLETE, FAILED = "pending", "complete", "error"
_STATUS = {"PENDING": PENDING, "COMPLETE": COMPLETE, "ERROR": FAILED}
_CONNECT_SECONDS, _READ_SECONDS = 10, 120
"""No setting: an answer that takes longer is none; how long a score is waited for is kaggle.wait."""
_UPLOAD_PAUSES = (2.0, 5.0)
"""Seconds before the second and the third attempt."""
_FIRST_PAUSE, _LONGEST_PAUSE, _GROWTH = 2.0, 30.0, 1.5
_LISTED = 20


@dataclass(frozen=True)
class Submission:
    """One submission as the board has it; scores are None until it has them."""

    reference: str
    status: str
    description: str
    public_score: float | None
    private_score: float | None
    error: str | None


class Board:
    """One competition, for one account; a context that keeps the connection."""

    def __init__(self, competition: str, credentials: Credentials) -> None:
        self.competition = competition
        self._client = open_client(credentials)

    def __enter__(self) -> Self:
        self._client.__enter__()
        session: Any = self._client.http_client()._session  # noqa: SLF001  (the client waits for ever, and offers no other way)
        for scheme in ("https://", "http://"):
            session.mount(scheme, _patient_adapter())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._client.__exit__(kind, error, trace)

    def send(self, file: Path, description: str) -> str:
        """Upload a file and submit it; the reference of the submission ("0" where the board gives none).

        The upload may be tried again: without the submission, which is asked for once, it has no effect.
        """
        from kagglesdk.competitions.types.competition_api_service import ApiCreateSubmissionRequest

        request = ApiCreateSubmissionRequest()
        request.competition_name = self.competition
        request.blob_file_tokens = self._upload(file)
        request.submission_description = description
        with told_in_one_line(self.competition):
            return str(self._client.competitions.competition_api_client.create_submission(request).ref)

    def submissions(self) -> list[Submission]:
        """The account's latest submissions, the last one first."""
        from kagglesdk.competitions.types.competition_api_service import ApiListSubmissionsRequest

        request = ApiListSubmissionsRequest()
        request.competition_name, request.page_size = self.competition, _LISTED
        with told_in_one_line(self.competition):
            answer = self._client.competitions.competition_api_client.list_submissions(request)
            return [_as_submission(each) for each in answer.submissions or []]

    def _upload(self, file: Path) -> str:
        """The token of the uploaded bytes."""
        for pause in _UPLOAD_PAUSES:
            try:
                return self._upload_once(file)
            except NotNow as error:
                log.warning("kaggle: upload: %s", error)
                time.sleep(max(pause, min(error.retry_after, _LONGEST_PAUSE)))
        return self._upload_once(file)

    def _upload_once(self, file: Path) -> str:
        from kagglesdk.competitions.types.competition_api_service import ApiStartSubmissionUploadRequest

        about = file.stat()
        request = ApiStartSubmissionUploadRequest()
        request.competition_name, request.file_name = self.competition, file.name
        request.content_length, request.last_modified_epoch_seconds = about.st_size, int(about.st_mtime)
        with told_in_one_line(self.competition):
            answer = self._client.competitions.competition_api_client.start_submission_upload(request)
            status = _put(file, answer.create_url)
        if status not in {200, 201}:
            raise (NotNow if status >= 500 or status == 429 else SantanderError)(f"Kaggle did not take the file: {status}")
        return str(answer.token)


def _put(file: Path, address: str) -> int:
    """Send the bytes of a file where the board says, yet never in the clear to another machine; the status of the answer."""
    import requests

    parts = urlsplit(address)
    if parts.scheme != "https" and parts.hostname not in {"localhost", "127.0.0.1"}:
        raise SantanderError(f"Kaggle names an upload address that is not https: {parts.scheme}://{parts.hostname}")
    with file.open("rb") as content:
        return requests.put(address, data=content, timeout=(_CONNECT_SECONDS, _READ_SECONDS)).status_code


def wait_for_score(
    board: Board, find: Callable[[list[Submission]], Submission | None], wait: float, sleep: Callable[[float], None] = time.sleep
) -> Submission | None:
    """Ask for a submission until it is scored or refused, ever less often, for ``wait`` seconds; None where none is found.

    What passes by itself, such as an overloaded server, is waited out; other refusals are raised.
    """
    ends, pause, last = time.monotonic() + wait, _FIRST_PAUSE, None
    while True:
        asked_for = 0.0
        try:
            last = find(board.submissions())
            if last is not None and last.status != PENDING:
                return last
            said = "the score is pending" if last is not None else "it is not listed yet"
        except NotNow as error:
            said, asked_for = str(error), error.retry_after
        left = ends - time.monotonic()
        if left <= 0:
            return last
        pause_now = min(max(pause, asked_for), left)
        log.info("kaggle: %s; asking again in %.0f s, for %.0f s at most", said, pause_now, left)
        sleep(pause_now)
        pause = min(pause * _GROWTH, _LONGEST_PAUSE)


def _as_submission(answer: Any) -> Submission:
    return Submission(
        reference=str(answer.ref),
        status=_STATUS[answer.status.name],
        description=answer.description,
        public_score=_score(answer.public_score),
        private_score=_score(answer.private_score),
        error=answer.error_description or None,
    )


def _score(text: str | None) -> float | None:
    return float(text) if text else None


def _patient_adapter() -> Any:
    """An adapter that waits a while for an answer, not for ever."""
    from requests.adapters import HTTPAdapter

    class Patient(HTTPAdapter):
        def send(self, request: Any, **options: Any) -> Any:  # type: ignore[override]
            return super().send(request, **options | {"timeout": (_CONNECT_SECONDS, _READ_SECONDS)})

    return Patient()
