"""The servers that are measured, each on one core: how they are started, and what their processes take."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import serving_constant

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parent
BIN = Path(sys.executable).parent
OURS, CONSTANT, FEAST, MLFLOW = "santander serve", "constant", "feast serve", "mlflow models serve"
_PATIENCE = 120.0
_LOOK = 0.01
_QUIET = 0.1
"""The share of a core that a server uses which is asked nothing: it looks for a new month, and commits its log."""


@dataclass
class Server:
    """One that runs and answers."""

    name: str
    process: subprocess.Popen[bytes]
    address: str
    start_seconds: float
    """Until the first answer."""
    start_processor_seconds: float
    """What its processes used of a processor until then."""
    log: Path
    metrics: str = ""
    """Address of the metrics of the first worker, of ours."""
    _workers: dict[int, float] = field(default_factory=dict)

    def processor_seconds(self) -> dict[int, float]:
        """Return what each of its processes has used so far."""
        used = {}
        for each in self.tree():
            with suppress(psutil.Error):
                times = each.cpu_times()
                used[each.pid] = times.user + times.system
        return used

    def worker(self) -> psutil.Process:
        """Return the process that answers: the one that has used the most."""
        used = self.processor_seconds()
        if self.name == OURS:  # the others of ours are known by what they run, however little was asked yet
            used = {pid: spent for pid, spent in used.items() if "santander.serving.http.worker" in psutil.Process(pid).cmdline()}
        return psutil.Process(max(used, key=lambda pid: used[pid]))

    def tree(self) -> list[psutil.Process]:
        """Return all its processes."""
        with suppress(psutil.Error):
            root = psutil.Process(self.process.pid)
            return [root, *root.children(recursive=True)]
        return []

    def private_mb(self) -> float:
        """Return what the process that answers holds for itself, in MB; pages of files count where it alone has mapped them."""
        return private_mb(self.worker().pid)


def private_mb(pid: int) -> float:
    """Return the private memory of a process."""
    maps = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(kilobytes) for kilobytes in re.findall(r"^Private_\w+: +(\d+) kB", maps, re.MULTILINE)) * 1024 / 1e6


def constant_server(core: int, folder: Path) -> "_Starting":
    """Return how the constant is started."""
    port = free_port()
    command = [sys.executable, str(HERE / "serving_constant.py"), str(port)]
    return _Starting(CONSTANT, command, port, serving_constant.PATH, core, folder)


def own_server(data: Path, core: int, folder: Path) -> "_Starting":
    """Return how the service is started, with its log and its metrics."""
    port, metrics = free_port(), free_port()
    command = [str(BIN / "santander"), "serve", "--port", str(port), "--metrics-port", str(metrics), "--data-dir", str(data)]
    return _Starting(OURS, command, port, "/ready", core, folder, metrics=f"http://127.0.0.1:{metrics}/metrics")


def feast_server(data: Path, core: int, folder: Path) -> "_Starting":
    """Return how Feast's server is started on our repository: without a log of requests, and never started anew."""
    port = free_port()
    command = [
        str(BIN / "feast"), "--chdir", str(CHECKOUT / "feature_repo"), "serve", "--port", str(port), "--workers", "1",
        "--no-access-log", "--max-requests", "0",
    ]  # fmt: skip
    return _Starting(FEAST, command, port, "/health", core, folder, {"SANTANDER_DATA_DIR": str(data)})


def mlflow_server(model: Path, core: int, folder: Path) -> "_Starting":
    """Return how MLflow's server is started on the files of a registered model."""
    port = free_port()
    command = [
        str(BIN / "mlflow"), "models", "serve", "--model-uri", str(model), "--env-manager", "local", "--port", str(port),
        "--workers", "1",
    ]  # fmt: skip
    return _Starting(MLFLOW, command, port, "/ping", core, folder, {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"})


@dataclass(frozen=True)
class _Starting:
    name: str
    command: Sequence[str]
    port: int
    ready: str
    """The path that answers with 200 once it can be asked."""
    core: int
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    metrics: str = ""

    @contextmanager
    def running(self) -> Iterator[Server]:
        """Start it on its core, wait until it answers, and end it."""
        log, address = self.folder / f"{self.name.replace(' ', '-')}.log", f"http://127.0.0.1:{self.port}"
        began = time.monotonic()
        with log.open("wb") as errors:
            process = subprocess.Popen(
                pinned(self.core, self.command),
                env=os.environ | self.environment, stdout=errors, stderr=errors, start_new_session=True,
            )  # fmt: skip
        try:
            until_answered(address + self.ready, process, log)
            server = Server(self.name, process, address, time.monotonic() - began, 0.0, log, self.metrics)
            server.start_processor_seconds = sum(server.processor_seconds().values())
            yield server
        finally:
            _end(process)


def until_answered(url: str, process: subprocess.Popen[bytes], log: Path, body: bytes | None = None) -> None:
    """Wait until this address answers with 200; ends this program where the process ends before, or it takes too long."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"} if body else {})  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=10):  # noqa: S310  (our own address)
                return
        except urllib.error.HTTPError as error:
            if error.code != 503:
                sys.exit(f"error: {url} answers {error.code}: {error.read()[:300]!r}")
        except OSError:
            pass
        if process.poll() is not None or time.monotonic() > deadline:
            sys.exit(f"error: {url} does not answer; its log ends with:\n{log.read_text()[-1000:]}")
        time.sleep(_LOOK)


def wait_until_quiet(server: Server) -> None:
    """Wait until a server has nothing left to do of what it was asked before, half a minute at most."""
    for _ in range(60):
        before = sum(server.processor_seconds().values())
        time.sleep(0.5)
        if sum(server.processor_seconds().values()) - before <= _QUIET * 0.5:
            return


def pinned(core: int, command: Sequence[str]) -> list[str]:
    """Return the command that runs this one on one core."""
    return ["taskset", "-c", str(core), *command]


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a server and all it started: first as its user would, then by force."""
    with suppress(psutil.Error):
        root = psutil.Process(process.pid)
        tree = [root, *root.children(recursive=True)]
        process.send_signal(signal.SIGTERM)
        _, left = psutil.wait_procs(tree, timeout=30)
        for each in left:
            with suppress(psutil.Error):
                each.kill()
    process.wait()
