"""The two verbs of the bank as users start them, and the dirt as the real ingest counts it."""

import json
import subprocess
import sys
from pathlib import Path

from santander.ingest.ingestion import ingest
from santander.lake import Lake
from santander.settings import Settings
from santander.synthetic import BankSpec, generate

SANTANDER = str(Path(sys.executable).with_name("santander"))


def call(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([SANTANDER, *map(str, words)], capture_output=True, text=True, timeout=240, check=False)


def test_generate_writes_where_it_is_told_and_says_what(tmp_path: Path) -> None:
    done = call("--json", "generate", "--customers", 300, "--to", "2015-04", "--dirty", "--data-dir", tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert list(found["rows"]) == ["2015-01", "2015-02", "2015-03", "2015-04"]
    names = {"train_ver2.csv", "test_ver2.csv", "oracle.json", "dirty.json"}
    assert {Path(file).name for file in found["files"]} == names
    assert {path.name for path in (tmp_path / "raw").iterdir()} == names | {"propensity"}
    assert "2015-03 (3 of 4)" in done.stderr


def test_generate_refuses_an_empty_range_in_one_line(tmp_path: Path) -> None:
    done = call("generate", "--from", "2015-05", "--to", "2015-05", "--data-dir", tmp_path)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "error: a bank needs two months or more, the last without products: 2015-05 to 2015-05 is too short"
    ]


def test_bank_report_agrees_with_a_bank_and_leaves_nothing_behind(tmp_path: Path) -> None:
    options = ("--customers", 15_000, "--seed", 13, "--no-models", "--data-dir", tmp_path)
    done = call("--json", "bank-report", *options)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert (found["agrees"], found["banks"][0]["figures"], found["banks"][0]["outside"]) == (True, 121, [])
    assert list(tmp_path.iterdir()) == []


def test_the_ingest_counts_the_dirt_that_dirty_json_announces(settings: Settings, lake: Lake) -> None:
    raw = settings.data / "raw"
    generate(BankSpec(out=raw, customers=4_000, seed=2, dirty_share=0.008, propensity=False))
    files = [raw / "train_ver2.csv", raw / "test_ver2.csv"]
    counts = ingest(settings, lake, files).counts
    announced = json.loads((raw / "dirty.json").read_text())["files"]
    for index, file in enumerate(files):
        counted = {count.month: count for count in counts if count.file_index == index}
        assert set(counted) == set(announced[file.name])
        for month, expected in announced[file.name].items():
            count = counted[month]
            assert (count.read, count.kept, count.quarantined_rows) == tuple(
                expected[name] for name in ("read", "kept", "quarantined")
            )
            assert count.rows_with_bad_values == sum(expected["values"].values())
