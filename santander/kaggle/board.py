"""The board of a competition: a file goes in, a score comes out; what Kaggle refuses is one line with what to do about it."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from santander.errors import InputError, SantanderError
from santander.kaggle.credentials import HOW_TO_GET_THEM, Credentials

if TYPE_CHECKING:
    import requests
    from kagglesdk.competitions.types.competition_api_service import ApiSubmission
    from tenacity import RetryCallState

log = logging.getLogger(__name__)

_LONGEST_REMARK = 300


class NotNow(SantanderError):
    """Kaggle may say yes another time: it is overloaded, has a fault of its own, or cannot be reached."""

    def __init__(self, message: str, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds after which Kaggle wants to be asked again, where it says so."""


@contextmanager
def one_line_refusals(competition: str) -> Iterator[None]:
    """Errors of the client as InputError (what the user must put right), NotNow, or another SantanderError."""
    import requests

    try:
        yield
    except requests.HTTPError as error:
        raise _refusal(competition, error) from None
    except (ValueError, KeyError, TypeError) as error:  # an answer that is no JSON among them
        message = f"{type(error).__name__}: {error}"[:_LONGEST_REMARK]
        raise SantanderError(f"Kaggle answered what its client does not understand ({message})") from None
    except requests.RequestException as error:
        raise NotNow(f"Kaggle cannot be reached ({type(error).__name__}): try again later") from None


def _refusal(competition: str, error: "requests.HTTPError") -> SantanderError:
    response: Any = error.response
    status, page = int(response.status_code), f"https://www.kaggle.com/competitions/{competition}"
    reason = " ".join(str(error).split())[:_LONGEST_REMARK]
    for_the_user = {
        401: (f"Kaggle refuses these credentials ({reason})", HOW_TO_GET_THEM),
        403: (f"Kaggle does not let this account submit ({reason})", f"accept the rules at {page}/rules first"),
        404: (f"Kaggle knows no competition '{competition}' ({reason})", "see the setting kaggle.competition"),
    }
    if status in for_the_user:
        message, hint = for_the_user[status]
        return InputError(message, hint=hint)
    if status == 429:
        after = response.headers.get("Retry-After", "")
        again = f"in {after} s" if after.isdecimal() else "later"
        wait = float(after) if after.isdecimal() else 0.0
        return NotNow(f"Kaggle asks to be asked less often ({reason}): try again {again}", wait)
    if status >= 500:
        return NotNow(f"Kaggle has a fault of its own, {status} ({reason}): try again later, nothing is sent twice")
    return SantanderError(f"Kaggle refuses this, {status}: {reason}")


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
            before_sleep=_log_pause,
            reraise=True,
        )
        request = ApiCreateSubmissionRequest()
        request.competition_name, request.submission_description = self.competition, description
        request.blob_file_tokens = again(self._upload, name, content)
        with one_line_refusals(self.competition):
            return int(self._api.create_submission(request).ref)

    def submissions(self) -> list["ApiSubmission"]:
        """The account's latest submissions, the last one first."""
        from kagglesdk.competitions.types.competition_api_service import ApiListSubmissionsRequest

        request = ApiListSubmissionsRequest()
        request.competition_name, request.page_size = self.competition, _LISTED
        with one_line_refusals(self.competition):
            return list(self._api.list_submissions(request).submissions or [])

    def _upload(self, name: str, content: bytes) -> str:
        """Return the token of the uploaded bytes, which go where the board says, yet never in the clear to another machine."""
        import requests
        from kagglesdk.competitions.types.competition_api_service import ApiStartSubmissionUploadRequest

        request = ApiStartSubmissionUploadRequest()
        request.competition_name, request.file_name = self.competition, name
        request.content_length, request.last_modified_epoch_seconds = len(content), int(time.time())
        with one_line_refusals(self.competition):
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

    who = {"username": credentials.username, "password": credentials.key, "api_token": credentials.token}
    with KaggleClient(**who, user_agent="santander") as client:
        session: Any = client.http_client()._session  # noqa: SLF001  (the client offers no other way)
        session.send = partial(session.send, timeout=_PATIENCE)
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
        before_sleep=_log_pause,
        sleep=sleep,
        retry_error_callback=lambda _: None,
    )
    return again(lambda: find(board.submissions()))


def _pause(state: "RetryCallState") -> float:
    """Seconds before the next try: ever more, and as many as Kaggle asks for."""
    error = state.outcome.exception() if state.outcome else None
    return max(min(_FIRST_PAUSE * _GROWTH ** (state.attempt_number - 1), _LONGEST_PAUSE), getattr(error, "retry_after", 0.0))


def _log_pause(state: "RetryCallState") -> None:
    error = state.outcome.exception() if state.outcome else None
    log.info("kaggle: %s; asking again in %.0f s", error or "there is no score yet", state.upcoming_sleep)
