"""Commands ended by signals and by readers that go away: one line, the right code, nothing left running."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

import pytest
from pyspark.sql import SparkSession

from tests.cli.test_command_line import SANTANDER
from tests.conftest import MASTERS

STAY = Path(__file__).with_name("signalled_verb.py")
GOES_ON = "the same command run again goes on"


@contextmanager
def started(what: str, data: Path, *, ignored: Iterable[int] = (), master: str = "sail") -> Any:
    """The verb in a process group of its own, with signals ignored as a shell leaves them to its background jobs."""

    def ignore() -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # the tests may run under nohup themselves
            signal.signal(number, signal.SIG_IGN if number in ignored else signal.SIG_DFL)

    words = [sys.executable, str(STAY), what, "--data-dir", str(data), "--master", master]
    process = subprocess.Popen(
        words,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=ignore,  # noqa: PLW1509  (it takes no lock)
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def line(stream: TextIO | None) -> str:
    assert stream is not None
    return stream.readline().strip()


def errors(process: "subprocess.Popen[str]") -> list[str]:
    assert process.stderr is not None
    return [line for line in process.stderr.read().splitlines() if "WARN" not in line and " INFO " not in line]


def running(group: int) -> set[str]:
    """Return the names of the processes of a group; those that have ended and wait for their parent do not count."""
    names = set()
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            name, _, fields = file.read_text().partition("(")[2].rpartition(") ")
            state, _, of_group, *_ = fields.split()
            if of_group == str(group) and state != "Z":
                names.add(name)
    return names


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_native_code_that_does_not_return_is_ended(tmp_path: Path, number: signal.Signals, code: int) -> None:
    with started("native", tmp_path) as process:
        assert line(process.stdout) == "ready"
        process.send_signal(number)
        assert process.wait(timeout=30) == code
        assert errors(process) == [f"error: ended by {number.name}: {GOES_ON}"]


@pytest.mark.plan
def test_a_background_job_of_a_script_ends_with_its_engine_by_ctrl_c(
    tmp_path: Path, session: SparkSession, request: pytest.FixtureRequest
) -> None:
    master = MASTERS[request.config.getoption("--engine")]
    with started("engine", tmp_path, ignored=[signal.SIGINT], master=master) as process:
        assert line(process.stdout) == "ready"
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(timeout=60) == 130
        assert errors(process) == [f"error: ended by SIGINT: {GOES_ON}"]
        assert "java" not in running(process.pid)


def test_two_signals_are_one_line(tmp_path: Path) -> None:
    with started("native", tmp_path) as process:
        assert line(process.stdout) == "ready"
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 130
        assert errors(process) == [f"error: ended by SIGINT: {GOES_ON}"]


def test_a_child_ends_with_the_command(tmp_path: Path) -> None:
    with started("child", tmp_path) as process:
        child = int(line(process.stdout))
        assert line(process.stdout) == "ready"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 143
        with pytest.raises(ProcessLookupError):
            os.kill(child, 0)


def test_nohup_holds_and_a_signal_to_a_fork_is_not_the_parents(tmp_path: Path) -> None:
    with started("native", tmp_path, ignored=[signal.SIGHUP]) as process:
        assert line(process.stdout) == "ready"
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 143
        assert errors(process) == [f"error: ended by SIGTERM: {GOES_ON}"]
    with started("fork", tmp_path) as process:
        assert line(process.stdout) == str(-signal.SIGTERM)
        assert process.wait(timeout=30) == 0


@pytest.mark.parametrize("words", [["status"], ["--json", "status"]])
def test_a_reader_that_goes_away_leaves_no_trace(tmp_path: Path, words: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    data = ["--data-dir", str(tmp_path)]
    done = subprocess.run([SANTANDER, *words, *data], stdout=writing, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_result_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [SANTANDER, "status", "--data-dir", str(tmp_path)], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert "no space left on the disk" in done.stderr
    assert len(done.stderr.splitlines()) == 1
