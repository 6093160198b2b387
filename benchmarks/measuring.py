"""One process, measured: seconds by the clock, processor seconds and the peak of memory of everything it starts."""

import re
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

LOOKS_PER_SECOND = 20


@dataclass(frozen=True, slots=True)
class Run:
    """What one process took; ``failure`` says why it gave nothing."""

    seconds: float
    processor_seconds: float
    peak_gb: float
    output: str = ""
    failure: str | None = None


class Watch(threading.Thread):
    """Adds up what a process and all it started use, and ends them above a limit of memory.

    Processor seconds of a process that ended between two looks are those of the last look, and then what its parent was told
    of it. Memory that processes share counts once for each of them.
    """

    def __init__(self, pid: int, memory_limit_gb: float) -> None:
        super().__init__(daemon=True)
        self._root = psutil.Process(pid)
        self._limit = memory_limit_gb
        self._used: dict[int, float] = {}
        self.peak_gb = 0.0
        self.too_large = False

    @property
    def processor_seconds(self) -> float:
        """Of all processes seen."""
        return sum(self._used.values())

    def run(self) -> None:
        """Look until the process is gone."""
        while self._look():
            time.sleep(1 / LOOKS_PER_SECOND)

    def _look(self) -> bool:
        try:
            if not self._root.is_running() or self._root.status() == psutil.STATUS_ZOMBIE:
                return False
            tree = [self._root, *self._root.children(recursive=True)]
        except psutil.Error:
            return False
        memory = 0
        for process in tree:
            try:
                memory += process.memory_info().rss
                times = process.cpu_times()
            except psutil.Error:
                continue
            self._used[process.pid] = times.user + times.system
        self.peak_gb = max(self.peak_gb, memory / 1e9)
        if self.peak_gb > self._limit and not self.too_large:
            self.too_large = True
            self.end()
        return True

    def end(self) -> None:
        """End the process and all it started."""
        try:
            tree = [*self._root.children(recursive=True), self._root]
        except psutil.Error:
            return
        for process in tree:
            try:
                process.kill()
            except psutil.Error:
                continue


def measured(
    command: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    timeout: float = 3600,
    memory_limit_gb: float = 20,
) -> Run:
    """Run a command to its end, or until it takes more seconds or memory than it may."""
    started = time.monotonic()
    process = subprocess.Popen(
        list(command), env=environment, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    watch = Watch(process.pid, memory_limit_gb)
    watch.start()
    failure = None
    try:
        output, said = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        watch.end()
        output, said = process.communicate()
        failure = f"stopped after {timeout:g} s"
    seconds = time.monotonic() - started
    watch.join(timeout=1)
    if watch.too_large:
        failure = f"stopped above {memory_limit_gb:g} GB"
    elif failure is None and process.returncode:
        failure = _why(said) or f"exit code {process.returncode}"
    return Run(round(seconds, 3), round(watch.processor_seconds, 2), round(watch.peak_gb, 3), output, failure)


def _why(said: str) -> str:
    """The line of standard error that names the error, else the last one."""
    lines = [line.strip() for line in said.splitlines() if line.strip(" ^~")]
    named = [line for line in lines if re.match(r"(error|[\w.]*(Error|Exception))\b.*:", line)]
    return (named or lines or [""])[-1][:200]
