"""Suites of the user, run on the rows of a month by Great Expectations' Spark engine, on either engine of ours."""

import json
import logging
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from santander.config.settings import Settings
from santander.errors import InputError
from santander.lake.lake import Lake
from santander.pipeline.steps import Steps
from santander.quality.report import CriticalRuleBroken, ValidationReport
from santander.quality.validation import validate
from santander.schema.catalogue import CUSTOMERS, QUALITY
from santander.schema.months import Month
from tests.quality.rows import MAY, customer, frame_of

APRIL = MAY - 1
ROWS = 12
BETWEEN = {"type": "expect_column_values_to_be_between", "kwargs": {"column": "age", "min_value": 0, "max_value": 60}}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SANTANDER_CONF_LOCAL", str(tmp_path))
    (tmp_path / "expectations").mkdir()
    return tmp_path / "expectations"


def expecting(folder: Path, *expectations: dict[str, Any]) -> None:
    (folder / "customers.json").write_text(json.dumps({"name": "mine", "expectations": expectations}))


@pytest.fixture
def two_months(lake: Lake, session: SparkSession) -> Lake:
    """April and May of twelve customers; in May one of them is 99 years old and one is of unknown age."""
    april = [customer(number, APRIL) for number in range(1, ROWS + 1)]
    may = [customer(number) for number in range(1, ROWS + 1)]
    may[0] |= {"age": 99}
    may[1] |= {"age": None}
    lake.replace_months(CUSTOMERS, frame_of(session, CUSTOMERS, [*april, *may]), {APRIL: ROWS, MAY: ROWS})
    return lake


def own(report: ValidationReport, month: Month = MAY) -> dict[str, tuple[bool, int, int]]:
    return {
        result.rule: (result.passed, result.offending, result.checked)
        for result in report.results
        if result.month == month and result.rule.startswith(("expect_", "unexpected_"))
    }


def test_the_rows_of_each_month_are_held_against_the_suite(
    settings: Settings, two_months: Lake, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    median = {"type": "expect_column_median_to_be_between", "kwargs": {"column": "age", "max_value": 30}}
    most = {**BETWEEN, "kwargs": {**BETWEEN["kwargs"], "mostly": 0.9}}
    quantiles = {"quantiles": [0.5], "value_ranges": [[20, 60]]}
    expecting(
        folder,
        BETWEEN,
        most,
        {"type": "expect_column_quantile_values_to_be_between", "kwargs": {"column": "age", "quantile_ranges": quantiles}},
        median,
        {"type": "expect_column_values_to_be_of_type", "kwargs": {"column": "age", "type_": "ShortType"}},
        {"type": "expect_column_distinct_values_to_be_in_set", "kwargs": {"column": "sex", "value_set": ["H"]}},
        {"type": "expect_column_max_to_be_between", "kwargs": {"column": "customer_id", "max_value": 11}},
        {
            "type": "unexpected_rows_expectation",
            "kwargs": {"unexpected_rows_query": "SELECT * FROM {batch} WHERE age > 60 AND sex = 'H'"},
            "meta": {"severity": "critical"},
        },
    )
    with caplog.at_level(logging.INFO, logger="santander.quality"):
        report = validate(settings, two_months, [APRIL, MAY], ["customers"])
    assert own(report) == {
        "expect_column_values_to_be_between:age": (False, 1, ROWS),
        "expect_column_values_to_be_between:age:2": (True, 0, ROWS),
        "expect_column_quantile_values_to_be_between:age": (True, 0, ROWS),
        "expect_column_median_to_be_between:age": (False, ROWS, ROWS),
        "expect_column_values_to_be_of_type:age": (True, 0, ROWS),
        "expect_column_distinct_values_to_be_in_set:sex": (False, ROWS, ROWS),
        "expect_column_max_to_be_between:customer_id": (False, ROWS, ROWS),
        "unexpected_rows_expectation": (False, 1, ROWS),
    }
    assert own(report, APRIL)["expect_column_values_to_be_between:age"] == (True, 0, ROWS)
    with pytest.raises(CriticalRuleBroken, match=r"2016-05 customers\.unexpected_rows_expectation: 1 offending of 12"):
        report.raise_if_critical()
    said = [message for message in caplog.messages if "Great Expectations" in message]
    assert re.search(r"runs .*customers\.json, 8 expectations, on 24 rows of 2 months: about \d+ s expected$", said[0])
    assert re.search(r"ran .*customers\.json in [0-9.]+ s$", said[1])

    rows = {row["rule"]: row for row in two_months.rows(QUALITY) if row["month"] == "2016-05"}
    assert rows["expect_column_median_to_be_between:age"]["detail"] == "33, expected max_value 30"
    assert rows["expect_column_values_to_be_between:age"]["severity"] == "warning"
    assert rows["expect_column_max_to_be_between:customer_id"]["detail"] == "broken, expected max_value 11", "an id is not shown"
    page = (settings.data / "quality" / "customers" / "2016-05.html").read_text(encoding="utf-8")  # type: ignore[call-arg]
    assert "critical: <b>unexpected_rows_expectation</b>" in page
    assert "WHERE age &gt; 60" in page
    assert "median must be less than or equal to" in page
    assert "raised" not in page


@pytest.mark.embedded
@pytest.mark.parametrize(
    ("expectation", "message"),
    [
        (
            {"type": "expect_column_values_to_be_between", "kwargs": {"column": "segment", "min_value": 18}},
            "cannot be evaluated on",
        ),
        ({**BETWEEN, "kwargs": {"column": "age", "min_value": [1]}}, r"expectation 1 \(expect_column_values_to_be_between\)"),
    ],
)
def test_what_the_library_cannot_evaluate_is_refused_in_one_line(
    settings: Settings, two_months: Lake, folder: Path, expectation: dict[str, Any], message: str
) -> None:
    expecting(folder, expectation)
    with pytest.raises(InputError, match=message) as refused:
        validate(settings, two_months, [MAY], ["customers"])
    assert "\n" not in str(refused.value)
    assert not two_months.exists(QUALITY), "nothing is recorded of a validation that did not come to its end"


@pytest.fixture
def steps(settings: Settings, two_months: Lake, session: SparkSession) -> Steps:
    return Steps(settings, session)


@pytest.mark.embedded
def test_a_changed_suite_validates_again(steps: Steps, folder: Path) -> None:
    months = [MAY]
    assert steps.validate(CUSTOMERS, months).done == months
    assert steps.validate(CUSTOMERS, months).up_to_date == months
    expecting(folder, BETWEEN)
    assert steps.validate(CUSTOMERS, months).done == months
    assert steps.validate(CUSTOMERS, months).up_to_date == months
    expecting(folder, {**BETWEEN, "meta": {"severity": "critical"}})
    for _ in range(2):  # a broken month is looked at until it is mended
        with pytest.raises(CriticalRuleBroken, match="expect_column_values_to_be_between:age: 1 offending of 12"):
            steps.validate(CUSTOMERS, months)
    (folder / "customers.json").unlink()
    steps.validate(CUSTOMERS, months)


VALIDATE_ALONE = """
import sys
from santander.config.settings import Settings
from santander.engine.session import SessionOnDemand
from santander.pipeline.steps import Steps
from santander.schema.catalogue import CUSTOMERS
from santander.schema.months import Month
settings = Settings.load(data_dir=sys.argv[1])
with SessionOnDemand(settings) as session:
    print(Steps(settings, session).validate(CUSTOMERS, [Month.parse("2016-05")]).done)
"""


def test_a_suite_is_run_where_nothing_has_started_an_engine_yet(two_months: Lake, folder: Path) -> None:
    expecting(folder, BETWEEN)
    command = [sys.executable, "-c", VALIDATE_ALONE, two_months.settings.data_dir]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    assert own_rows(two_months)


def own_rows(lake: Lake) -> list[str]:
    return [row["rule"] for row in lake.rows(QUALITY) if row["rule"].startswith("expect_")]
