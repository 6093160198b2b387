"""One engine in a process: who opens a session while another is open shares it, and the last to leave ends it."""

import re
import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from santander.config.settings import EMBEDDED, Settings
from santander.engine.session import SessionOnDemand, open_session
from santander.errors import InputError
from tests.cli.test_command_line import call
from tests.conftest import MASTERS

pytestmark = pytest.mark.plan


def rows(session: SparkSession) -> int:
    """Rows that came back from the engine by way of a Python task, which needs the session of the thread."""
    return session.range(5).mapInArrow(lambda batches: batches, "id bigint").toArrow().num_rows


@pytest.fixture
def other(tmp_path: Path) -> Settings:
    return Settings.load(data_dir=str(tmp_path / "other"))


def test_closing_one_session_leaves_the_other(session: SparkSession, other: Settings) -> None:
    with open_session(other) as shared:
        assert rows(shared) == 5
    with SessionOnDemand(other) as on_demand:
        assert rows(on_demand()) == 5
    assert rows(session) == 5


def test_a_second_thread_shares_the_session_and_leaves_it_open(session: SparkSession, other: Settings) -> None:
    found: list[Any] = []

    def work() -> None:
        with open_session(other) as shared:
            found.append((shared is session, rows(shared)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [(True, 5)]
    assert rows(session) == 5


def test_sessions_may_be_left_in_any_order_and_by_a_failure(session: SparkSession, other: Settings) -> None:
    first, second = ExitStack(), ExitStack()
    first.enter_context(open_session(other))
    shared = second.enter_context(open_session(other))
    first.close()
    with pytest.raises(ZeroDivisionError), second:
        raise ZeroDivisionError
    assert rows(shared) == 5


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"master": "local[1]"}, r"^a session is open in this process with master '{master}', asked for is 'local\[1\]'"),
        (
            {"master": "sail", "memory": {"budget": "300 MB"}},
            r"asked for is '300 MB'|with master 'local\[2\]', asked for is 'sail'",
        ),
    ],
)
def test_another_engine_is_refused_in_one_line(session: SparkSession, setting: dict[str, Any], said: str, request: Any) -> None:
    said = said.replace("{master}", re.escape(MASTERS[request.config.getoption("--engine")]))
    with pytest.raises(InputError, match=said) as refused, open_session(Settings.load(**setting)):
        pass
    assert str(refused.value).endswith(": leave that one first, or use another process")
    assert rows(session) == 5


REOPENED = """
from santander.engine.session import open_session
from santander.config.settings import Settings
masters = {masters}
for n, master in enumerate(masters):
    with open_session(Settings.load(data_dir={data!r}, master=master)) as session:
        print(n, session.range(7).count())
"""


def test_an_engine_opens_again_after_it_was_closed_but_spark_for_its_first_master_alone(
    tmp_path: Path, session: SparkSession, request: Any
) -> None:
    embedded = request.config.getoption("--engine") == EMBEDDED
    masters = [EMBEDDED, EMBEDDED] if embedded else ["local[1]", "local[1]", "local[2]"]
    done = call(sys.executable, "-c", REOPENED.format(masters=masters, data=str(tmp_path)))
    assert done.stdout.split() == ["0", "7", "1", "7"], done.stderr
    assert embedded or "Apache Spark was started in this process for another master" in done.stderr.splitlines()[-1]
