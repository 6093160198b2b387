"""The log file of a run: its lines, when it is made, and what does not end the run."""

import json
import logging
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from santander.logs.run_log import RunLog, about, log_files
from santander.schema.months import Month

log = logging.getLogger("santander.anything")


@contextmanager
def listening(state: Path, verb: str = "bank_report") -> Iterator[RunLog]:
    run, root = RunLog(state, verb), logging.getLogger()
    root.addHandler(run)
    try:
        yield run
    finally:
        root.removeHandler(run)
        run.close()


def lines(state: Path) -> list[dict[str, Any]]:
    (file,) = log_files(state)
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_a_line_says_when_how_bad_which_verb_run_and_month(tmp_path: Path) -> None:
    with listening(tmp_path) as run:
        log.warning("%s is\nodd\x1b", "it")
        log.warning("features of %s", Month(2016, 5))
        with about(Month(2016, 6)):
            log.warning("scored")
    first, second, third = lines(tmp_path)
    assert re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{3}Z", first.pop("time"))
    assert first == {
        "level": "WARNING", "verb": "bank_report", "run": run.run, "month": None,
        "logger": "santander.anything", "message": "it is odd?",
    }  # fmt: skip
    assert [second["month"], third["month"]] == ["2016-05", "2016-06"]
    assert run.file.name == f"{run.run}-bank-report.jsonl"


def test_lines_wait_for_the_state_folder_and_a_refusal_makes_none(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with listening(state) as run:
        log.warning("one")
        run.end(logging.ERROR, "refused", anyway=False)
        assert not state.exists()
        state.mkdir()
        log.warning("two")
    assert [line["message"].partition(" (")[0] for line in lines(state)] == ["one", "refused", "two"]


def test_an_error_leaves_its_trace(tmp_path: Path) -> None:
    with listening(tmp_path / "state") as run:
        try:
            {}["lost"]
        except KeyError as error:
            run.end(logging.ERROR, "it broke", error)
    (line,) = lines(tmp_path / "state")
    assert "test_run_log.py" in line["trace"]
    assert line["trace"].endswith("KeyError: 'lost'")


def test_two_runs_at_once_have_two_files(tmp_path: Path) -> None:
    with listening(tmp_path) as one, listening(tmp_path) as other:
        log.warning("heard by both")
    assert log_files(tmp_path) == sorted([one.file, other.file])


def test_a_log_that_cannot_be_written_is_one_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "logs").touch()
    with listening(tmp_path) as run:
        log.warning("one")
        log.warning("two")
        run.end(logging.INFO, "done")
    said = [message for message in caplog.messages if "goes on without its log file" in message]
    assert len(said) == 1
    assert str(run.file) in said[0]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/dev/full is Linux's")
def test_a_full_disk_is_one_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with listening(tmp_path) as run:
        log.warning("one")
        full = os.open("/dev/full", os.O_WRONLY)
        os.dup2(full, run._out or -1)
        os.close(full)
        log.warning("two")
        log.warning("three")
    assert [message for message in caplog.messages if "No space left on device" in message] == [
        f"the run goes on without its log file {run.file}: No space left on device"
    ]


@pytest.mark.parametrize(
    ("verb", "message", "written"),
    [
        ("run", "customer 1375586: '1375586', ids:1375586,15889", "customer [number]: '[number]', ids:[number],[number]"),
        ("run", "line 17: 1375586,ES,2016-05-28", "line 17: [number],ES,2016-05-28"),
        ("run", "13,647,309 rows of /data/20160528/a 12345.csv, MAP@7 0.024661", None),
        ("forget", "raw/export1375586.csv: 12 lines removed", "raw/export*******.csv: 12 lines removed"),
        ("forget", "1.375.586 and 1 375 586; 1,234 rows", "*.***.*** and * *** ***; 1,234 rows"),
    ],
)  # fmt: skip
def test_no_number_that_may_be_an_id_is_written(verb: str, message: str, written: str | None, tmp_path: Path) -> None:
    with listening(tmp_path, verb):
        log.warning(message)
    (line,) = lines(tmp_path)
    assert line["message"] == (message if written is None else written)
