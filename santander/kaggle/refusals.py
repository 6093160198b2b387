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
        401: f"Kaggle refuses these credentials ({reason}): {HOW_TO_GET_THEM}",
        403: f"Kaggle does not let this account submit ({reason}): accept the rules at {page}/rules first",
        404: f"Kaggle knows no competition '{competition}' ({reason}): see the setting kaggle.competition",
    }
    if status in for_the_user:
        return InputError(for_the_user[status])
    if status == 429:
        after = response.headers.get("Retry-After", "")
        again = f"in {after} s" if after.isdecimal() else "later"
        wait = float(after) if after.isdecimal() else 0.0
        return NotNow(f"Kaggle asks to be asked less often ({reason}): try again {again}", wait)
    if status >= 500:
        return NotNow(f"Kaggle has a fault of its own, {status} ({reason}): try again later, nothing is sent twice")
    return SantanderError(f"Kaggle refuses this, {status}: {reason}")
