"""Errors a user can cause. The command line shows each as one line and maps it to an exit code."""

import errno
import re
import traceback
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import TypedDict, Unpack


class About(TypedDict, total=False):
    """What an error says beside its line, where that can be told."""

    file: object
    month: object
    column: str | None
    """Its name in the file."""
    example: str | None
    """A text that is wrong ..."""
    line: int | None
    """... and the line of the file it stands in."""
    hint: str | None
    """What to do; it ends the line, unless it stands in it already."""


class SantanderError(Exception):
    """Something the user should hear about in one line; ends with exit code 1."""

    exit_code = 1
    in_result = False
    """Whether the result that the verb has printed says the same."""

    def __init__(self, message: str = "", **about: Unpack[About]) -> None:
        self.hint = about.get("hint")
        super().__init__(f"{message}: {self.hint}" if self.hint and self.hint not in message else message)
        file, month = about.get("file"), about.get("month")
        self.file = None if file is None else str(file)
        self.month = None if month is None else str(month)
        self.column, self.example, self.line = about.get("column"), about.get("example"), about.get("line")


class InputError(SantanderError):
    """Bad input or usage: a file, an option or a setting is not what the command needs; exit code 2."""

    exit_code = 2


class TooLittleData(InputError):
    """The months at hand hold too little to fit a model, or to judge one; says which months."""


_MOST_NAMES = 24
_PART = 4
"""Letters from which on a part of a name tells which is meant."""


def nearest(given: str, names: Iterable[str]) -> str | None:
    """Return the name that is nearly the one given, or the only one that it is a part of; None where none is."""
    there = {name.lower(): name for name in names}
    close = get_close_matches(given.lower(), there, n=1, cutoff=0.75)
    within = [name for name in there if len(given) >= _PART and given.lower() in name]
    return there[close[0]] if close else there[within[0]] if len(within) == 1 else None


def did_you_mean(given: str, names: Iterable[str]) -> str:
    """Return the hint for an unknown name: the one that is meant, where one is near, else the names there are."""
    there = list(names)
    if (meant := nearest(given, there)) is not None:
        return f"did you mean {meant}?"
    return f"there are {', '.join(there[:_MOST_NAMES]) or 'none'}{' …' if len(there) > _MOST_NAMES else ''}"


_OUT_OF_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_OUT_OF_SPACE_TEXT = re.compile(
    r"No space left on device|Disk quota exceeded|File too large|\(os error (?:27|28|122)\)|database or disk is full"
)


def is_out_of_space(error: BaseException) -> bool:
    """Whether an error, or one that it came from, says that a disk or a quota is full; engines pass it on as text only."""
    at: BaseException | None = error
    while at is not None:
        if getattr(at, "errno", None) in _OUT_OF_SPACE or _OUT_OF_SPACE_TEXT.search(str(at)):
            return True
        at = at.__cause__
    return False


_JAVA_CAUSE = "Caused by: "
_JAVA_FRAME = "\n\tat "
_PYTHON_TRACE = "Traceback (most recent call last)"


def telling_line(error: BaseException) -> str:
    """The one line of an error that says what happened, also where the error crossed an engine or a worker.

    An error of the Java side names its causes below each other, the first of all last; an error of a Python worker ends
    with the line that counts. Either may be wrapped in lines of what called what.
    """
    text = str(error).strip()
    if type(error).__name__ == "Py4JJavaError":
        text = text.rpartition(_JAVA_CAUSE)[2].partition(": ")[2] if _JAVA_CAUSE in text else text.partition("\n: ")[2]
    text = text.partition(_JAVA_FRAME)[0].strip()
    lines = [line.strip() for line in text.splitlines() if line.strip()] or [""]
    if isinstance(error, SantanderError):
        return lines[0]
    if _PYTHON_TRACE in text:
        return lines[-1]
    return lines[0] if type(error).__name__ == "Py4JJavaError" else f"{type(error).__name__}: {lines[0]}"


_PACKAGE = Path(__file__).resolve().parent
_FRAME_IN_TEXT = re.compile(rf'File "[^"\n]*[/\\]({_PACKAGE.name}[/\\](?:\w+[/\\])*\w+\.py)", line (\d+)')


def place_of(error: BaseException) -> str:
    """Return file and line of the innermost frame of our code behind an error, such as ``santander/features/profile.py:41``.

    An error that crossed an engine or a worker has its frames in its text. A declaration that is refused is named, not its check.
    """
    if in_text := _FRAME_IN_TEXT.findall(str(error)):
        return ":".join(in_text[-1])
    frames = (frame for frame in traceback.extract_tb(error.__traceback__) if frame.name != "__post_init__")
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(_PACKAGE)]
    return f"{Path(ours[-1].filename).relative_to(_PACKAGE.parent)}:{ours[-1].lineno}" if ours else "no file of santander"
