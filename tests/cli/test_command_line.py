"""The command as users start it: a process of its own, exit codes, one line per error, JSON on the last line."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Bank
from tests.environment import without_settings
from tests.landing_files import landing_file, record

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
SANTANDER = str(Path(sys.executable).with_name("santander"))


def call(*words: object, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    environment = without_settings("MLFLOW_") | environment
    return subprocess.run([*map(str, words)], capture_output=True, text=True, timeout=240, cwd=cwd, env=environment, check=False)


def error_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line for line in done.stderr.splitlines() if " INFO " not in line]
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("error: ")
    return lines[0]


def test_every_verb_is_listed_and_has_the_shared_options() -> None:
    listed = call(SANTANDER, "--help").stdout
    for job in (ROOT / "jobs").glob("[a-z]*.py"):
        verb = job.stem.replace("_", "-")
        assert f"  {verb} " in listed
        shown = call(SANTANDER, verb, "--help")
        assert shown.returncode == 0
        shared = ("--json", "--data-dir", "--state-dir", "--master", "--verbose", "--quiet")
        assert all(option in shown.stdout for option in shared)


def test_a_part_of_a_month_given_later_is_refused_or_merged_and_what_is_replaced_is_said(tmp_path: Path) -> None:
    one = landing_file(tmp_path / "part 1.csv", [record(i) for i in range(1, 101)])
    two = landing_file(tmp_path / "part 2.csv", [record(i) for i in range(101, 191)])
    data = ("--data-dir", tmp_path / "data")
    assert call(SANTANDER, "ingest", one, *data).returncode == 0
    refused = call(SANTANDER, "run", two, *data)
    assert refused.returncode == 2
    assert "shares 0 of its 90 customers with the 100 there" in error_line(refused)
    assert f"santander ingest --merge '{two}'" in refused.stderr
    assert f"santander ingest --replace '{two}'" in refused.stderr
    merged = call(SANTANDER, "ingest", "--merge", two, *data)
    assert (merged.returncode, merged.stdout.splitlines()[-1]) == (0, "2015-01: 90 rows added to 100")
    replaced = call(SANTANDER, "--json", "ingest", one, *data)
    assert json.loads(replaced.stdout.splitlines()[-1])["replaced"] == {
        "2015-01": {"rows": 100, "rows_before": 190, "customers_gone": 90, "merges_undone": [str(two)]}
    }


def test_ingest_prints_its_counts_as_json_on_the_last_line(tmp_path: Path) -> None:
    lines = [record(i) for i in range(1, 200)] + [record("x"), record(1, "2015-02")]
    file = landing_file(tmp_path / "a.csv", lines)
    done = call(SANTANDER, "--json", "ingest", file, "--data-dir", tmp_path / "data")
    assert done.returncode == 0, done.stderr
    months = json.loads(done.stdout.splitlines()[-1])["months"]
    counted = {month: (n["read"], n["kept"], n["quarantined"]) for month, n in months.items()}
    assert counted == {"2015-01": (200, 199, 1), "2015-02": (1, 1, 0)}


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["ingest", "nothing.csv"], 2, "there is no file nothing.csv"),
        (["ingest"], 2, "name the landing files: 'santander ingest FILE...'"),
        (["ingest", "a.csv", "--bogus"], 2, "No such option: --bogus"),
        (["features", "--month", "2015-13"], 2, "2015-13 is not a month"),
        (["features", "--month", "2015-01"], 2, "no customers for 2015-01"),
        (["features", "--month", "2015-01", "--to", "2015-02"], 2, "--month stands alone"),
        (["score", "--month", "2015-01"], 2, "no customers for 2015-01"),
        (["submit", "--month", "2015-01"], 2, "no customers for 2015-01"),
        (["submit"], 2, "run 'santander score' first"),
        (["train"], 2, "'santander ingest FILE' makes it"),
        (["status", "--data-dir", "hdfs://host/prefix"], 2, "a place is a local path or s3a://bucket/prefix"),
        (["status", "--master", "local[2]", "--state-dir", "x", "--json"], 0, ""),
        (["features", "--master", "mesos://host"], 2, "unknown master 'mesos://host'"),
    ],
)
def test_an_error_of_the_user_is_one_line_and_an_exit_code(tmp_path: Path, words: list[str], code: int, message: str) -> None:
    done = call(SANTANDER, *words, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    if code:
        assert message in error_line(done)


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    done = call(SANTANDER, "status", cwd=tmp_path, SANTANDER_INGEST__MAX_QUARANTINE_SHARE="7")
    assert done.returncode == 2
    assert "ingest.max_quarantine_share" in error_line(done)


def test_status_of_nothing_names_what_fills_the_folder_and_no_step_that_cannot_be_done(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    shown = " ".join(call(SANTANDER, "status", cwd=tmp_path).stdout.split())
    assert "'santander ingest FILE' takes files in" in shown
    assert "'santander run' without files makes a synthetic bank" in shown
    assert "santander train" not in shown


@pytest.mark.parametrize("verb", ["ingest", "run"])
def test_a_file_that_is_named_twice_is_refused_before_the_folder_is_begun(tmp_path: Path, verb: str) -> None:
    file = landing_file(tmp_path / "a.csv", [record(1)])
    done = call(SANTANDER, verb, "a.csv", "a.csv", "--data-dir", "new", cwd=tmp_path)
    assert (done.returncode, error_line(done)) == (2, "error: a.csv: has the same content as a.csv: name one of them")
    assert list(tmp_path.iterdir()) == [file]


def test_status_of_a_scored_bank_by_the_job_file_and_by_the_command(scored_bank: Bank) -> None:
    folder = str(scored_bank.settings.data)
    by_job = call(sys.executable, ROOT / "jobs" / "status.py", "--json", SANTANDER_DATA_DIR=folder)
    by_command = call(SANTANDER, "status", "--json", "--data-dir", folder)
    assert by_job.stdout == by_command.stdout
    seen = json.loads(by_job.stdout)
    assert isinstance(seen["champion"], int)
    assert seen["months"]["2016-06"]["recommendations"] > seen["months"]["2016-06"]["customers"]
    assert seen["months"]["2016-06"]["has_products"] is False


def test_an_option_before_the_verb_holds_and_one_after_it_wins(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    before = call(SANTANDER, "--json", "--data-dir", tmp_path / "one", "features", SANTANDER_DATA_DIR=str(tmp_path / "env"))
    assert "there are no months yet" in error_line(before)
    assert not (tmp_path / "env").exists()
    both = call(SANTANDER, "--master", "elsewhere", "features", "--master", "sail", "--data-dir", tmp_path / "one")
    assert "there are no months yet" in error_line(both)
