"""The board of a competition: a file goes in, a score comes out."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from santander.errors import SantanderError
from santander.kaggle.credentials import Credentials
from santander.kaggle.refusals import NotNow, told_in_one_line

if TYPE_CHECKING:
    from kagglesdk.competitions.types.competition_api_service import ApiSubmission
    from tenacity import RetryCallState

log = logging.getLogger(__name__)

PENDING, COMPLETE, FAILED = "pending", "complete", "error"
"""How a submission stands: what the client calls the same, in small letters."""
_PATIENCE = (10, 120)
"""Seconds to connect and to wait for an answer: one that takes longer is none; how long a score is waited for is kaggle.wait."""
_UPLOADS = 3
_FIRST_PAUSE, _LONGEST_PAUSE, _GROWTH = 2.0, 30.0, 1.5
_LISTED = 20


@dataclass(frozen=True)
class Board:
    """One competition, for one account."""

    competition: str
    _api: Any

    def send(self, name: str, content: bytes, description: str) -> int:
        """Upload a file of this name and submit it; the number of the submission (0 where the board gives none).

        The upload may be tried again: without the submission, which is asked for once, it has no effect.
        """
        from kagglesdk.competitions.types.competition_api_service import ApiCreateSubmissionRequest
        from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

        again = Retrying(
            retry=retry_if_exception_type(NotNow),
            stop=stop_after_attempt(_UPLOADS),
            wait=lambda state: min(_pause(state), _LONGEST_PAUSE),
            before_sleep=_tell,
            reraise=True,
        )
        request = ApiCreateSubmissionRequest()
        request.competition_name, request.submission_description = self.competition, description
        request.blob_file_tokens = again(self._upload, name, content)
        with told_in_one_line(self.competition):
            return int(self._api.create_submission(request).ref)

    def submissions(self) -> list["ApiSubmission"]:
        """The account's latest submissions, the last one first."""
        from kagglesdk.competitions.types.competition_api_service import ApiListSubmissionsRequest

        request = ApiListSubmissionsRequest()
        request.competition_name, request.page_size = self.competition, _LISTED
        with told_in_one_line(self.competition):
            return list(self._api.list_submissions(request).submissions or [])

    def _upload(self, name: str, content: bytes) -> str:
        """Return the token of the uploaded bytes, which go where the board says, yet never in the clear to another machine."""
        import requests
        from kagglesdk.competitions.types.competition_api_service import ApiStartSubmissionUploadRequest

        request = ApiStartSubmissionUploadRequest()
        request.competition_name, request.file_name = self.competition, name
        request.content_length, request.last_modified_epoch_seconds = len(content), int(time.time())
        with told_in_one_line(self.competition):
            answer = self._api.start_submission_upload(request)
            to = urlsplit(answer.create_url)
            if to.scheme != "https" and to.hostname not in {"localhost", "127.0.0.1"}:
                raise SantanderError(f"Kaggle names an upload address that is not https: {to.scheme}://{to.hostname}")
            status = requests.put(answer.create_url, data=content, timeout=_PATIENCE).status_code
        if status not in {200, 201}:
            raise (NotNow if status >= 500 or status == 429 else SantanderError)(f"Kaggle did not take the file: {status}")
        return str(answer.token)


def status_of(submission: "ApiSubmission") -> str:
    """How a submission stands: pending, complete or error."""
    return str(submission.status.name).lower()


@contextmanager
def open_board(competition: str, credentials: Credentials) -> Iterator[Board]:
    """The board at Kaggle, or at the server that the client's own switch KAGGLE_API_ENVIRONMENT names."""
    from kagglesdk import KaggleClient
    from requests.adapters import HTTPAdapter

    class Patient(HTTPAdapter):
        """Waits a while for an answer, not for ever."""

        def send(self, request: Any, **options: Any) -> Any:  # type: ignore[override]
            return super().send(request, **options | {"timeout": _PATIENCE})

    who = {"username": credentials.username, "password": credentials.key, "api_token": credentials.token}
    with KaggleClient(**who, user_agent="santander") as client:
        session: Any = client.http_client()._session  # noqa: SLF001  (the client offers no other way)
        for scheme in ("https://", "http://"):
            session.mount(scheme, Patient())
        yield Board(competition, client.competitions.competition_api_client)


def wait_for_score(
    board: Board, find: "Callable[[list[ApiSubmission]], ApiSubmission | None]", wait: float, sleep: Callable[[float], None]
) -> "ApiSubmission | None":
    """Ask for a submission until it is scored or refused, ever less often, for ``wait`` seconds; None where it is not by then.

    What passes by itself, such as an overloaded server, is waited out; other refusals are raised.
    """
    from tenacity import Retrying, retry_if_exception_type, retry_if_result, stop_after_delay

    again = Retrying(
        retry=retry_if_exception_type(NotNow) | retry_if_result(lambda found: found is None or status_of(found) == PENDING),
        stop=stop_after_delay(wait),
        wait=lambda state: min(_pause(state), max(wait - (state.seconds_since_start or 0.0), 0.0)),
        before_sleep=_tell,
        sleep=sleep,
        retry_error_callback=lambda _: None,
    )
    return again(lambda: find(board.submissions()))


def _pause(state: "RetryCallState") -> float:
    """Seconds before the next try: ever more, and as many as Kaggle asks for."""
    error = state.outcome.exception() if state.outcome else None
    return max(min(_FIRST_PAUSE * _GROWTH ** (state.attempt_number - 1), _LONGEST_PAUSE), getattr(error, "retry_after", 0.0))


def _tell(state: "RetryCallState") -> None:
    error = state.outcome.exception() if state.outcome else None
    log.info("kaggle: %s; asking again in %.0f s", error or "there is no score yet", state.upcoming_sleep)
