"""The data folder and the state folder of a verb: whether they can be what it needs, asked before anything is made.

Where no folder is, a few verbs begin one; to all others it is a name that was mistyped. Verbs that write ask whether they may.
"""

import errno
import os
import re
from enum import Enum, auto
from pathlib import Path

from santander.config.settings import Settings, nearest
from santander.errors import InputError


class Need(Enum):
    """What a verb does with its folders."""

    NOTHING = auto()
    LOOKS = auto()
    """It reads both and makes nothing."""
    SCRATCH = auto()
    """It reads the data folder and makes files of its own in the state folder."""
    WRITES = auto()
    """It changes what is in a data folder that is there."""
    MAKES = auto()
    """It begins a data folder where there is none."""


_NEEDS = {
    "bank_report": Need.NOTHING,
    "status": Need.LOOKS,
    "models": Need.LOOKS,
    "compare": Need.LOOKS,
    "quarantine": Need.LOOKS,
    "offers": Need.LOOKS,
    "explain": Need.LOOKS,
    "audit": Need.SCRATCH,
    "evaluate": Need.SCRATCH,
    "reproduce": Need.SCRATCH,
    "serve": Need.SCRATCH,
    "keys": Need.SCRATCH,
    "generate": Need.MAKES,
    "ingest": Need.MAKES,
    "run": Need.MAKES,
}
"""By the name of the verb; one that is not here writes."""
_TELLS_OF_NOTHING = {
    *(
        "status",
        "models",
        "validate",
        "features",
        "describe",
        "train",
        "tune",
        "ablate",
        "promote",
        "score",
        "submit",
        "publish",
        "materialize",
    )
}
"""Where nobody has begun yet in the default folder they say so, or what is to be done first: to a new user that is no fault."""

_UNWRITABLE = (errno.EROFS, errno.EACCES, errno.EPERM)
_UNWRITABLE_TEXT = re.compile(r"Read-only file system|\(os error (?:1|13|30)\)|readonly database|Permission denied")


def check_folders(verb: str, settings: Settings, *, named: bool) -> None:
    """Raise InputError, in a line with the folder and the remedy, where the verb cannot use its folders.

    ``named`` says whether the user named the data folder: one that was is meant to be there.
    """
    need = _NEEDS.get(verb, Need.WRITES)
    if need is Need.NOTHING:
        return
    data = settings.data
    if isinstance(data, Path):
        if need is not Need.MAKES and not data.exists():
            if named or verb not in _TELLS_OF_NOTHING:
                raise InputError(f"there is no data folder {data}", hint="check --data-dir; 'santander run' makes a new one")
        elif need in {Need.WRITES, Need.MAKES} and not can_write(data):
            raise _of_data(data)
    if need is Need.LOOKS:
        begun = not isinstance(data, Path) or data.exists()
        if begun and settings.state_dir is not None and not settings.state.exists() and verb in _TELLS_OF_NOTHING:
            raise InputError(f"there is no state folder {settings.state}", hint="check --state-dir")
    elif not can_write(settings.state):
        raise _of_state(settings)


def only_looks(verb: str) -> bool:
    """Whether a verb leaves its folders as they are."""
    return _NEEDS.get(verb, Need.WRITES) in {Need.NOTHING, Need.LOOKS}


def can_write(folder: Path) -> bool:
    """Whether files can be made in a folder, or the folder where it is not there yet."""
    return os.access(nearest(folder), os.W_OK | os.X_OK)


def unwritable(error: BaseException, settings: Settings) -> InputError | None:
    """The one line for an error of something that could not be written, where a folder of the verb cannot; else None."""
    at: BaseException | None = error
    while at is not None and getattr(at, "errno", None) not in _UNWRITABLE and not _UNWRITABLE_TEXT.search(str(at)):
        at = at.__cause__
    if at is None:
        return None
    if not can_write(settings.state):
        return _of_state(settings)
    data = settings.data
    return _of_data(data) if isinstance(data, Path) and not can_write(data) else None


def _of_data(folder: Path) -> InputError:
    line = f"the data folder {folder} cannot be written by this user"
    return InputError(line, file=folder, hint="name another one with --data-dir")


def _of_state(settings: Settings) -> InputError:
    remedy = "name one that can with --state-dir, a copy of this one where models or erasures are in it"
    return InputError(f"the state folder {settings.state} cannot be written by this user", file=settings.state, hint=remedy)
