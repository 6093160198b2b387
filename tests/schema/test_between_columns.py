"""Rules between columns in what the cleaning makes of lines; that the audit agrees is in tests/ingest/test_cleaning_oracle.py."""

from dataclasses import replace
from typing import Any

import pytest

from santander.ingest import contradictions
from santander.ingest.cleaning import clean
from santander.ingest.parsing import parse
from santander.quality.made_rules import rules_between_columns
from santander.schema.between_columns import BETWEEN_COLUMNS, BetweenColumns
from santander.schema.columns import COLUMNS, PROFILE_COLUMNS
from tests.landing_files import record

SOURCE = {column.name: column.source for column in COLUMNS}
ALL_NA = {column.name: "NA" for column in PROFILE_COLUMNS[2:]}


def cleaned(*texts: dict[str, str]) -> list[dict[str, Any]]:
    """Lines that say these texts, by our column names, as staged rows."""
    lines = [record(i, **{SOURCE[name]: text for name, text in each.items()}) for i, each in enumerate(texts, start=1)]
    chunk = parse(("\n".join(lines) + "\n").encode(), len(lines), 48)
    rows: list[dict[str, Any]] = clean(chunk, 2, 0, null_spellings=("-",)).to_pylist()
    return rows


def reasons(row: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(bad["column"], bad["reason"], bad["raw"]) for bad in row["bad_values"] or []]


@pytest.mark.parametrize("rule", BETWEEN_COLUMNS, ids=lambda rule: rule.name)
def test_the_example_of_a_rule_breaks_it_alone_and_nothing_of_its_neighbours(rule: BetweenColumns) -> None:
    before, broken, after = cleaned({}, dict(rule.breaks_it), {})
    assert before["bad_values"] is after["bad_values"] is None
    assert sorted(reasons(broken)) == sorted((name, rule.name, rule.breaks_it[name]) for name in rule.makes_null)
    assert all(broken[name] is None for name in rule.makes_null)


@pytest.mark.parametrize(
    "texts",
    [
        {"joined_on": "2015-01-31"},
        {"joined_on": ""},
        {"province": "Madrid"},
        {"province": "LLEIDA"},
        {"province": ""},
        {"province_code": "NA"},
        {"country": "NA"},
        ALL_NA | {"segment": ""},
        ALL_NA | {"country": ""},
        ALL_NA | {"country": "ES"},
    ],
)
def test_what_only_looks_like_a_contradiction_is_kept(texts: dict[str, str]) -> None:
    assert reasons(cleaned(texts)[0]) == []


def test_a_text_that_its_own_rule_refuses_contradicts_nothing() -> None:
    assert reasons(cleaned({"province_code": "99", "province": "MADRID"})[0]) == [("province_code", "out_of_range", "99")]


def test_a_line_that_loses_its_row_is_asked_nothing_more() -> None:
    row = cleaned({"customer_id": "x", "province": "MADRID"})[0]
    assert (row["row_reason"], row["bad_values"]) == ("bad_customer_id", None)


def test_one_row_may_break_several_rules() -> None:
    row = cleaned({"joined_on": "2015-03-01", "province": "MADRID"})[0]
    assert {reason for _, reason, _ in reasons(row)} == {"joined_after_snapshot", "province_contradicts_code"}


def test_validation_knows_each_rule_that_a_row_can_tell_of() -> None:
    assert [rule.name for rule in rules_between_columns()] == [rule.name for rule in BETWEEN_COLUMNS if rule.sql]


def test_a_value_that_two_rules_make_null_has_the_reason_of_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    first = BETWEEN_COLUMNS[0]
    monkeypatch.setattr(contradictions, "BETWEEN_COLUMNS", (first, replace(first, name="again")))
    row = cleaned(dict(first.breaks_it))[0]
    assert sorted(reasons(row)) == sorted((name, first.name, first.breaks_it[name]) for name in first.makes_null)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"columns": ("joined", "age")}, "columns names 'joined', no column of the profile: did you mean joined_on?"),
        ({"makes_null": ("fecha_alta",)}, "makes_null names 'fecha_alta', no column of the profile: there are snapshot_date, "),
        ({"breaks_it": {"joinedon": "2015-02-01"}}, "breaks_it names 'joinedon', no column of the profile: did you mean"),
        ({"makes_null": ("customer_id",)}, "makes_null names 'customer_id', without which there is no row"),
        ({"columns": "joined_on"}, r"columns is 'joined_on'; name columns in a tuple, such as \('joined_on',\)"),
        ({"makes_null": ()}, r"makes_null is \(\); name columns"),
    ],
)  # fmt: skip
def test_a_rule_that_names_a_column_there_is_not_is_refused_where_it_is_declared(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"rule 'of_mine': {message}"):
        replace(BETWEEN_COLUMNS[0], name="of_mine", **changes)
