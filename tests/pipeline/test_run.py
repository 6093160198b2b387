"""`run` as a whole, with Java hidden: the first time it does everything, the second time nothing."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from santander.schema.months import Month
from santander.synthetic import BankSpec, generate
from tests.awkward_names import NASTY
from tests.environment import without_settings
from tests.landing_files import landing_file, record

pytestmark = pytest.mark.long

SANTANDER = str(Path(sys.executable).with_name("santander"))


def status(data: Path) -> dict[str, Any]:
    done = subprocess.run(
        [SANTANDER, "status", "--json", "--data-dir", str(data)], capture_output=True, text=True, timeout=120, check=True
    )
    return dict(json.loads(done.stdout))


def run(data: Path, *words: object) -> dict[str, Any]:
    done = attempt(data, *words)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


def attempt(data: Path, *words: object) -> "subprocess.CompletedProcess[str]":
    without_java = os.pathsep.join(folder for folder in os.environ["PATH"].split(os.pathsep) if not Path(folder, "java").exists())
    environment = without_settings("JAVA_HOME")
    assert shutil.which("java", path=without_java) is None
    return subprocess.run(
        [SANTANDER, "run", *map(str, words), "--json", "--data-dir", str(data)],
        capture_output=True, text=True, timeout=280, env=environment | {"PATH": without_java}, check=False,
    )  # fmt: skip


@pytest.mark.timeout(600)
@pytest.mark.sample(push=1, of="whole runs")
def test_a_range_is_done_once_and_no_month_is_scored_by_a_model_that_has_seen_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    generate(BankSpec(out=data / "raw", customers=1_500, seed=3, propensity=False))
    first = run(data, "--from", "2016-05", "--to", "2016-06")
    versions = {month: row["model_version"] for month, row in status(data)["months"].items() if row["recommendations"]}
    assert list(versions) == ["2016-05", "2016-06"]
    second = run(data, "--from", "2016-05", "--to", "2016-06")
    assert not any(step["done"] for step in second["steps"])
    assert second["scored"] == first["scored"]

    # a correction that is ingested marks what was made from the old rows; the next run makes that anew, and no more
    lines = (data / "raw" / "train_ver2.csv").read_text().splitlines()
    of_march = [line for line in lines if line.startswith("2016-03-28")]
    correction = landing_file(tmp_path / "march.csv", [*of_march, record(99, "2016-03")])
    subprocess.run([SANTANDER, "ingest", str(correction), "--data-dir", str(data)], capture_output=True, timeout=120, check=True)
    behind = {month: row["stale"] for month, row in status(data)["months"].items() if row["stale"]}
    looks_at_march, scored = ["features", "additions"], ["features", "recommendations"]
    assert behind == {"2016-03": looks_at_march, "2016-04": looks_at_march, "2016-05": scored, "2016-06": scored}
    assert {tuple(months) for months in status(data)["trained_on_old_rows"].values()} == {("2016-03",)}
    rebuilt = run(data)
    assert [step["done"] for step in rebuilt["steps"] if step["step"] == "features"] == [list(behind)]
    assert [step["done"] for step in rebuilt["steps"] if step["step"] == "score"] == [["2016-05"], ["2016-06"]]
    assert [step["done"] for step in rebuilt["steps"] if step["step"] == "submit"] == [["2016-05"], ["2016-06"]]
    assert not any(row["stale"] for row in status(data)["months"].values())

    july = tmp_path / "july.csv"
    of_june = (data / "raw" / "test_ver2.csv").read_text()
    july.write_text(of_june.replace("2016-06-28", "2016-07-28"))
    third = run(data, july)
    assert third["evaluation"]["reason"].startswith("a model for 2016-07 is judged on 2016-06")
    assert third["scored"]["customers"] == of_june.count("2016-06-28")
    assert Path(third["submission"]).name == "2016-07.csv"


def test_run_does_everything_once_and_a_correction_makes_only_what_depends_on_it_anew(tmp_path: Path) -> None:
    data = tmp_path / "data"
    generate(BankSpec(out=data / "raw", customers=1_500, seed=3, propensity=False))
    first = run(data)
    assert all(month["read"] == month["kept"] > 0 for month in first["months"].values())
    assert first["evaluation"]["month"] == "2016-05"
    assert 0 < first["evaluation"]["map7"] <= first["evaluation"]["ceiling"]
    assert Path(first["submission"]).is_file()
    assert all(step["done"] for step in first["steps"])

    second = run(data)
    assert not any(step["done"] for step in second["steps"])
    assert {k: v for k, v in second.items() if k != "steps"} == {k: v for k, v in first.items() if k != "steps"}

    lines = (data / "raw" / "train_ver2.csv").read_text().splitlines()
    of_march = [line for line in lines if line.startswith("2015-03-28")]
    correction = landing_file(tmp_path / "march.csv", [*of_march, record(99, "2015-03")])
    third = run(data, correction)
    done = {step["step"]: step["done"] for step in third["steps"]}
    assert done["ingest"] == ["2015-03"]
    assert done["features"] == [f"2015-{month:02d}" for month in range(3, 9)]
    assert third["months"]["2015-03"]["kept"] == first["months"]["2015-03"]["kept"] + 1
    assert first["trained_on_old_rows"] == {}
    assert list(third["trained_on_old_rows"].values()) == [["2015-03"]]  # of the champion, which stays


@pytest.mark.sample(push=1, of="whole runs")
def test_a_month_that_breaks_a_critical_rule_stops_the_run_until_it_is_mended(tmp_path: Path) -> None:
    data = tmp_path / "data"
    generate(BankSpec(out=data / "raw", customers=1_500, first=Month(2016, 3), seed=3, propensity=False))
    train = data / "raw" / "train_ver2.csv"
    whole = train.read_text()
    train.write_text(re.sub(r"(2016-04-28,.*,)0[123] - [A-Z]+", r"\1", whole))
    for _ in range(2):
        stopped = attempt(data)
        assert stopped.returncode == 2
        assert json.loads(stopped.stdout)["code"] == 2, "nothing but the refusal"
        (complaint,) = [line for line in stopped.stderr.splitlines() if line.startswith("error: ")]
        assert re.match(r"error: validation failed: 2016-04 customers\.\S*segment\S*: 1,\d\d\d offending of 1,\d\d\d", complaint)
        months = status(data)["months"]
        assert not any(row["features"] for row in months.values())
    assert months["2016-04"]["customers"]

    train.write_text(whole)
    mended = attempt(data, "--month", "2016-04")
    assert "validation failed" not in mended.stderr
    assert status(data)["months"]["2016-04"]["features"]


@pytest.mark.timeout(600)
@pytest.mark.sample(push=1, of="whole runs")
def test_a_run_without_files_works_on_months_of_named_files_and_names_the_one_missing_between_them(tmp_path: Path) -> None:
    data, files = tmp_path / "data", tmp_path / "files"
    generate(BankSpec(out=files, customers=600, first=Month(2015, 9), seed=3, propensity=False))
    train = files / "train_ver2.csv"
    train.write_text("\n".join(line for line in train.read_text().splitlines() if not line.startswith("2015-12-28")) + "\n")
    first = run(data, train, files / "test_ver2.csv", "--recipe", "popularity")
    again = attempt(data, "--recipe", "popularity", "--customers", "300")
    assert again.returncode == 0, again.stderr
    assert "--customers 300 is ignored: this folder has landing files or months already" in again.stderr
    assert "no customers of 2015-12" in again.stderr
    second = json.loads(again.stdout.splitlines()[-1])
    assert not any(step["done"] for step in second["steps"])
    assert {k: v for k, v in second.items() if k != "steps"} == {k: v for k, v in first.items() if k != "steps"}
    assert not (data / "raw").exists()
    for seen in (second, status(data)):
        assert (seen["synthetic"], seen["missing_months"]) == (False, ["2015-12"])
    (card,) = {card for card in cards(data) if "recipe `popularity`" in card}
    assert "Months missing: 2015-12" in card
    assert "Additions of 2015-12 to 2016-01 are not known" in card
    shown = subprocess.run(
        [SANTANDER, "status", "--data-dir", str(data)], capture_output=True, text=True, timeout=120, check=True
    )
    assert re.search(r"2015-12 .* missing ", shown.stdout)


def test_a_bank_that_is_too_small_to_learn_from_is_refused_before_it_is_made(tmp_path: Path) -> None:
    data = tmp_path / "data"
    refused = attempt(data, "--customers", "999")
    assert refused.returncode == 2
    assert "a bank of 999 customers is too small for recipe next_products to learn from" in refused.stderr
    assert json.loads(refused.stdout)["hint"] == "give --customers 1000 or more, or --recipe popularity"
    assert "no champion" in attempt(data, "--customers", "999", "--no-train").stderr
    assert not data.exists()


def cards(data: Path) -> list[str]:
    """Descriptions of the registered versions."""
    with closing(sqlite3.connect(data / "state" / "mlflow.db")) as registry:
        return [text for (text,) in registry.execute("SELECT description FROM model_versions ORDER BY version")]


@pytest.mark.timeout(600)
@pytest.mark.sample(push=1, of="whole runs")
def test_a_bank_lives_in_a_folder_of_any_name(tmp_path: Path) -> None:
    data = tmp_path / NASTY
    generate(BankSpec(out=data / "raw", customers=1_000, first=Month(2016, 1), seed=3, propensity=False, dirty_share=0.003))

    done = run(data)

    assert done["submission"].startswith(f"{data}/submissions/")
    assert Path(done["submission"]).is_file()
    for verb in (["audit"], ["submit"], ["forget", "--yes", _first_customer(data)]):
        subprocess.run([SANTANDER, *verb, "--data-dir", str(data)], capture_output=True, timeout=280, check=True)
    assert [found.name for found in tmp_path.iterdir()] == [NASTY], "a library read another name into it"
    assert {found.name for found in data.iterdir()} >= {"raw", "lake", "state", "quality", "submissions"}


def _first_customer(data: Path) -> str:
    return (data / "raw" / "test_ver2.csv").read_text().splitlines()[1].split(",")[1].strip('" ')
