"""Suites of the user are read without the library, and a broken file is refused in one line before anything runs."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from santander.config.settings import Settings
from santander.errors import InputError
from santander.pipeline.run import walk
from santander.quality.own_suites import own_suites
from santander.quality.rules import Severity

NOT_NULL = {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "age"}}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of suites, in a folder that stands in place of conf/local."""
    monkeypatch.setenv("SANTANDER_CONF_LOCAL", str(tmp_path))
    (tmp_path / "expectations").mkdir()
    return tmp_path / "expectations"


def written(folder: Path, *expectations: Any, name: str = "customers.json") -> Path:
    file = folder / name
    file.write_text(json.dumps({"name": "mine", "expectations": expectations}))
    return file


def test_without_a_folder_there_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANTANDER_CONF_LOCAL", str(tmp_path))
    assert own_suites() == {}
    monkeypatch.setenv("SANTANDER_CONF_LOCAL", str(tmp_path / "nowhere"))
    with pytest.raises(InputError, match="nowhere is no folder: make it, or unset the variable"):
        own_suites()


def test_an_expectation_is_named_by_type_and_column_and_warns_unless_it_is_critical(folder: Path) -> None:
    critical = {**NOT_NULL, "meta": {"severity": "critical"}}
    pair = {"type": "expect_column_pair_values_to_be_equal", "kwargs": {"column_A": "age", "column_B": "province_code"}}
    # what the library writes itself: an id, notes, and a severity of its own, critical by default
    as_saved = {**NOT_NULL, "id": "c0ffee", "severity": "critical", "kwargs": {"column": "age", "result_format": "COMPLETE"}}
    written(folder, NOT_NULL, critical, pair, as_saved)
    written(folder, {"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 1}}, name="features.json")
    suites = own_suites()
    assert {table: [each.rule for each in suite.expectations] for table, suite in suites.items()} == {
        "customers": [
            "expect_column_values_to_not_be_null:age",
            "expect_column_values_to_not_be_null:age:2",
            "expect_column_pair_values_to_be_equal:age:province_code",
            "expect_column_values_to_not_be_null:age:3",
        ],
        "features": ["expect_table_row_count_to_be_between"],
    }
    severities = [each.severity for each in suites["customers"].expectations]
    assert severities == [Severity.WARNING, Severity.CRITICAL, Severity.WARNING, Severity.WARNING]
    assert suites["customers"].expectations[3].kwargs == {"column": "age"}, "no suite may ask for rows"


def test_the_fingerprint_follows_the_content(folder: Path) -> None:
    written(folder, NOT_NULL)
    before = own_suites()["customers"].fingerprint
    assert own_suites()["customers"].fingerprint == before
    written(folder, {**NOT_NULL, "meta": {"severity": "critical"}})
    assert own_suites()["customers"].fingerprint != before


def between(**kwargs: Any) -> dict[str, Any]:
    return {"type": "expect_column_values_to_be_between", "kwargs": kwargs}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("customers.json", "{'expectations': []", r"customers\.json: not JSON: .* at line 1, column 2"),
        ("customers.json", b"\xff\xfe", r"customers\.json: cannot be read"),
        ("customers.json", "[]", r"customers\.json: no list 'expectations' with at least one entry, such as "),
        ("customers.json", {"expectations": []}, "no list 'expectations' with at least one entry"),
        ("customers.json", [7], "expectation 1 has no 'type': write it like"),
        (
            "customers.json",
            [{"expectation_type": "x"}],
            r"expectation 1 has no 'type' \(the key 'expectation_type' is of versions",
        ),
        ("customers.json", [{**NOT_NULL, "kwargs": 7}], "'kwargs' and 'meta' hold names and values: write"),
        (
            "customers.json",
            [NOT_NULL, {"type": "expect_column_values_to_be_betwen", "kwargs": {"column": "age"}}],
            r"expectation 2 \(expect_column_values_to_be_betwen\) is unknown to .* 1\.[0-9.]+: did you mean .*_to_be_between\?",
        ),
        ("customers.json", [between(column="agee")], r"customers has no column 'agee': did you mean age\?"),
        ("customers.json", [between(column="owned")], "customers has no column 'owned'"),
        ("features.json", [between(column="holdings")], "features has no column 'holdings'"),
        ("customers.json", [between(column="age", minvalue=1)], r"has no argument 'minvalue': did you mean min_value\?"),
        ("customers.json", [between(min_value=1)], "needs the argument 'column'"),
        ("customers.json", [{**NOT_NULL, "meta": {"severty": "critical"}}], "meta has 'severty': did you mean severity?"),
        ("customers.json", [{**NOT_NULL, "meta": {"severity": "fatal"}}], "meta.severity is 'fatal': use critical or warning"),
        (
            "customers.json",
            [{"type": "expect_column_values_to_match_like_pattern", "kwargs": {"column": "segment", "like_pattern": "0%"}}],
            "does not run on Spark's rows",
        ),
        ("custmers.json", [NOT_NULL], r"custmers\.json: expectations are read from customers\.json and features\.json only: "),
        ("customers.yaml", "expectations: []", r"customers\.yaml: expectations are read from customers\.json and"),
    ],
)
def test_a_broken_file_is_refused_in_one_line_before_anything_runs(folder: Path, name: str, content: Any, message: str) -> None:
    if isinstance(content, bytes):
        (folder / name).write_bytes(content)
    elif isinstance(content, list):
        written(folder, *content, name=name)
    else:
        (folder / name).write_text(content if isinstance(content, str) else json.dumps(content))
    data = folder.parent / "data"
    with pytest.raises(InputError, match=message) as refused:
        walk(Settings.load(data_dir=str(data)), [])
    assert "\n" not in str(refused.value)
    assert not data.exists()


def test_reading_a_suite_does_not_import_the_library(folder: Path) -> None:
    written(folder, NOT_NULL)
    code = "import sys, santander.quality.own_suites as own; own.own_suites(); sys.exit('great_expectations' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
