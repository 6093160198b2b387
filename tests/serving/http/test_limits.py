"""What one caller may use: sizes, times, requests and connections at once; what is beyond is refused, others are answered."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from santander.config.settings import Settings
from tests.banks import copied
from tests.serving.http.served import Served, serving, until

HEAD = b"POST /v1/recommendations HTTP/1.1\r\nHost: localhost\r\n"


SIZES = {"max_body": "2000 B", "max_head": "1000 B", "max_ids": 3, "max_in_flight": 4, "max_connections": 12}


@pytest.fixture(scope="module")
def small(published: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service with small limits, which waits for nobody."""
    with limited(published, tmp_path_factory, head_seconds=0.5, body_seconds=0.7, idle_seconds=1) as served:
        yield served


@pytest.fixture(scope="module")
def patient(published: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service that bears as few at once, and waits for them longer than any test takes."""
    with limited(published, tmp_path_factory, head_seconds=600, body_seconds=600, idle_seconds=600) as served:
        yield served


@contextmanager
def limited(published: Settings, folders: pytest.TempPathFactory, **times: float) -> Iterator[Served]:
    own = copied(published.data, folders.mktemp("limited") / "data")
    with serving(own, folders.mktemp("logs"), **SIZES, **times) as served:
        yield served


def raw(service: Served, sent: bytes) -> bytes:
    """Send bytes and return all that comes until the service closes the connection."""
    with service.socket() as connection:
        connection.sendall(sent)
        return everything(connection)


def everything(connection: socket.socket) -> bytes:
    pieces = []
    try:
        while piece := connection.recv(65536):
            pieces.append(piece)
    except ConnectionResetError:  # what was not read of a request that was refused
        pass
    return b"".join(pieces)


def refused(content: bytes) -> tuple[int, str]:
    head, _, body = content.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)["error"]


def test_a_body_that_is_too_large_is_refused_by_what_is_declared_and_by_what_comes(small: Served) -> None:
    assert refused(raw(small, HEAD + b"Content-Length: 2001\r\n\r\n")) == (413, "body_too_large")
    chunk = b"3e8\r\n" + b"x" * 1000 + b"\r\n"
    assert refused(raw(small, HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 3)) == (413, "body_too_large")
    assert small.ask("/v1/recommendations", method="POST", body={"customer_ids": [1, 2, 3, 4]}).status == 400
    assert small.ask("/v1/recommendations", method="POST", body={"customer_ids": [1, 2, 3]}).status == 200


def test_what_comes_too_slowly_is_refused_in_its_time(small: Served) -> None:
    assert refused(raw(small, HEAD + b"Content-Length: 20\r\n\r\n{")) == (408, "body_too_slow")
    assert refused(raw(small, b"GET /v1/mod")) == (408, "head_too_slow")
    assert raw(small, b"") == b"", "a connection on which nothing comes is closed"


def test_a_head_that_is_too_large_and_what_is_no_http_are_refused(small: Served) -> None:
    assert refused(raw(small, b"GET /" + b"a" * 1100)) == (431, "head_too_large")
    whole = b"GET /health HTTP/1.1\r\nHost: localhost\r\n" + b"".join(b"x-%d: secret\r\n" % n for n in range(100)) + b"\r\n"
    answer = raw(small, whole)
    assert refused(answer) == (431, "head_too_large")
    assert b"secret" not in answer
    assert refused(raw(small, b"\x16\x03\x01 no HTTP\r\n\r\n")) == (400, "not_http")
    assert b"nosniff" in raw(small, b"nonsense\r\n\r\n")


def test_requests_beyond_those_in_flight_are_refused_at_once_and_health_is_answered(patient: Served) -> None:
    held = [patient.socket() for _ in range(6)]
    try:
        for connection in held:
            connection.sendall(HEAD + b"Content-Length: 20\r\n\r\n{")

        def busy() -> bool:
            answer = patient.ask("/v1/model")
            return answer.status == 503 and answer.headers["retry-after"] == "1"

        until(busy, "a refusal")
        assert patient.ask("/health").status == 200
    finally:
        for connection in held:
            connection.close()
    until(lambda: patient.ask("/v1/model").status == 200, "an answer, once the others have gone")


def test_connections_beyond_those_allowed_are_refused_at_once(patient: Served) -> None:
    held = [patient.socket() for _ in range(12)]
    try:
        answer = raw(patient, b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert refused(answer) == (503, "too_many_connections")
        assert b"retry-after: 1" in answer
    finally:
        for connection in held:
            connection.close()
    until(lambda: patient.ask("/health").status == 200, "an answer, once the others have gone")
