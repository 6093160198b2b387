"""What Kaggle refuses, in one line each with what to do about it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from santander.errors import InputError, SantanderError
from santander.kaggle.credentials import HOW_TO_GET_THEM

if TYPE_CHECKING:
    import requests

_LONGEST_REMARK = 300


class NotNow(SantanderError):
    """Kaggle may say yes another time: it is overloaded, has a fault of its own, or cannot be reached."""

    def __init__(self, message: str, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds after which Kaggle wants to be asked again, where it says so."""


@contextmanager
def told_in_one_line(competition: str) -> Iterator[None]:
    """Errors of the client as InputError (what the user must put right), NotNow, or another SantanderError."""
    import requests

    try:
        yield
    except requests.HTTPError as error:
        raise _explained(competition, error) from None
    except requests.RequestException as error:
        if isinstance(error, requests.JSONDecodeError):
            raise _not_understood(error) from None
        raise NotNow(f"Kaggle cannot be reached ({type(error).__name__}): try again later") from None
    except (ValueError, KeyError, TypeError) as error:
        raise _not_understood(error) from None


def _explained(competition: str, error: "requests.HTTPError") -> SantanderError:
    status, said = _status_and_message(error)
    page = f"https://www.kaggle.com/competitions/{competition}"
    if status == 401:
        return InputError(f"Kaggle refuses these credentials ({said}): {HOW_TO_GET_THEM}")
    if status == 403:
        return InputError(f"Kaggle does not let this account submit ({said}): accept the rules at {page}/rules first")
    if status == 404:
        return InputError(f"Kaggle knows no competition '{competition}' ({said}): see the setting kaggle.competition")
    if status == 429:
        wait = _seconds(error)
        after = f"in {wait:g} s" if wait else "later"
        return NotNow(f"Kaggle asks to be asked less often ({said}): try again {after}", wait)
    if status >= 500:
        return NotNow(f"Kaggle has a fault of its own, {status} ({said}): try again later, nothing is sent twice")
    return SantanderError(f"Kaggle refuses this, {status}: {said}")


def _not_understood(error: Exception) -> SantanderError:
    said = f"{type(error).__name__}: {error}"
    return SantanderError(f"Kaggle answered what its client does not understand ({said[:_LONGEST_REMARK]})")


def _status_and_message(error: "requests.HTTPError") -> tuple[int, str]:
    """The code and the text of the answer's body, where it has them, else those of its first line."""
    response: Any = error.response
    status, said = int(response.status_code), response.reason or "no reason given"
    try:
        body = response.json()
        status, said = int(body.get("code", status)), body.get("message") or said
    except (ValueError, AttributeError, TypeError):
        pass
    return status, " ".join(str(said).split())[:_LONGEST_REMARK]


def _seconds(error: "requests.HTTPError") -> float:
    response: Any = error.response
    try:
        return max(float(response.headers.get("Retry-After", "0")), 0.0)
    except ValueError:
        return 0.0
