"""Whose erasure it is: one that died is taken up with its own persons, and whom nobody has costs nobody a version."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

import santander.forget.forget
from santander.config.settings import Settings
from santander.forget.forget import forget
from santander.lake.lake import Lake
from santander.schema.catalogue import ERASURES, RECOMMENDATIONS, SUPPRESSIONS
from tests.forget.test_beside_steps import recommendation
from tests.landing_files import landing_file, record

FIRST, SECOND, NOBODY, STAYS = 1375586, 1375587, 987654, 15889
SANTANDER = str(Path(sys.executable).with_name("santander"))


@pytest.fixture
def listed(settings: Settings) -> Settings:
    """Recommendations of three customers in two versions, and a file that holds them too."""
    lake = Lake(settings)
    lake.append_rows(RECOMMENDATIONS, [recommendation(each) for each in (FIRST, SECOND)])
    lake.append_rows(RECOMMENDATIONS, [recommendation(STAYS)])
    (Path(settings.data_dir) / "raw").mkdir(parents=True)
    landing_file(raw_file(settings), [record(each) for each in (FIRST, SECOND, STAYS)])
    return settings


def raw_file(settings: Settings) -> Path:
    return Path(settings.data_dir) / "raw" / "a.csv"


def customers(settings: Settings) -> set[int]:
    return {row["customer_id"] for row in Lake(settings).rows(RECOMMENDATIONS)}


def dies(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    "step",
    ["_suppress", "erase_online", "remove_leftovers", "rewrite_landing_files", "_empty_tables", "leave_no_trace", "search"],
)
def test_the_next_erasure_ends_the_one_that_died(listed: Settings, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(santander.forget.forget, step, dies)
    with pytest.raises(KeyboardInterrupt):
        forget(listed, [FIRST], [])
    monkeypatch.undo()
    assert str(FIRST) not in (listed.state / "erasure.json").read_text()
    foretold = forget(listed, [SECOND], [], dry_run=True)
    erasure = forget(listed, [SECOND], [])
    assert erasure.complete
    assert foretold.customers == erasure.customers
    assert customers(listed) == {STAYS}
    assert str(FIRST) not in raw_file(listed).read_text()
    (row,) = Lake(listed).rows(ERASURES)
    assert row["customers"] == len(Lake(listed).rows(SUPPRESSIONS)) == 2
    assert not (listed.state / "erasure.json").exists()


def test_an_erasure_is_taken_up_beside_half_of_a_file(listed: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(santander.forget.forget, "_remove", dies)
    with pytest.raises(KeyboardInterrupt):
        forget(listed, [FIRST], [])
    monkeypatch.undo()
    half = Path(listed.lake) / "_staging_features" / "dead" / "part-0.parquet"
    half.parent.mkdir(parents=True)
    half.write_bytes(b"PAR1" + bytes(100))
    assert forget(listed, [SECOND], []).taken_up == 1
    assert customers(listed) == {STAYS}


def test_whom_nobody_has_is_suppressed_and_no_version_is_lost(listed: Settings) -> None:
    lake = Lake(listed)
    before = {path: path.stat().st_mtime_ns for path in Path(listed.lake).rglob("recommendations/**/*") if path.is_file()}
    erasure = forget(listed, [NOBODY], [])
    assert (erasure.complete, erasure.nowhere, erasure.unknown, erasure.files) == (True, True, 1, [])
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert lake.delta(RECOMMENDATIONS).version() == 2
    assert len(lake.rows(SUPPRESSIONS)) == len(lake.rows(ERASURES)) == 1
    assert forget(listed, [NOBODY, FIRST], []).nowhere is False
    assert customers(listed) == {SECOND, STAYS}


def test_a_person_of_a_file_alone_costs_no_table_its_versions(listed: Settings) -> None:
    landing_file(raw_file(listed), [record(NOBODY), record(STAYS)])
    erasure = forget(listed, [NOBODY], [])
    assert (erasure.complete, erasure.nowhere, erasure.files) == (True, False, [str(raw_file(listed))])
    assert str(NOBODY) not in raw_file(listed).read_text()
    assert Lake(listed).version(RECOMMENDATIONS) == 2


def test_a_person_of_an_old_version_alone_is_somewhere(listed: Settings) -> None:
    raw_file(listed).unlink()
    Lake(listed).delete_rows(RECOMMENDATIONS, f"customer_id = {FIRST}", 1)
    assert forget(listed, [FIRST], []).nowhere is False
    held = [path for path in Path(listed.lake).rglob("*") if path.is_file() and str(FIRST).encode() in path.read_bytes()]
    assert held == []


def answered(settings: Settings, answer: str, *options: str) -> tuple[int, str, str]:
    """The verb on a terminal on which a person answers."""
    ours, theirs = pty.openpty()
    command = [SANTANDER, "forget", str(FIRST), "--data-dir", settings.data_dir, *options]
    with subprocess.Popen(command, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        os.write(ours, answer.encode())
        out, err = process.communicate(timeout=120)
    os.close(theirs)
    os.close(ours)
    return process.returncode, out, err


def test_on_a_terminal_it_says_what_will_go_and_asks(listed: Settings) -> None:
    before = raw_file(listed).read_bytes()
    code, out, err = answered(listed, "n\n", "--json")
    refused = "nothing was forgotten or changed: answer y, or give --yes"
    assert (code, json.loads(out)["error"]) == (1, refused)
    assert "rows to remove: " in err
    assert "recommendations 1" in err
    assert f"error: {refused}\n" in err
    assert raw_file(listed).read_bytes() == before
    assert not Lake(listed).exists(SUPPRESSIONS)
    code, out, err = answered(listed, "y\n", "--json")
    assert (code, customers(listed)) == (0, {SECOND, STAYS})
    assert '"traces": []' in out


def test_yes_answers_beforehand(listed: Settings) -> None:
    code, _, err = answered(listed, "", "--yes")
    assert (code, customers(listed)) == (0, {SECOND, STAYS})
    assert "Forget them?" not in err
