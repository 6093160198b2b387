"""Warnings that good files always give are told apart from others."""

from pathlib import Path

from santander.quality.report import KNOWN, PAGE, RuleResult, warning_lines
from santander.quality.rules import Severity
from santander.schema.months import Month

KNOWN_AS = "known and harmless: docs/quality.md"


def warning(month: Month, rule: str, offending: int, table: str = "customers") -> RuleResult:
    return RuleResult(month, table, rule, Severity.WARNING, False, offending, 1_000, "")


def test_a_known_warning_is_one_line_with_its_reason_and_any_other_has_a_line_a_month() -> None:
    found = [
        warning(Month(2015, 1), "seniority_frozen", 900),
        warning(Month(2015, 2), "seniority_frozen", 950),
        warning(Month(2015, 2), "rows_rise", 400),
        warning(Month(2015, 7), "rows_rise", 413),
        warning(Month(2015, 7), "segment_nulls_change", 203),
        warning(Month(2015, 7), "age_nulls_change", 100),
        warning(Month(2015, 7), "rows_rise", 7, table="features"),
    ]
    assert list(warning_lines(found)) == [
        "2015-02 customers: rows_rise 400 of 1,000",
        "2015-07 customers: age_nulls_change 100 of 1,000",
        "2015-07 features: rows_rise 7 of 1,000",
        f"2015-01 to 2015-02 customers: seniority_frozen 1,850 of 2,000 ({KNOWN_AS}#{KNOWN[0].heading})",
        f"2015-07 customers: rows_rise 413 of 1,000; segment_nulls_change 203 of 1,000 ({KNOWN_AS}#{KNOWN[1].heading})",
    ]


def test_the_page_has_the_headings_that_warnings_name() -> None:
    page = (Path(__file__).parents[2] / PAGE).read_text()
    headings = {line.lstrip("# ").lower().replace(" ", "-") for line in page.splitlines() if line.startswith("#")}
    assert {known.heading for known in KNOWN} <= headings
