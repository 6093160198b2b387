"""The field that a quarantined line or value is about, as lists and refusals name it."""

import pytest

from santander.ingest.broken_field import BrokenField
from santander.ingest.cleaning import BAD_FLAG
from santander.schema.between_columns import BETWEEN_COLUMNS, BetweenColumns
from tests.landing_files import record

INCOME = "0 to 1,000,000,000 euros a year"
DATE = "a 28th, such as 2015-06-28"


@pytest.mark.parametrize(
    ("reason", "column", "raw", "expected"),
    [
        (BAD_FLAG, None, record(5, ind_nomina_ult1="NA", ind_recibo_ult1=" x "), ("ind_recibo_ult1", "x", "0 or 1")),
        (BAD_FLAG, None, f"0123456789abcdef:7,{record(5, ind_cno_fin_ult1='2')},{BAD_FLAG}", ("ind_cno_fin_ult1", "2", "0 or 1")),
        ("bad_snapshot_date", None, record(5, fecha_dato="28/01/2015"), ("fecha_dato", "28/01/2015", DATE)),
        ("bad_snapshot_date", None, f'"0123456789abcdef:7",{record(5, fecha_dato="")}', ("fecha_dato", "", DATE)),
        ("bad_customer_id", None, record("C5").rpartition(",")[0], ("ncodpers", "C5", "a whole number, from 1")),
        ("duplicate_key", None, record(5), ("ncodpers", "5", "once in a month")),
        ("unreadable", "joined_on", "31/12/15", ("fecha_alta", "31/12/15", "a date such as 2015-06-12")),
        ("out_of_range", "age", "200", ("age", "200", "a whole number, 0 to 164 years")),
        ("unreadable", "household_income", "3,5", ("renta", "3,5", f"a number with a decimal point, {INCOME}")),
        ("wrong_number_of_fields", None, "a,b", (None, "a,b", "a line of 48 or 24 fields")),
        ("open_quote", None, 'a,"b', (None, 'a,"b', "a line whose quotes are closed")),
        ("erased", None, None, (None, "", None)),
    ],
)
def test_it_has_the_column_of_the_file_the_text_and_what_is_legal(
    reason: str, column: str | None, raw: str | None, expected: tuple[str | None, str, str | None]
) -> None:
    assert BrokenField.of(reason, column, raw, 5) == BrokenField(*expected)


@pytest.mark.parametrize("rule", BETWEEN_COLUMNS, ids=lambda rule: rule.name)
def test_a_text_that_breaks_a_rule_between_columns_must_be_what_the_rule_says(rule: BetweenColumns) -> None:
    found = BrokenField.of(rule.name, rule.makes_null[0], "2016-01-01", 5)
    assert found.must_be == rule.meaning
