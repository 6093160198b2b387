"""A command of ours as a process that can be killed, frozen and waited for, with everything that it started."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SANTANDER = str(Path(sys.executable).with_name("santander"))
LONGEST_SECONDS = 600
"""A command of this suite that takes longer hangs."""
POLL_SECONDS = 0.002


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code and what it said."""

    code: int
    out: str
    err: str

    @property
    def complaints(self) -> list[str]:
        """Lines of standard error that are no progress."""
        return [line for line in self.err.splitlines() if line.strip() and not _is_progress(line)]

    def check_done(self) -> None:
        """The command did its work and said nothing that frightens."""
        assert self.code == 0, self.err[-3000:]
        assert "Traceback" not in self.err, self.err[-3000:]

    def refusal(self, code: int = 1) -> str:
        """The one line of a command that refused."""
        assert self.code == code, f"exit code {self.code}: {self.err[-3000:]}"
        assert "Traceback" not in self.err, self.err[-3000:]
        (line,) = [line for line in self.complaints if line.startswith("error: ")]
        assert self.err.rstrip().endswith(line), self.err[-3000:]
        assert len(line) < 600, line
        return line


class Running:
    """A command in a session of its own, so that all it starts - a JVM, its Python workers - is found by that."""

    def __init__(self, words: Sequence[object], environment: Mapping[str, str], folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        place = folder / f"{time.monotonic_ns()}"
        self._out, self._err = place.with_suffix(".out"), place.with_suffix(".err")
        with self._out.open("w") as out, self._err.open("w") as err:
            self.process = subprocess.Popen(
                [SANTANDER, *map(str, words)], env=dict(environment), stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                start_new_session=True, cwd=folder,
            )  # fmt: skip

    def is_running(self) -> bool:
        return self.process.poll() is None

    def said(self) -> str:
        return self._err.read_text(errors="replace")

    def kill(self) -> bool:
        """``kill -9`` of all of it at once; False when it had ended before."""
        alive = self.is_running()
        while members := _members(self.process.pid):
            _signal(members, signal.SIGKILL)
            self.process.poll()
            time.sleep(POLL_SECONDS)
        self.process.wait(timeout=30)
        return alive

    def kill_driver(self) -> bool:
        """``kill -9`` of the command alone; what it started is left to notice, and waited for."""
        alive = self.is_running()
        self.process.kill()
        self.process.wait(timeout=30)
        deadline = time.monotonic() + 60
        while _members(self.process.pid):
            assert time.monotonic() < deadline, "processes of a killed command go on"
            time.sleep(0.05)
        return alive

    def freeze(self) -> None:
        _signal(_members(self.process.pid), signal.SIGSTOP)

    def thaw(self) -> None:
        _signal(_members(self.process.pid), signal.SIGCONT)

    def wait_until(self, condition: Callable[[], bool], what: str) -> None:
        """Go on once the condition holds; the command must still be running then."""
        deadline = time.monotonic() + LONGEST_SECONDS
        while not condition():
            assert self.is_running(), f"ended before {what}: {self.said()[-3000:]}"
            assert time.monotonic() < deadline, f"no {what} within {LONGEST_SECONDS} s: {self.said()[-3000:]}"
            time.sleep(POLL_SECONDS)

    def wait(self) -> Ended:
        try:
            code = self.process.wait(timeout=LONGEST_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"did not end within {LONGEST_SECONDS} s: {self.said()[-3000:]}") from None
        return Ended(code, self._out.read_text(errors="replace"), self.said())


def _is_progress(line: str) -> bool:
    return " INFO " in line or " WARNING " in line or line.startswith(("WARNING: ", "NOTE: "))


def _members(session_id: int) -> list[int]:
    """The living processes of a session."""
    members = []
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                state, _parent, _group, session = Path(entry.path, "stat").read_text().rpartition(")")[2].split()[:4]
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(session) == session_id and state not in "ZX":
                members.append(int(entry.name))
    return members


def _signal(members: Sequence[int], number: int) -> None:
    for member in members:
        try:
            os.kill(member, number)
        except ProcessLookupError:
            continue
