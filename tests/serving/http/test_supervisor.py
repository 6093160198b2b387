"""The processes of the service: one that dies is started again, all end after their last answer, none outlives its supervisor."""

import json
import os
import re
import signal
from pathlib import Path

import pytest

from santander.config.settings import Settings
from santander.errors import InputError
from santander.serving.http.supervisor import Supervisor, listening_socket
from tests.serving.http.served import Served, own_service, serving, until
from tests.serving.http.test_limits import HEAD, everything
from tests.serving.http.test_watched import some_customers
from tests.serving.log.answers import predictions

MOST_PRIVATE = 150 * 1024


@own_service
def test_a_worker_that_is_killed_is_started_again_while_nothing_is_refused(own: Settings, tmp_path: Path) -> None:
    with serving(own, tmp_path) as service:
        (before,) = service.workers()
        os.kill(before, signal.SIGKILL)
        assert service.ask("/v1/model").status == 200, "the connection waits for the next worker"
        assert service.wait_for_event("is back")["process"] == "supervisor"
        (after,) = service.workers()
        assert after != before
        assert service.end() == 143


@own_service
def test_what_is_under_way_is_answered_before_it_ends(own: Settings, tmp_path: Path) -> None:
    with serving(own, tmp_path, "--json") as service:
        body = b'{"customer_ids": [1]}'
        begun, idle = service.socket(), service.socket()
        idle.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"200 OK" in idle.recv(65536)
        begun.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body[:5])
        service.process.send_signal(signal.SIGTERM)
        answer = b""
        while b"connection: close" not in answer:  # of what is sent on an open connection nothing is lost
            idle.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            answer = b""
            while not answer.endswith(b'{"status": "ok"}'):
                answer += (piece := idle.recv(65536))
                assert piece
        begun.sendall(body[5:])
        assert b"200 OK" in everything(begun)
        begun.close()
        idle.close()
        assert service.process.wait(30) == 143
        assert service.process.stdout is not None
        payload = json.loads(service.process.stdout.read())
        assert (payload["ended_by"], payload["restarts"], payload["workers"]) == ("SIGTERM", 0, 1)
        with pytest.raises(ConnectionRefusedError):
            service.socket()


@own_service
def test_a_committer_that_is_told_to_end_while_it_starts_commits_first(own: Settings, tmp_path: Path) -> None:
    (customer,) = some_customers(own)[:1]
    with serving(own, tmp_path) as service:
        assert service.list_of(customer).status == 200
        (before,) = until(lambda: service.processes("http.committer"), "the committer")
        os.kill(before, signal.SIGKILL)
        (after,) = until(lambda: [pid for pid in service.processes("http.committer") if pid != before], "the next one")
        os.kill(after, signal.SIGTERM)
        ended = "the committer ended with code "
        until(lambda: sum(ended in each["event"] for each in service.events()) == 2, "its end")
        assert [each["event"] for each in service.events() if ended in each["event"]][1].startswith(f"{ended}0 ")
    assert [row["customer_id"] for row in predictions(own)] == [customer]


@own_service
def test_workers_end_when_their_supervisor_is_killed(own: Settings, tmp_path: Path) -> None:
    with serving(own, tmp_path, "--workers", "2") as service:
        workers = service.workers()
        assert len(workers) == 2
        service.process.kill()
        until(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers), "the end of the workers")


def test_a_worker_needs_little_memory_and_no_engine_with_its_model_loaded(service: Served) -> None:
    service.wait_for_event("scores records")
    (worker,) = service.workers()
    maps = Path(f"/proc/{worker}/smaps_rollup").read_text()
    private = sum(int(kilobytes) for kilobytes in re.findall(r"^Private_\w+: +(\d+) kB", maps, re.MULTILINE))
    assert private < MOST_PRIVATE
    libraries = Path(f"/proc/{worker}/maps").read_text()
    assert not [name for name in ("pysail", "pyspark", "sklearn", "duckdb", "_feast") if name in libraries]


def test_what_cannot_be_served_is_one_line(settings: Settings, published: Settings) -> None:
    http = settings.serving.http
    with listening_socket(http.model_copy(update={"port": 0})) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"port {port} cannot be listened on .*name another one with --port"):
            Supervisor(published, http.model_copy(update={"port": port})).run()
    with pytest.raises(InputError, match="port 0 cannot be listened on"):
        Supervisor(published, http.model_copy(update={"host": "127.0.0.1.nowhere.invalid", "port": 0})).run()
