"""How a process ends by a signal: one line that says what to do, the code of the signal, nothing left running.

What a step commits is whole at every moment, so a process may end at any: it ends at once, from a thread of its own.
The main thread may be inside native code, which does not return for minutes, or wait for an engine that took the signal too.
"""

import atexit
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

GOES_ON = "the same command run again goes on"
SECONDS_FOR_CHILDREN = 10.0
"""How long the processes that this one started, such as Java, have to end by themselves before they are killed."""

_ENDING = threading.RLock()
"""Held by who ends the process; everyone else waits for the end here."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
last_words: Callable[[str], None] | None = None
"""Writes the line of a process that a signal ends to its log; it may wait for nothing and nobody."""
_watched = False
_main_leaves = False


def end_by_signals() -> None:
    """End this process by SIGINT (code 130), SIGTERM (143) and SIGHUP (129), whatever its main thread is doing.

    A process that a script started in the background has SIGINT ignored, but the engines take it all the same and end: so it
    counts here too. SIGHUP stays ignored where it is, as ``nohup`` wants it.
    """
    global _watched  # noqa: PLW0603  (a process has one set of signal handlers)
    if _watched or threading.current_thread() is not threading.main_thread():
        return
    _watched = True
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    for number in _SIGNALS:
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _wait_for_the_end)
    # written to at once, also while no Python code runs
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    atexit.register(_end_as_usual)  # threads that watch do not outlast the interpreter
    os.register_at_fork(before=_hold_signals, after_in_parent=_let_signals_through, after_in_child=_end_as_usual)
    threading.Thread(target=_watch, args=(reading,), name="signals", daemon=True).start()


def take_back_ctrl_c() -> None:
    """Handle SIGINT again where a library has put a handler of its own: PySpark's would talk to Java in the middle of a call."""
    if _watched and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, _wait_for_the_end)


def leave_signals_to(take: Callable[[int], None]) -> None:
    """Call ``take`` with the number of each signal from now on, in the main thread, and end nothing: a service drains first."""
    signal.set_wakeup_fd(-1)
    for number in _SIGNALS:
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, lambda signalled, _frame: take(signalled))


def end_by(number: int) -> NoReturn:
    """Print the line and leave the process with the code of this signal; the processes it started, such as Java, end too."""
    _take_the_end()
    message = f"ended by {signal.Signals(number).name}: {GOES_ON}"
    if last_words is not None:
        last_words(message)
    with suppress(
        OSError
    ):  # past Python's buffer, in which the main thread may have been stopped, and a reader that reads no more
        if select.select([], [2], [], 1.0)[1]:
            os.write(2, f"error: {message}\n".encode())
    with suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (1, 2):  # threads that lose their engine now have nothing to add
            os.dup2(nowhere, stream)
    _end_children()
    os._exit(128 + number)


def end_with(line: str, code: int, *, result: str | None = None) -> NoReturn:
    """Print a line, and ``result`` on standard output, and leave the process with this code, unless a signal is ending it."""
    _take_the_end()
    with suppress(OSError, ValueError):
        print(f"error: {line}", file=sys.stderr, flush=True)
    if result is not None:
        with suppress(OSError, ValueError):
            print(result)
    with suppress(OSError):
        hand_over()
    # the engine's threads may abort the process when the interpreter winds down after a failed job; the code must hold
    os._exit(code)


def hand_over() -> None:
    """Flush what was printed; where nobody reads any more, as after ``| head``, the rest goes nowhere."""
    for stream in (sys.stdout, sys.stderr):
        if stream is None:  # closed from the start
            continue
        try:
            stream.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _take_the_end() -> None:
    """Wait here for good where somebody else is ending the process."""
    global _main_leaves  # noqa: PLW0603  (its signal handler looks at it)
    if threading.current_thread() is threading.main_thread():
        _main_leaves = True
    _ENDING.acquire()


def _watch(reading: int) -> None:
    while True:
        for number in os.read(reading, 64):
            if number in _SIGNALS and signal.getsignal(number) != signal.SIG_IGN:
                end_by(number)


def _wait_for_the_end(number: int, frame: Any) -> None:  # noqa: ARG001  (the signature is Python's)
    """Keep the main thread from starting anything new, unless it is ending the process already."""
    if not _main_leaves:
        threading.Event().wait()


def _hold_signals() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)


def _let_signals_through() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)


def _end_as_usual() -> None:
    """Leave signals to the system: in a fork, which has no such thread and shares the pipe, and when the interpreter ends."""
    signal.set_wakeup_fd(-1)
    for number in _SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    _let_signals_through()


def _end_children() -> None:
    last_call = time.monotonic() + SECONDS_FOR_CHILDREN
    for number in (signal.SIGTERM, signal.SIGKILL):
        children = _children()
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(child, number)
        while any(map(_runs, children)) and time.monotonic() < last_call:
            time.sleep(0.02)


def _children() -> list[int]:
    """The processes that this one started and that run; none where the system does not list them: Java ends by itself there."""
    listed = Path("/proc/self/task").glob("*/children")
    return [int(pid) for threads in listed for pid in threads.read_text().split() if _runs(int(pid))]


def _runs(child: int) -> bool:
    try:
        return os.waitpid(child, os.WNOHANG) == (0, 0)
    except ChildProcessError:  # somebody else has waited for it
        return False
