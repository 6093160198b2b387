"""A real S3 server for tests, on a free port of loopback over a folder, and a line to it that is slow to carry commits."""

import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.needs import lacking

_AWS_VARIABLES = (
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3", "AWS_ALLOW_HTTP",
)  # fmt: skip

_INSTALL = Path(__file__).parents[1] / "deploy" / "install-s3-server.sh"
_USER, _PASSWORD = "tester", "not-a-secret"
_START_SECONDS = 20


def without_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take every AWS variable out of the environment."""
    for name in _AWS_VARIABLES:
        monkeypatch.delenv(name, raising=False)


@dataclass(frozen=True)
class S3Server:
    """A server that runs: its port, and the folder with one folder for each bucket."""

    port: int
    folder: Path

    def environment(self, port: int | None = None) -> dict[str, str]:
        """The usual AWS variables of a client; ``port`` of a line to the server instead of its own."""
        return {
            "AWS_ACCESS_KEY_ID": _USER,
            "AWS_SECRET_ACCESS_KEY": _PASSWORD,
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port or self.port}",
        }

    def reach(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let the environment have the variables that reach this server, and no other AWS variable."""
        without_aws(monkeypatch)
        for name, value in self.environment().items():
            monkeypatch.setenv(name, value)

    def make_bucket(self, name: str) -> None:
        from pyarrow.fs import S3FileSystem

        named = self.environment()
        S3FileSystem(
            access_key=_USER, secret_key=_PASSWORD, endpoint_override=named["AWS_ENDPOINT_URL"], allow_bucket_creation=True
        ).create_dir(name)


@contextmanager
def s3_server(folder: Path, port: int | None = None) -> Iterator[S3Server]:
    """Start the server that deploy/install-s3-server.sh has built; skip, or fail under SANTANDER_REQUIRE=all, without it.

    One that was down comes back with its objects where its folder and ``port`` are named again.
    """
    found = subprocess.run([str(_INSTALL), "--installed"], capture_output=True, text=True, check=False)
    if found.returncode:
        lacking("no S3 server, nothing in a bucket is tested: run deploy/install-s3-server.sh")
    objects, port = folder / "objects", port or free_port()
    objects.mkdir(parents=True, exist_ok=True)
    with (folder / "server.log").open("ab") as log:
        command = [
            *(found.stdout.strip(), "--port", f"127.0.0.1:{port}", "--region", "us-east-1"),
            *("--quiet", "posix", str(objects)),  # with --keep-alive it takes some requests for no HTTP (400)
        ]
        account = {"ROOT_ACCESS_KEY_ID": _USER, "ROOT_SECRET_ACCESS_KEY": _PASSWORD}
        process = subprocess.Popen(command, stdout=log, stderr=log, env=account)
    try:
        _wait_for(port, process, folder / "server.log")
        yield S3Server(port, objects)
    finally:
        process.terminate()
        process.wait(timeout=10)


@contextmanager
def slow_commits(server: S3Server, seconds: float) -> Iterator[int]:
    """The port of a line to the server that holds each put of a Delta commit back for a while.

    Two writers that commit at about the same time then have both looked before either has put, each time and not once in
    a hundred: what keeps them apart can only be the put itself.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_carry, args=(listener, server.port, seconds), daemon=True).start()
        yield listener.getsockname()[1]


def _carry(listener: socket.socket, port: int, seconds: float) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        server = socket.create_connection(("127.0.0.1", port))
        for here, there, held in ((client, server, seconds), (server, client, 0.0)):
            threading.Thread(target=_pass_on, args=(here, there, held), daemon=True).start()


def _pass_on(here: socket.socket, there: socket.socket, seconds: float) -> None:
    try:
        while data := here.recv(1 << 16):
            request = data.split(b"\r\n", 1)[0]
            if seconds and request.startswith(b"PUT ") and b"/_delta_log/0" in request:
                time.sleep(seconds)
            there.sendall(data)
    except OSError:
        pass
    for end in (here, there):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            continue


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"the S3 server does not answer: {log.read_text()[-500:]}")
