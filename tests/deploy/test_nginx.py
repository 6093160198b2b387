"""deploy/nginx.conf in a real nginx before a real service: TLS, limits, and logs without customers and keys."""

import http.client
import os
import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from santander.config.settings import Settings
from santander.serving.keys import Scope, add_key
from tests.banks import copied
from tests.deploy.compose import CHECKOUT
from tests.needs import lacking
from tests.serving.http.served import Answer, Served, serving, until

NOBODY = 987_654_321


@dataclass
class Front:
    """nginx and what is behind it."""

    service: Served
    port: int
    certificate: Path
    key: str
    log: Path

    def ask(self, path: str, *, method: str = "GET", body: bytes | None = None, key: str | None = None) -> Answer:
        context = ssl.create_default_context(cafile=str(self.certificate))
        connection = http.client.HTTPSConnection("localhost", self.port, context=context, timeout=30)
        try:
            connection.request(method, path, body, {} if key is None else {"Authorization": f"Bearer {key}"})
            answer = connection.getresponse()
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        finally:
            connection.close()


@pytest.fixture(scope="module")
def front(published: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    if (nginx := shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")) is None:
        lacking("no nginx here: deploy/nginx.conf is not tested (deploy/install-packages.sh nginx)")
    folder = tmp_path_factory.mktemp("nginx")
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost"
    names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(folder / "tls.key"), "-out", str(folder / "tls.crt")]
    subprocess.run([*make.split(), *names], check=True, capture_output=True)
    own = copied(published.data, tmp_path_factory.mktemp("bank") / "data")
    _, key = add_key(own, "branch-app", [Scope.READ])
    with serving(own, folder) as service, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        text = (CHECKOUT / "deploy" / "nginx.conf").read_text()
        here = {
            "/tmp/": f"{folder}/",  # noqa: S108  (a name in the file; first, as pytest's own folder may lie there)
            "/etc/nginx/tls/": f"{folder}/",
            "/dev/stdout": str(folder / "access.log"),
            "/dev/stderr": str(folder / "error.log"),
            "api:8000": f"127.0.0.1:{service.port}",
            "0.0.0.0:8443": f"127.0.0.1:{port}",
            "rate=20r/s": "rate=1r/m",  # beyond the burst a slow machine asks too often too
        }
        for name, value in here.items():
            assert name in text
            text = text.replace(name, value)
        (folder / "nginx.conf").write_text(text)
        user = "user root;" if os.geteuid() == 0 else ""
        process = subprocess.Popen([nginx, "-c", folder / "nginx.conf", "-g", f"daemon off; {user}"])
        try:
            until(lambda: process.poll() is not None or _listens(port), "nginx")
            assert process.poll() is None, (folder / "error.log").read_text()
            yield Front(service, port, folder / "tls.crt", key, folder / "access.log")
        finally:
            process.terminate()
            process.wait(20)


def _listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def test_a_caller_is_answered_through_tls_and_only_with_a_key(front: Front) -> None:
    answer = front.ask("/v1/model", key=front.key)
    assert (answer.status, answer.json["month"]) == (200, "2016-06")
    assert answer.headers["strict-transport-security"].startswith("max-age=")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "server" not in answer.headers or not re.search(r"\d", answer.headers["server"])
    assert front.ask("/v1/model").status == 401
    assert front.ask(f"/v1/customers/{NOBODY}/recommendations", key=front.key).json["error"] == "unknown"


def test_a_request_can_be_followed_by_its_id_and_no_log_has_the_customer_or_the_key(front: Front) -> None:
    answer = front.ask(f"/v1/customers/{NOBODY}/recommendations", key=front.key)
    request_id = answer.headers["x-request-id"]
    until(lambda: request_id in front.log.read_text(), "the line of nginx")
    until(lambda: request_id in front.service.log.read_text(), "the line of the service")
    for log in (front.log, front.service.log):
        assert str(NOBODY) not in log.read_text()
        assert front.key not in log.read_text()


def test_what_is_too_large_or_too_often_is_refused_before_the_service(front: Front) -> None:
    assert front.ask("/v1/recommendations", method="POST", body=b"x" * (8 * 1024 * 1024 + 1), key=front.key).status == 413
    statuses = [front.ask("/v1/model").status for _ in range(80)]
    assert set(statuses) == {401, 503}
    assert front.ask("/v1/model", key=front.key).status == 200, "who has a key is not held up by those who have none"
