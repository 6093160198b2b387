"""The two verbs of the bank as users start them, and the dirt as the real ingest counts it."""

import csv
import json
import shlex
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from santander.config.settings import Settings
from santander.ingest.ingestion import ingest
from santander.ingest.shares import TooMuchQuarantine
from santander.lake.lake import Lake
from santander.schema.between_columns import BETWEEN_COLUMNS
from santander.schema.catalogue import CUSTOMERS, INGESTIONS, QUARANTINE
from santander.schema.columns import PROFILE_COLUMNS
from santander.schema.months import Month
from santander.synthetic import BankSpec, generate
from santander.synthetic.spec import CUSTOMERS as DEFAULT_SIZE

KEPT_BY_THE_BANK = {"joined_after_snapshot", "province_contradicts_code", "profile_all_na"}
"""Rules between columns that a bank is made to keep; what it breaks of others lies in quarantine beside the dirt."""

SANTANDER = str(Path(sys.executable).with_name("santander"))


def call(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([SANTANDER, *map(str, words)], capture_output=True, text=True, timeout=240, check=False)


def test_generate_writes_where_it_is_told_and_says_what(tmp_path: Path) -> None:
    done = call("--json", "generate", "--customers", 300, "--to", "2015-04", "--dirty", "--data-dir", tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert list(found["rows"]) == ["2015-01", "2015-02", "2015-03", "2015-04"]
    names = {"train_ver2.csv", "test_ver2.csv", "oracle.json", "dirty.json"}
    assert {Path(file).relative_to(tmp_path / "raw") for file in found["files"]} == {Path(n) for n in (*names, "dirty/lines.csv")}
    assert {path.name for path in (tmp_path / "raw").iterdir()} == names | {"dirty", "propensity"}
    assert {path.name for path in (tmp_path / "raw").glob("*.csv")} == {"train_ver2.csv", "test_ver2.csv"}
    assert "2015-03 (3 of 4)" in done.stderr
    mark = json.loads((tmp_path / "synthetic.json").read_text())
    assert set(mark["files"].values()) == {"train_ver2.csv", "test_ver2.csv"}


def test_generate_refuses_an_empty_range_in_one_line(tmp_path: Path) -> None:
    done = call("generate", "--from", "2015-05", "--to", "2015-05", "--data-dir", tmp_path)
    assert done.returncode == 2
    needs = "a bank needs two months or more, the last without products"
    assert done.stderr.splitlines() == [f"error: {needs}: 2015-05 to 2015-05 is too short: give --to 2015-06 or later"]


def test_bank_report_agrees_with_a_bank_and_leaves_nothing_behind(tmp_path: Path) -> None:
    options = ("--customers", 15_000, "--seed", 13, "--no-models", "--data-dir", tmp_path)
    done = call("--json", "bank-report", *options)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert (found["agrees"], found["banks"][0]["figures"], found["banks"][0]["outside"]) == (True, 121, [])
    assert list(tmp_path.iterdir()) == []


def test_the_ingest_counts_and_quarantines_the_dirt_that_is_announced_and_nothing_else(settings: Settings, lake: Lake) -> None:
    raw = settings.data / "raw"
    generate(BankSpec(out=raw, customers=4_000, seed=2, dirty_share=0.005, propensity=False))
    files = [raw / "train_ver2.csv", raw / "test_ver2.csv"]
    counts = ingest(settings, lake, files).counts
    announced = json.loads((raw / "dirty.json").read_text())["files"]
    rows = lake.rows(QUARANTINE)
    not_of_the_bank = {rule.name for rule in BETWEEN_COLUMNS} - KEPT_BY_THE_BANK
    dirt = [row for row in rows if row["reason"] not in not_of_the_bank]
    soiled_lines = {(row["file"], row["line"], row["month"]) for row in dirt}
    other_lines = {(row["file"], row["line"], row["month"]) for row in rows} - soiled_lines
    contradicting = Counter((file, month) for file, _, month in other_lines)
    for index, file in enumerate(files):
        counted = {count.month: count for count in counts if count.file_index == index}
        assert set(counted) == set(announced[file.name])
        for month, expected in announced[file.name].items():
            count = counted[month]
            assert (count.read, count.kept, count.quarantined_rows) == tuple(
                expected[name] for name in ("read", "kept", "quarantined")
            )
            assert count.rows_with_quarantined_values == sum(expected["values"].values()) + contradicting[str(file), month]
    with (raw / "dirty" / "lines.csv").open(newline="") as listed:
        soiled = Counter((str(raw / row["file"]), int(row["line"]), *list(row.values())[2:]) for row in csv.DictReader(listed))
    names = ("file", "line", "month", "scope", "reason", "column", "raw")
    found = Counter(tuple("" if row[name] is None else row[name] for name in names) for row in dirt)
    assert found == soiled
    reasons = {(row[4], row[5]) for row in found}
    assert {reason for reason, column in reasons if not column} == {
        "wrong_number_of_fields", "open_quote", "stray_carriage_return", "bad_customer_id", "bad_snapshot_date",
        "bad_product_flag", "duplicate_key",
    }  # fmt: skip
    broken = {(reason, column) for reason, column in reasons if column}
    profile = {column.name for column in PROFILE_COLUMNS if not column.breaks_row}
    assert {column for reason, column in broken if reason == "unreadable"} == profile
    bounded = {column.name for column in PROFILE_COLUMNS if column.outside}
    assert {column for reason, column in broken if reason == "out_of_range"} == bounded


def test_a_bank_with_too_much_dirt_is_refused_and_nothing_changes(settings: Settings, lake: Lake) -> None:
    raw = settings.data / "raw"
    months = {"first": Month(2016, 3), "propensity": False}
    generate(BankSpec(out=raw, customers=2_000, seed=2, dirty_share=0.005, **months))
    ingest(settings, lake, [raw / "train_ver2.csv"])
    before = {table.name: (lake.version(table), lake.rows(table)) for table in (CUSTOMERS, QUARANTINE, INGESTIONS)}
    generate(BankSpec(out=raw, customers=2_000, seed=2, dirty_share=0.02, **months))
    with pytest.raises(
        TooMuchQuarantine, match=r"more than 1.00% of a month would be quarantined, nothing was replaced: month 2016"
    ):
        ingest(settings, lake, [raw / "train_ver2.csv"])
    assert {table.name: (lake.version(table), lake.rows(table)) for table in (CUSTOMERS, QUARANTINE, INGESTIONS)} == before


def test_generate_next_prints_what_takes_the_next_month_in(tmp_path: Path) -> None:
    data = tmp_path / "a bank"
    assert call("generate", "--customers", 300, "--from", "2016-04", "--data-dir", data).returncode == 0
    done = call("generate", "--next", "--data-dir", data)
    assert done.returncode == 0, done.stderr
    files = [str(data / "raw" / name) for name in ("train_2016-06.csv", "test_2016-07.csv")]
    june, july, command = done.stdout.splitlines()
    assert june.startswith(f"2016-06 with its products: {files[0]} (")
    assert july.startswith(f"2016-07 without products: {files[1]} (")
    assert shlex.split(command.partition(": ")[2]) == ["santander", "run", *files, "--data-dir", str(data)]

    found = json.loads(call("--json", "generate", "--next", "--data-dir", data).stdout.splitlines()[-1])
    assert [Path(file).name for file in found["files"]] == ["train_2016-07.csv", "test_2016-08.csv"]
    assert list(found["rows"]) == ["2016-07", "2016-08"]
    assert list(found["oracle"]) == ["2016-05", "2016-06", "2016-07"]
    assert shlex.split(found["next_command"])[:2] == ["santander", "run"]


@pytest.mark.parametrize("option", [("--customers", 500), ("--force",)])
def test_generate_next_takes_no_option_of_another_bank(tmp_path: Path, option: tuple[object, ...]) -> None:
    done = call("generate", "--next", *option, "--data-dir", tmp_path / "data")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "error: --next continues the bank that is in the data folder: it takes no other option of 'generate': leave them out"
    ]
    assert list(tmp_path.iterdir()) == []


def test_generate_and_run_say_the_size_of_the_bank_that_both_make() -> None:
    for verb in ("generate", "run"):
        told = " ".join(call(verb, "--help").stdout.split())
        assert f"[default: {DEFAULT_SIZE}]" in told
    assert BankSpec(out=Path("x")).customers == DEFAULT_SIZE
