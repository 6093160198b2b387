"""Hostile requests, and those that schemathesis makes of the OpenAPI document: all are answered or refused, and nothing leaks.

No answer is a failure, none but a list repeats what was sent, and the worker that took them all answers as before.
"""

import json
import os
import re
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from santander.config.settings import Settings
from santander.serving.keys import Scope, add_key
from santander.serving.snapshot.reading import open_snapshot
from tests.banks import copied
from tests.faults.hostile import CANARY, Hostile, hostile_requests
from tests.faults.load import Account, check_log
from tests.faults.tally import TALLY
from tests.sample import amount, chance, seed
from tests.serving.http.served import Served, serving

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1200)]

REQUESTS_ON_A_PUSH, REQUESTS = 1_000, 5_000
EXAMPLES_ON_A_PUSH, EXAMPLES = 15, 150
AT_ONCE = 16
_PATIENCE = 120
_ANSWER = re.compile(rb"HTTP/1\.1 (\d\d\d) ")
_REFUSED = {400, 401, 403, 404, 405, 408, 413, 431}


@dataclass
class Attacked:
    """A service, a key that opens everything, and what it answered before."""

    service: Served
    key: str
    settings: Settings
    worker: int
    answer: Any

    def well(self) -> Any:
        """What a customer who is known is answered, but for the number of the request."""
        snapshot = open_snapshot(next(Path(self.settings.data_dir, "serving").glob("2*")))
        return self.service.list_of(int(snapshot.ids[0]), key=self.key).json | {"request_id": ""}


@pytest.fixture
def attacked(made: Settings, tmp_path: Path) -> Iterator[Attacked]:
    """A service that waits for nobody long, which is held against its account and its log when it has ended."""
    own = copied(made.data, tmp_path / "data")
    _, key = add_key(own, "attacker", [Scope.ADMIN])
    with serving(own, tmp_path, head_seconds=1, body_seconds=1, idle_seconds=1) as service:
        service.wait_for_event("scores records")
        found = Attacked(service, key, own, service.workers()[0], None)
        found.answer = found.well()
        yield found
        assert found.well() == found.answer
        assert service.workers() == [found.worker], "the worker lived through it"
        assert service.end() == 143
    account = Account.of(own)
    assert (account.dropped, account.lost) == (0, 0)
    assert account.rows == account.served
    check_log(service, key, CANARY, own.data_dir)


def test_hostile_requests_are_refused_and_nothing_of_them_is_repeated(attacked: Attacked) -> None:
    statuses: Counter[bytes] = Counter()
    count = amount(push=REQUESTS_ON_A_PUSH, whole=REQUESTS)
    requests = hostile_requests(attacked.key, chance("hostile"), count)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for hostile, content in pool.map(lambda each: (each, exchanged(attacked.service, each.sent)), requests):
            check(hostile, content, attacked)
            statuses.update((_ANSWER.findall(content) or [b"none"])[-1:])
    refused = count - statuses[b"none"] - statuses[b"200"]
    TALLY.bore("hostile requests", requests=count, refusals=refused, lists=statuses[b"200"], closed=statuses[b"none"])


def check(hostile: Hostile, content: bytes, attacked: Attacked) -> None:
    """Hold all that came back against what may."""
    context = hostile.kind, hostile.sent[:300], content[:600]
    statuses = [int(status) for status in _ANSWER.findall(content)]
    assert set(statuses) <= {100, 200, *_REFUSED}, context
    assert not content or content.startswith(b"HTTP/1.1 "), context
    assert b"Traceback" not in content, context
    assert attacked.key.encode() not in content, context
    for answer in content.split(b"HTTP/1.1 ")[1:]:
        head, _, body = answer.partition(b"\r\n\r\n")
        assert CANARY.encode() not in head, context
        if head[:3] not in {b"200", b"100"}:
            assert CANARY.encode() not in body, context
            assert not body or json.loads(body).keys() == {"error", "message", "request_id"}, context
    if hostile.kind == "smuggled":
        assert b'"model_version"' not in content, context


def exchanged(service: Served, sent: bytes) -> bytes:
    """Send bytes and return all that comes until the service closes the connection."""
    pieces = []
    with socket.create_connection((service.host, service.port), timeout=_PATIENCE) as connection:
        with suppress(ConnectionError):  # refused before all was sent
            connection.sendall(sent)
        with suppress(ConnectionError):
            while piece := connection.recv(1 << 16):
                pieces.append(piece)
    return b"".join(pieces)


def test_what_schemathesis_makes_of_the_document_finds_nothing(attacked: Attacked, tmp_path: Path) -> None:
    service, report = attacked.service, tmp_path / "report.json"
    examples = amount(push=EXAMPLES_ON_A_PUSH, whole=EXAMPLES)
    done = subprocess.run(
        [
            Path(sys.executable).with_name("schemathesis"), "run", f"http://{service.host}:{service.port}/openapi.json",
            "--header", f"Authorization: Bearer {attacked.key}", "--phases", "examples,coverage,fuzzing",
            "--max-examples", str(examples), "--seed", str(int(seed(), 16) % 2**32), "--continue-on-failure", "--no-color",
            "--generation-database", "none", "--report", "json", "--report-json-path", report,
        ],
        capture_output=True, text=True, check=False, cwd=tmp_path,
        env=os.environ | {"SCHEMATHESIS_HOOKS": "tests.faults.schemathesis_hooks", "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-8_000:] + done.stderr[-2_000:]
    cases = json.loads(report.read_text())["test_cases"]
    assert cases["generated"] > 0
    TALLY.bore("requests by schemathesis", requests=cases["generated"], failures=cases["with_failures"])
