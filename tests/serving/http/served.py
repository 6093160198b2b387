"""A service as its users start it: ``santander serve`` in a process of its own on a free port of loopback."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from santander.config.settings import Settings

own_service = pytest.mark.sample(push=4, of="a service of its own")
"""For a test that starts a service for itself: some of these run on a push."""
SANTANDER = Path(sys.executable).with_name("santander")
_PATIENCE = 60.0


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)


@dataclass
class Served:
    """A service that runs."""

    process: subprocess.Popen[str]
    line: str
    """What it printed when it was ready."""
    log: Path
    host: str = ""
    port: int = 0
    answers: list[Answer] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.host, _, port = self.line.split()[0].removeprefix("http://").rpartition(":")
        self.port = int(port)

    def ask(self, path: str, *, method: str = "GET", key: str | None = None, body: Any = None, **headers: str) -> Answer:
        """Send one request on a connection of its own."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=_PATIENCE)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if key is not None:
            sent["Authorization"] = f"Bearer {key}"
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        try:
            connection.request(method, path, content, sent)
            answer = connection.getresponse()
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def list_of(self, customer_id: int, query: str = "", **how: Any) -> Answer:
        """Ask for the list of a customer."""
        return self.ask(f"/v1/customers/{customer_id}/recommendations{query}", **how)

    def socket(self) -> socket.socket:
        """Return a bare connection."""
        return socket.create_connection((self.host, self.port), timeout=_PATIENCE)

    def workers(self) -> list[int]:
        """Return the processes that answer."""
        return self.processes("http.worker")

    def processes(self, module: str) -> list[int]:
        """Return those that the supervisor has started and that run this module."""
        children = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        pids = {int(pid) for listed in children for pid in listed.read_text().split()}
        return sorted(pid for pid in pids if module.encode() in Path(f"/proc/{pid}/cmdline").read_bytes())

    def events(self) -> list[dict[str, Any]]:
        """Return what was logged so far."""
        whole = self.log.read_text().rpartition("\n")[0]
        return [json.loads(line) for line in whole.splitlines()]

    def wait_for_event(self, text: str) -> dict[str, Any]:
        """Return the first event that has this text in it, once it is there."""
        return until(lambda: next((each for each in self.events() if text in each["event"]), None), f"{text!r} in {self.log}")

    def end(self, by: int = signal.SIGTERM) -> int:
        """End it and return its exit code."""
        self.process.send_signal(by)
        return self.process.wait(_PATIENCE)


def until(found: Any, what: str) -> Any:
    """Return what the function returns as soon as it is something; an assertion fails when that takes too long."""
    deadline = time.monotonic() + _PATIENCE
    while not (value := found()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        threading.Event().wait(0.02)
    return value


@contextmanager
def serving(settings: Settings, logs: Path, *words: str, **http_settings: object) -> Iterator[Served]:
    """Start the service of a data folder, wait until it is ready, and end it whatever happens."""
    variables = {f"SANTANDER_SERVING__HTTP__{name.upper()}": str(value) for name, value in http_settings.items()}
    log = logs / f"serve-{time.monotonic_ns()}.log"
    with log.open("w") as errors:
        process = subprocess.Popen(
            [SANTANDER, "serve", "--port", "0", "--metrics-port", "0", "--data-dir", settings.data_dir, *words],
            env=os.environ | variables, stdout=subprocess.PIPE, stderr=errors, text=True,
        )  # fmt: skip
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, log.read_text()
        yield Served(process, line, log)
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
