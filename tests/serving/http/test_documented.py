"""What docs/serving.md and examples/ show is carried out: the commands, the client and the requests for editors."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from santander.config.settings import Settings
from santander.ledger.published import published as named
from santander.serving.snapshot.folders import local_folder
from santander.serving.snapshot.reading import open_snapshot
from tests.serving.http.served import Answer, Served, until

ROOT = Path(__file__).parents[3]
SHOWN = re.findall(r"```bash\n(curl .*?)```\n\n```json\n(.*?)```", (ROOT / "docs" / "serving.md").read_text(), re.DOTALL)
REQUESTS = (ROOT / "examples" / "requests.http").read_text().split("\n### ")[1:]
IN_DOCS = "15889"


@pytest.fixture(scope="module")
def customer(published: Settings) -> str:
    current = named(published.data)
    assert current is not None
    return str(open_snapshot(local_folder(published, current)).ids[0])


def shape(value: Any) -> Any:
    """Names and kinds of what is in a value; of a list the first, where it has any."""
    if isinstance(value, dict):
        return {name: shape(of) for name, of in value.items() if name != "reasons"}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return float if isinstance(value, int | float) and not isinstance(value, bool) else type(value)


@pytest.mark.parametrize(("command", "answer"), SHOWN, ids=[command[:60] for command, _ in SHOWN])
def test_a_command_of_the_page_answers_as_shown(service: Served, customer: str, command: str, answer: str) -> None:
    here = command.replace("127.0.0.1:8000", f"127.0.0.1:{service.port}").replace(IN_DOCS, customer)

    def answered() -> dict[str, Any] | None:
        done = subprocess.run(["bash", "-c", here], capture_output=True, text=True, check=True)  # noqa: S607
        found: dict[str, Any] = json.loads(done.stdout)
        return None if found.get("error") == "not_scoring" else found

    assert shape(until(answered, "the model")) == shape(json.loads(answer))


def test_the_client_prints_the_lists(service: Served, customer: str) -> None:
    environment = os.environ | {"SANTANDER_URL": f"http://127.0.0.1:{service.port}"}
    command = [sys.executable, str(ROOT / "examples" / "ask.py"), customer, "999999999999"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    known, unknown = done.stdout.splitlines()
    assert known.startswith(f"{customer}, ")
    assert unknown == "999999999999"
    wrong = subprocess.run(command[:2], env=environment, capture_output=True, text=True, check=False)
    assert (wrong.returncode, wrong.stderr.startswith("400: customer_ids: ")) == (1, True)


@pytest.mark.parametrize("text", REQUESTS, ids=[text.partition("\n")[0] for text in REQUESTS])
def test_a_request_for_editors_is_answered(service: Served, customer: str, text: str) -> None:
    head, _, body = text.partition("\n\n")
    method, address = head.splitlines()[1].split()
    path = address.removeprefix("{{url}}").replace(IN_DOCS, customer)
    content = body.strip().replace(IN_DOCS, customer).encode() or None

    def answered() -> Answer | None:
        found = service.ask(path, method=method, body=content)
        return None if found.status == 503 else found

    assert until(answered, "the model").status == 200
