"""One process, measured: seconds by the clock, processor seconds and the peak of memory of everything it starts."""

import re
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
from process_kinds import kind_of

LOOKS_PER_SECOND = 20


@dataclass(slots=True)
class Process:
    """One process that was seen: what it is, and what it took."""

    kind: str
    processor_seconds: float = 0.0
    peak_gb: float = 0.0


@dataclass(frozen=True, slots=True)
class Run:
    """What one process took; ``failure`` says why it gave nothing."""

    seconds: float
    processor_seconds: float
    peak_gb: float
    output: str = ""
    failure: str | None = None
    processes: Sequence[Process] = ()
    """Every process that was seen."""
    others: float = 0.0
    """Cores that the rest of the machine used meanwhile."""


class Watch(threading.Thread):
    """Adds up what a process and all it started use, and ends them above a limit of memory.

    Processor seconds of a process that ended between two looks are those of the last look, and then what its parent was told
    of it. Memory that processes share counts once for each of them. ``daemons`` were there before, such as those of a cluster:
    what they start counts in full, and of their own what they use from now on.
    """

    def __init__(self, pid: int, memory_limit_gb: float, daemons: Sequence[int] = ()) -> None:
        super().__init__(daemon=True)
        self._root = psutil.Process(pid)
        self._daemons = [psutil.Process(daemon) for daemon in daemons]
        self._before = {each.pid: _used(each) for each in _with_children(self._daemons)}
        self._limit = memory_limit_gb
        self._seen: dict[int, Process] = {}
        self.peak_gb = 0.0
        self.too_large = False

    @property
    def processes(self) -> list[Process]:
        """All processes seen."""
        return list(self._seen.values())

    @property
    def processor_seconds(self) -> float:
        """Of all processes seen."""
        return sum(each.processor_seconds for each in self.processes)

    def run(self) -> None:
        """Look until the process is gone."""
        while self._look():
            time.sleep(1 / LOOKS_PER_SECOND)

    def _look(self) -> bool:
        try:
            if not self._root.is_running() or self._root.status() == psutil.STATUS_ZOMBIE:
                return False
            tree = _with_children([self._root, *self._daemons])
        except psutil.Error:
            return False
        memory = 0
        for process in tree:
            try:
                memory += process.memory_info().rss
                seen = self._seen.setdefault(process.pid, Process(""))
                seen.kind = kind_of(process, self._root.pid) or seen.kind  # a shell, or a fork, becomes what it starts
                seen.processor_seconds = _used(process) - self._before.get(process.pid, 0.0)
                seen.peak_gb = max(seen.peak_gb, _most_held(process) / 1e9)
            except (psutil.Error, OSError):
                continue
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
    daemons: Sequence[int] = (),
) -> Run:
    """Run a command to its end, or until it takes more seconds or memory than it may."""
    started, idle = time.monotonic(), _idle()
    process = subprocess.Popen(
        list(command), env=environment, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    watch = Watch(process.pid, memory_limit_gb, daemons)
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
    used = watch.processor_seconds
    others = max(0.0, (psutil.cpu_count() or 1) - (_idle() - idle + used) / seconds)
    return Run(
        round(seconds, 3), round(used, 2), round(watch.peak_gb, 3), output, failure, watch.processes, round(others, 2)
    )  # fmt: skip


def _with_children(roots: Sequence[psutil.Process]) -> list[psutil.Process]:
    return [each for root in roots for each in (root, *root.children(recursive=True))]


def _used(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _most_held(process: psutil.Process) -> int:
    """The most bytes that a process has held so far, where the system keeps that; else what it holds."""
    status = Path(f"/proc/{process.pid}/status")
    if status.is_file():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return int(process.memory_info().rss)


def _idle() -> float:
    """Seconds that the machine's cores have had nothing to do since it was started."""
    times = psutil.cpu_times()
    return float(times.idle + getattr(times, "iowait", 0.0))


def _why(said: str) -> str:
    """The line of standard error that names the error, else the last one."""
    lines = [line.strip() for line in said.splitlines() if line.strip(" ^~")]
    named = [line for line in lines if re.match(r"(error|[\w.]*(Error|Exception))\b.*:", line)]
    return (named or lines or [""])[-1][:200]
