"""Starts what docker-compose.yml describes without containers: each service a process on a free port of loopback.

Commands, environments, health checks and the order of starting are those of the file and of deploy/Dockerfile; only host
names, ports and folders are replaced. Others' images stand for Debian's packages.
"""

import contextlib
import os
import pwd
import random
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from santander.engine.cluster.java import find_java_home
from tests.deploy import compose
from tests.deploy.dockerfile import Image
from tests.standalone_cluster import Daemon

START_SECONDS = 240
RUN_SECONDS = 900
"""Patience with one job; a run takes three minutes where nothing else does."""
LATER = {"app", "watch"}
"""Profiles that wait: the service needs a published month, and what watches needs the service."""
_OWN_PROGRAMS = {"prometheus": "prometheus"}
"""What the images start that have no script of ours."""
_USERS_OF_DEBIAN = {"nginx": "www-data"}
"""Users whom Debian's packages name otherwise than the images do."""
_PORTS = range(20_000, 32_000)
"""Below those of outgoing connections (net.ipv4.ip_local_port_range)."""
_ITSELF = ("0.0.0.0", "127.0.0.1", "localhost")  # noqa: S104  (names in the file; nothing binds to them here)


class NotStarted(RuntimeError):
    """A service that ended early or never answered, with the end of its log."""


@dataclass
class Topology:
    """The services that run; ``run`` starts a command as the service ``job`` does.

    Each of others' images has folders of its own for what is mounted and for /tmp.
    """

    image: Image
    variables: Mapping[str, str]
    daemons: dict[str, Daemon] = field(default_factory=dict)
    _service_of: dict[str, str] = field(default_factory=dict)
    _ports: dict[tuple[str, str], int] = field(default_factory=dict)

    @property
    def services(self) -> dict[str, dict[str, Any]]:
        return compose.services(self.variables)

    @property
    def logs(self) -> Path:
        folder = self.image.data / "logs"
        folder.mkdir(exist_ok=True)
        return folder

    def address(self, service: str, port: int) -> str:
        """Where a service listens here; the same answer every time."""
        key = (service, str(port))
        if key not in self._ports:
            self._ports[key] = _free_port({*self._ports.values()})
        return f"127.0.0.1:{self._ports[key]}"

    def translate(self, text: str, process: str) -> str:
        """A text of the file as it must read for a process here: hosts, ports and folders; others' images have their own /opt."""

        def here(found: re.Match[str]) -> str:
            host, port = found.groups()
            return self.address(process if host in _ITSELF else host, int(port))

        hosts = "|".join(re.escape(host) for host in (*self.services, *_ITSELF))
        text = re.sub(rf"(?<![\w.-])({hosts}):(\d+)\b", here, text)
        if process in self.services and not _is_ours(self.services[process]):
            own = [target for _, target in _volumes(self.services[process])]
            folders = "|".join(re.escape(folder) for folder in [*sorted(own, key=len, reverse=True), "/tmp"])  # noqa: S108
            text = re.sub(rf"(?<![\w/])(?=(?:{folders})\b)", str(self._private(process)), text)
        return self.image.translate(text)

    def environment(self, service: str, process: str | None = None) -> dict[str, str]:
        """The variables of a service: the image's where the image is ours, then the file's."""
        process = process or service
        said = self.services[service]
        ours = self.image.environment if _is_ours(said) else {}
        variables = ours | {
            name: self.address(process, value).rpartition(":")[2] if name == "LISTEN_UI" else self.translate(str(value), process)
            for name, value in said["environment"].items()
        }
        outside = {"PATH": os.environ["PATH"], "JAVA_HOME": str(find_java_home())}
        # the network of containers is closed; here loopback is, and Spark would choose another interface
        return outside | variables | {"SPARK_LOCAL_IP": "127.0.0.1", "PYTHONDONTWRITEBYTECODE": "1"}

    @property
    def beside(self) -> Path:
        """Stands for the folder of the compose file, for what users put there themselves: a certificate."""
        return self.image.data / "beside"

    def start(self, *names: str) -> None:
        """Start these services, at the same time those that wait for nobody any more.

        Unless some are named: every service that stays, but those of the profiles LATER.
        """
        usual = [name for name, said in self.services.items() if name != "job" and not LATER & {*said["profiles"]}]
        waiting = {name: self.services[name] for name in names or usual}
        done = set(self._service_of.values())
        while waiting:
            ready = [name for name, service in waiting.items() if done >= set(service.get("depends_on", {}))]
            for name in ready:
                for number in range(1, int(waiting[name].get("scale", 1)) + 1):
                    self._start(name, name if number == 1 else f"{name}-{number}")
            for process in [process for process, service in self._service_of.items() if service in ready]:
                self._wait_for(process)
            for name in ready:
                del waiting[name]
            done |= set(ready)

    def run(self, *words: str, entrypoint: list[str] | None = None) -> subprocess.CompletedProcess[str]:
        """``docker compose run --rm job WORDS``."""
        command = [*(entrypoint or self.image.entrypoint), *words]
        return subprocess.run(
            command,
            cwd=self.image.place("."),
            env=self.environment("job"),
            capture_output=True,
            text=True,
            check=False,
            timeout=RUN_SECONDS,
        )

    def healthy(self, service: str, process: str) -> bool:
        """What the service's health check says."""
        said = self.services[service]
        if _is_ours(said):
            command = self.image.health
        else:
            kind, *command = [self.translate(word, process) for word in said["healthcheck"]["test"]]
            command = ["sh", "-c", *command] if kind == "CMD-SHELL" else command
        done = subprocess.run(
            command, cwd=self.image.place("."), env=self.environment(service, process), capture_output=True, check=False
        )
        return done.returncode == 0

    def stop(self) -> None:
        """End everything that was started, last first."""
        for process in [*reversed(self.daemons)]:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.end(process, patience=15)
            self.daemons[process].kill()

    def end(self, process: str, patience: float = 120) -> int:
        """End one as ``docker compose stop`` does, and return its exit code."""
        daemon = self.daemons[process].process
        daemon.terminate()
        return daemon.wait(timeout=patience)

    def _start(self, service: str, process: str) -> None:
        said = self.services[service]
        log = self.logs / f"{process}.log"
        program = said.get("entrypoint") or [_OWN_PROGRAMS[service]]
        command = [self.translate(word, process) for word in [*program, *said.get("command", [])]]
        folder = self.image.place(".") if _is_ours(said) else Path("/")
        user = self._user(service)
        with log.open("wb") as out:
            if user:
                os.chown(log, pwd.getpwnam(user).pw_uid, -1)  # nginx opens it by name, /dev/stdout
            started = subprocess.Popen(
                command, cwd=folder, env=self.environment(service, process), user=user, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
            )  # fmt: skip
        self.daemons[process], self._service_of[process] = Daemon(process, started, log), service

    def _wait_for(self, process: str) -> None:
        """Wait until it is healthy, or until it has ended well where it is one that ends."""
        daemon, service = self.daemons[process], self._service_of[process]
        deadline = time.monotonic() + START_SECONDS
        ends = self.services[service]["restart"] == "no"
        while not (daemon.process.poll() == 0 if ends else self.healthy(service, process)):
            if daemon.process.poll() not in (None, 0) or time.monotonic() > deadline:
                raise NotStarted(f"{process}: {daemon.log.read_text(errors='replace')[-3000:]}")
            time.sleep(1)

    def _user(self, service: str) -> str | None:
        """Root does what containers do: it gives a service its user, and the user the folders of its volumes."""
        said = self.services[service]
        if _is_ours(said):
            return None
        name = _USERS_OF_DEBIAN.get(said["user"], said["user"])
        user = name if os.geteuid() == 0 else None
        written = [self._private(service) / "tmp"]
        for source, target in _volumes(said):
            folder = self._private(service) / target.lstrip("/")
            if source.startswith("./"):
                own = self.beside / source
                shutil.copytree(own if own.exists() else compose.CHECKOUT / source, folder, dirs_exist_ok=True)
                for file in [*folder.rglob("*.conf"), *folder.rglob("*.yml")]:
                    file.write_text(self.translate(file.read_text(), service))
            else:
                written.append(folder)
        for folder in written:
            folder.mkdir(parents=True, exist_ok=True)
            if user:
                os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
        return user

    def _private(self, service: str) -> Path:
        """Stands for the root of another's image."""
        return self.image.data / "of" / service


def _free_port(taken: Collection[int]) -> int:
    """A port that stays free until its service starts: the system gives no connection one of these meanwhile."""
    while True:
        port = random.choice(_PORTS)  # noqa: S311  (no secret)
        with socket.socket() as free, contextlib.suppress(OSError):
            free.bind(("127.0.0.1", port))
            if port not in taken:
                return port


def _is_ours(service: dict[str, Any]) -> bool:
    return str(service["image"]).startswith(compose.OUR_IMAGE)


def _volumes(service: dict[str, Any]) -> list[tuple[str, str]]:
    """Source and target of each."""
    return [(volume.split(":")[0], volume.split(":")[1]) for volume in service.get("volumes", [])]


@contextmanager
def running(image: Image, variables: Mapping[str, str]) -> Iterator[Topology]:
    """The whole topology, ended on leaving whatever happens."""
    topology = Topology(image, variables)
    try:
        topology.start()
        yield topology
    finally:
        topology.stop()
