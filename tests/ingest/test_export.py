"""A row of customers, written as a landing line, reads as the same row: the inverse of the rules of schema.columns."""

from collections.abc import Collection
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from santander.ingest.arrangement import joined_line, split_line
from santander.ingest.cleaning import clean
from santander.ingest.export import fields_of
from santander.ingest.parsing import parse
from santander.schema.between_columns import BETWEEN_COLUMNS
from santander.schema.catalogue import CUSTOMERS
from santander.schema.columns import COLUMNS, PROFILE_COLUMNS
from tests.ingest.oracle import SPELLINGS

DATES = ["", "NA", "2015-01-31", "1999-12-31"]
FLAGS, YES_NO = ["", "0", " 1", "NA"], ["S", "N", ""]
TEXTS: dict[str, list[str]] = {
    "snapshot_date": ["2015-01-28"], "customer_id": ["1", " 999999999999999999"], "employment_status": ["A", "", "NA"],
    "country": ["ES", "NA", ""], "sex": ["H", "V", ""], "age": [" NA", "0", "164"], "joined_on": DATES, "is_new": FLAGS,
    "seniority_months": ["-999999", "0", "1968", "NA"], "primary_status": [" 1", "99", ""], "last_primary_on": DATES,
    "relation_kind": ["1.0", "4", "P", ""], "relation_type": ["A", "N", ""], "is_resident": YES_NO, "is_foreign_born": YES_NO,
    "is_employee_spouse": YES_NO, "channel": ["007", "KHE", ""], "is_deceased": YES_NO, "address_type": [" 1", "NA"],
    "province_code": [" 1", "52", "NA"], "province": ["Coruña, A", "", "ÁVILA", " x"], "is_active": FLAGS,
    "household_income": ["0", "0.00000000000000000001", "87218.100000000006", "999999999.99999988", "NA", "61414.420000000006"],
    "segment": ["01 - TOP", "", "02 - PARTICULARES"],
}  # fmt: skip

CONTRADICTIONS = [rule.name for rule in BETWEEN_COLUMNS]
"""Texts drawn one by one may say together what no record may; the values are null in the row then."""


def read(line: str, columns: int, faults: Collection[str] = ()) -> dict[str, Any]:
    """The row that a line becomes; of its values none is bad but for one of these reasons."""
    batch = clean(parse(line.encode(), 1, columns), 2, 0, null_spellings=SPELLINGS)
    assert batch.num_rows == 1
    row = batch.to_pylist()[0]
    assert row["row_reason"] is None
    assert {bad["reason"] for bad in row["bad_values"] or ()} <= {*faults}
    return {name: row[name] for name, _ in CUSTOMERS.columns}


@pytest.mark.parametrize("columns", [24, 48])
@given(data=st.data())
def test_a_row_written_as_a_line_reads_as_the_same_row(columns: int, data: st.DataObject) -> None:
    products = ["0", "1", " 1", "NA"]
    fields = [data.draw(st.sampled_from(TEXTS.get(column.name, products)), column.name) for column in COLUMNS[:columns]]
    row = read(joined_line(fields), columns, CONTRADICTIONS)
    written = fields_of(row)
    assert len(written) == columns
    assert read(joined_line(written), columns) == row


def test_every_profile_column_is_tried() -> None:
    assert list(TEXTS) == [column.name for column in PROFILE_COLUMNS]


@given(st.lists(st.text(alphabet='ab ,"\r\té\x00'), min_size=1))
def test_a_line_comes_apart_into_the_fields_it_was_joined_of(fields: list[str]) -> None:
    line = joined_line(fields)
    assert line.count("\n") == 1
    assert split_line(line.removesuffix("\n")) == fields


def test_an_open_quote_keeps_what_it_swallowed() -> None:
    assert split_line('1,"MADRID,2,3') == ["1", "MADRID,2,3"]
    assert split_line("") == []
