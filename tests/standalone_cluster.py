"""A real standalone Spark cluster on loopback: one master and some workers, each a process of its own in another folder.

The workers stand for machines that have Java and Python and nothing of ours: their environment is made from nothing, their
Python is the base interpreter without our packages, their folder is a temporary one. What executors import must be
shipped to them. Everything is started in a session of its own, so that it can be ended whole: an executor's Python workers
leave its process group, but not its session.
"""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from santander.engine.cluster.java import find_java_home, spark_home

HOST = "127.0.0.1"
START_SECONDS = 90
_ADDRESS = re.compile(r"Starting Spark master at (spark://\S+)")
_WEB_PAGE = re.compile(r"Bound MasterWebUI to \S+, and started at (http://\S+)")


@dataclass
class Daemon:
    """One process started by us, with all that it started: the session whose id is the process's."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def kill(self) -> None:
        """SIGKILL everything of the session and wait until nothing of it is left; raises when something stays."""
        for _ in range(100):
            members = _members(self.process.pid)
            if not members:
                break
            for pid in members:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.process.poll()  # takes the killed process off the list
            time.sleep(0.05)
        else:
            raise RuntimeError(f"{self.name}: still running: {_members(self.process.pid)}")
        self.process.wait()


@dataclass
class StandaloneCluster:
    """A running cluster; made by ``standalone_cluster``."""

    folder: Path
    cores: int
    memory: str
    daemons: list[Daemon] = field(default_factory=list)
    workers: list[Daemon] = field(default_factory=list)
    url: str = ""
    """What goes into --master."""
    web_page: str = ""

    def start_worker(self) -> int:
        """Start one more worker and return its number; it has not registered yet: see ``wait_for_workers``."""
        number = len(self.workers)
        options = [
            "--cores",
            str(self.cores),
            "--memory",
            self.memory,
            "--work-dir",
            str(self.work_of(number)),
            "--webui-port",
            "0",
        ]
        worker = self._start(f"worker-{number}", "org.apache.spark.deploy.worker.Worker", *options, self.url)
        self.workers.append(worker)
        return number

    def kill_worker(self, number: int) -> None:
        """SIGKILL a worker, its executors and their Python processes, as when a machine goes dark."""
        self.workers[number].kill()

    def wait_for_workers(self, count: int) -> None:
        """Wait until exactly so many workers are alive in the master's eyes."""
        _wait(lambda: len(self.alive_workers()) == count, f"{count} workers alive", self)

    def alive_workers(self) -> list[dict[str, Any]]:
        """The workers as the master lists them, those that are alive."""
        return [worker for worker in self._state()["workers"] if worker["state"] == "ALIVE"]

    def running_applications(self) -> list[dict[str, Any]]:
        """The applications that have not ended."""
        return list(self._state()["activeapps"])

    def work_of(self, number: int) -> Path:
        """Where a worker keeps the folders of its executors: ``<application>/<executor>/stderr`` and ``stdout``."""
        return self.folder / f"work-{number}"

    def executors_on(self, number: int) -> list[Path]:
        """The folders of the executors that a worker has started so far."""
        return sorted(self.work_of(number).glob("app-*/[0-9]*"))

    def logs(self, lines: int = 30) -> str:
        """The ends of all logs, those of executors too, for a test that fails."""
        files = [daemon.log for daemon in self.daemons] + sorted(self.folder.glob("work-*/app-*/*/std*"))
        return "\n".join(f"== {file}\n{_end_of(file, lines)}" for file in files)

    def stop(self) -> None:
        """End everything that was started, workers first."""
        for daemon in reversed(self.daemons):
            daemon.kill()

    def start_master(self) -> None:
        """Start the master on free ports, which it says in its log."""
        options = ["--host", HOST, "--port", "0", "--webui-port", "0"]
        master = self._start("master", "org.apache.spark.deploy.master.Master", *options)
        _wait(lambda: _ADDRESS.search(_end_of(master.log)) and _WEB_PAGE.search(_end_of(master.log)), "a master", self)
        for name, pattern in (("url", _ADDRESS), ("web_page", _WEB_PAGE)):
            found = pattern.search(_end_of(master.log))
            assert found
            setattr(self, name, found[1])

    def _start(self, name: str, *words: str) -> Daemon:
        log = self.folder / f"{name}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [str(spark_home() / "bin" / "spark-class"), *words],
                cwd=self.folder, env=environment(self.folder), start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
            )  # fmt: skip
        self.daemons.append(Daemon(name, process, log))
        return self.daemons[-1]

    def _state(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.web_page}/json/", timeout=30) as answer:  # noqa: S310
            return dict(json.load(answer))


@contextlib.contextmanager
def standalone_cluster(folder: Path, workers: int = 2, cores: int = 1, memory: str = "3g") -> Iterator[StandaloneCluster]:
    """A master and registered workers, ended on leaving whatever happens. ``memory`` is what a worker may give to executors."""
    folder.mkdir(parents=True, exist_ok=True)
    _refuse_our_packages(folder)
    cluster = StandaloneCluster(folder, cores, memory)
    try:
        cluster.start_master()
        for _ in range(workers):
            cluster.start_worker()
        cluster.wait_for_workers(workers)
        yield cluster
    except BaseException as error:
        error.add_note(cluster.logs())
        raise
    finally:
        cluster.stop()


def environment(folder: Path) -> dict[str, str]:
    """All that the daemons know of this machine: Java, Spark, and a Python without our packages."""
    return {
        "PATH": os.pathsep.join([str(Path(sys.base_prefix, "bin")), "/usr/bin", "/bin"]),
        "HOME": str(folder),
        "JAVA_HOME": str(find_java_home()),
        "SPARK_HOME": str(spark_home()),
        "SPARK_CONF_DIR": str(folder),
        "SPARK_LOCAL_IP": HOST,
        "SPARK_PUBLIC_DNS": HOST,
        "SPARK_DAEMON_MEMORY": "256m",
    }


def _refuse_our_packages(folder: Path) -> None:
    """The cluster proves nothing about shipping when its Python has the packages already."""
    for package in ("numpy", "pyspark", "santander"):
        tried = subprocess.run(
            [f"python{sys.version_info.major}.{sys.version_info.minor}", "-c", f"import {package}"],
            cwd=folder, env=environment(folder), capture_output=True, text=True, check=False,
        )  # fmt: skip
        if "ModuleNotFoundError" not in tried.stderr:
            raise RuntimeError(f"the workers' Python must not have {package}: {tried.stderr or sys.base_prefix}")


def _members(session: int) -> list[int]:
    """The processes of a session that have not ended; those that only wait to be taken off the list have."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,sess=,stat="], capture_output=True, text=True, check=True)  # noqa: S607
    fields = [line.split() for line in listed.stdout.splitlines()]
    return [int(pid) for pid, of, state in fields if int(of) == session and not state.startswith("Z")]


def _wait(reached: Any, what: str, cluster: StandaloneCluster) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not reached():
        ended = [daemon.name for daemon in cluster.daemons if daemon.process.poll() is not None]
        if time.monotonic() > deadline:
            raise RuntimeError(f"no {what} after {START_SECONDS} s; ended: {ended}")
        time.sleep(0.1)


def _end_of(file: Path, lines: int = 200) -> str:
    return "\n".join(file.read_text(errors="replace").splitlines()[-lines:])
