"""What a command says of itself while it works: on standard error, and in a file of its own."""

import json
import logging
import os
import re
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from santander.cli.logged import logged
from santander.cli.verb import _loudness
from santander.cli.verbs.status import status
from santander.config.settings import Settings
from santander.errors import InputError
from santander.logs.run_log import log_files
from santander.logs.terminal import Loudness
from santander.pipeline.status import LogsOverview, look
from tests.cli.test_command_line import SANTANDER, call, error_line
from tests.engine.test_ending import STAY, line, started

log = logging.getLogger("santander.anything")


def lines(state: Path) -> list[dict[str, Any]]:
    (file,) = log_files(state)
    return [json.loads(each) for each in file.read_text().splitlines()]


@pytest.fixture
def place(tmp_path: Path) -> Settings:
    (tmp_path / "data" / "state").mkdir(parents=True)
    return Settings.load(data_dir=str(tmp_path / "data"))


def test_a_verb_leaves_its_beginning_its_lines_and_its_end(place: Settings) -> None:
    with logged("features", place, {"month": "2016-05"}):
        log.warning("something")
    first, second, third = lines(place.state)
    assert first["message"] == f"begins: engine sail, data folder {place.data}"
    assert (second["verb"], second["month"], second["message"]) == ("features", "2016-05", "something")
    assert third["message"].startswith("ends with exit code 0 (")


@pytest.mark.parametrize("error", [InputError("no such month"), KeyError("lost")])
def test_an_error_is_the_last_line_with_its_trace_where_it_is_none_of_the_user(error: Exception, place: Settings) -> None:
    with pytest.raises(type(error)), logged("features", place, {}):
        raise error
    last = lines(place.state)[-1]
    assert last["level"] == "ERROR"
    assert ("trace" in last) == isinstance(error, KeyError)


@pytest.mark.parametrize("verb", ["status", "models", "compare", "quarantine", "bank_report"])
def test_a_verb_that_only_looks_leaves_no_file(verb: str, place: Settings) -> None:
    with logged(verb, place, {}):
        log.warning("something")
    assert list(place.state.iterdir()) == []


def test_a_dry_run_leaves_old_logs(place: Settings) -> None:
    old = place.state / "logs" / "20160601T000000Z-r0123abcd-run.jsonl"
    old.parent.mkdir()
    old.touch()
    os.utime(old, (0, 0))
    for dry_run in (True, False):
        assert old.exists()
        with logged("maintain", place, {"dry_run": dry_run}):
            pass
    assert not old.exists()


def test_loud_and_quiet_at_once_are_refused() -> None:
    assert [_loudness(each) for each in ({}, {"verbose": True}, {"quiet": True})] == [None, Loudness.VERBOSE, Loudness.QUIET]
    with pytest.raises(typer.BadParameter, match="give one of them"):
        _loudness({"verbose": True, "quiet": True})


@pytest.mark.parametrize(
    ("options", "spoken"),
    [
        ([], ["INFO spoken", "WARNING spoken", "WARNING spoken"]),
        (["--quiet"], ["WARNING spoken", "WARNING spoken"]),
        (
            ["--verbose"],
            [
                *("DEBUG santander.anything: spoken", "INFO santander.anything: spoken", "WARNING santander.anything: spoken"),
                *("INFO some.library: spoken", "WARNING some.library: spoken"),
            ],
        ),
    ],
)
def test_quiet_leaves_warnings_and_the_result_and_verbose_says_who_speaks(
    options: list[str], spoken: list[str], tmp_path: Path
) -> None:
    done = call(sys.executable, STAY, "speak", *options, "--data-dir", tmp_path)
    assert (done.returncode, done.stdout) == (0, "the result\n")
    assert [each.partition(" ")[2] for each in done.stderr.splitlines()] == spoken
    written = [each["message"] for each in lines(tmp_path / "state")]
    assert len(written) == 2 + max(len(spoken), 3)  # a quiet run tells its file as much as any other


def test_a_failure_of_our_own_names_the_log_and_what_was_made_stays_readable(place: Settings) -> None:
    done = call(sys.executable, STAY, "break", "--data-dir", place.data)
    (file,) = log_files(place.state)
    said, at, named = re.split(r" \(at |; ", error_line(done))
    assert (said, named) == ("error: KeyError: 'lost'", f"log with the trace: {file})")
    assert re.fullmatch(r"santander/\w+/\w+\.py:\d+", at)
    assert lines(place.state)[-1]["trace"].endswith("KeyError: 'lost'")


def test_the_options_count_before_the_verb_and_a_usage_error_leaves_no_file(place: Settings) -> None:
    done = call(SANTANDER, "--quiet", "--verbose", "maintain", "--data-dir", place.data)
    assert done.returncode == 2
    assert "--verbose and --quiet say the opposite: give one of them" in error_line(done)
    assert list(place.state.iterdir()) == []


def test_status_names_the_log_of_the_last_run(place: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert look(place).payload().logs == LogsOverview(str(place.state / "logs"), 0, None)
    for _ in range(2):
        with logged("maintain", place, {}):
            pass
    assert look(place).payload().logs == LogsOverview(str(place.state / "logs"), 2, str(log_files(place.state)[-1]))
    app = typer.Typer()
    app.command()(status)
    app(["--data-dir", str(place.data)], standalone_mode=False)
    assert f"log of the last run: {log_files(place.state)[-1]}" in capsys.readouterr().out


def test_a_signal_is_the_last_line(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    with started("native", tmp_path) as process:
        assert line(process.stdout) == "ready"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 143
    last = lines(tmp_path / "state")[-1]
    assert (last["level"], last["verb"]) == ("ERROR", "stay")
    assert last["message"] == "ended by SIGTERM: the same command run again goes on"
