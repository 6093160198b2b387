"""How much of its log a command shows on standard error; the result on standard output is no matter of this."""

import logging
import sys
from collections.abc import Callable
from enum import Enum


class _Line(logging.Formatter):
    complete: Callable[[str], str] = staticmethod(str)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  (logging's name)
        return _Line.complete(super().formatMessage(record))


PACKAGE = logging.getLogger("santander")
_TERMINAL = logging.StreamHandler()
_LINE = "%(asctime)s %(levelname)s %(message)s"
_WHOSE_LINE = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class Loudness(Enum):
    """Levels of the terminal, of this package, and of everything else."""

    QUIET = (logging.WARNING, logging.INFO, logging.WARNING)
    NORMAL = (logging.NOTSET, logging.INFO, logging.WARNING)
    VERBOSE = (logging.NOTSET, logging.DEBUG, logging.INFO)


def show_on_terminal(loudness: Loudness) -> None:
    """Send log lines of this process to standard error, as many as asked for."""
    of_terminal, of_package, of_libraries = loudness.value
    _TERMINAL.setStream(sys.stderr)
    _TERMINAL.setFormatter(_Line(_WHOSE_LINE if loudness is Loudness.VERBOSE else _LINE, "%H:%M:%S"))
    _TERMINAL.setLevel(of_terminal)
    PACKAGE.setLevel(of_package)
    root = logging.getLogger()
    root.setLevel(of_libraries)
    root.addHandler(_TERMINAL)


def complete_lines(complete: Callable[[str], str]) -> None:
    """Have every line of the terminal completed, such as by the folders that a command in it is to be about."""
    _Line.complete = staticmethod(complete)


def shows_progress() -> bool:
    """Whether somebody looks who wants to see bars."""
    return sys.stderr is not None and sys.stderr.isatty() and _TERMINAL.level < logging.WARNING


def take_over(library: str) -> None:
    """Give the lines of a library the form of ours: its errors, and with ``--verbose`` all from INFO on."""
    theirs = logging.getLogger(library)
    theirs.handlers.clear()
    theirs.propagate = True
    theirs.setLevel(logging.INFO if PACKAGE.isEnabledFor(logging.DEBUG) else logging.ERROR)
