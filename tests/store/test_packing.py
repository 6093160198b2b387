"""Packing and unpacking, for any values the types can hold."""

import datetime as dt
import math
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from santander.schema.features import FEATURES, Family, Feature
from santander.schema.types import arrow_schema
from santander.store.packing import Layout, OtherLayout

SCHEMA = arrow_schema([("snapshot_date", "date"), *((each.name, each.type) for each in FEATURES)])
_INTEGERS = {"tinyint": 8, "smallint": 16, "int": 32, "bigint": 64}


def values_of(feature: Feature) -> st.SearchStrategy[Any]:
    if feature.type == "boolean":
        return st.none() | st.booleans()
    if feature.type == "double":
        return st.none() | st.floats(allow_nan=False)
    bits = _INTEGERS[feature.type]
    return st.none() | st.integers(-(1 << (bits - 1)), (1 << (bits - 1)) - 1)


ROWS = st.lists(
    st.fixed_dictionaries({"snapshot_date": st.dates(), **{feature.name: values_of(feature) for feature in FEATURES}}), max_size=5
)


@given(ROWS)
def test_what_was_packed_comes_back_with_its_types_and_nulls(rows: list[dict[str, Any]]) -> None:
    table = pa.Table.from_pylist(rows, schema=SCHEMA)
    assert Layout().unpack(Layout().pack(table).to_pylist()).equals(table)


def test_nan_and_null_stay_apart() -> None:
    rows = [{"household_income": math.nan}, {"household_income": None}]
    table = pa.Table.from_pylist([{"snapshot_date": dt.date(2016, 5, 28)} | row for row in rows], schema=SCHEMA)
    nan, null = Layout().unpack(Layout().pack(table).to_pylist()).column("household_income").to_pylist()
    assert math.isnan(nan)
    assert null is None


def test_rows_of_a_slice_are_packed_and_not_those_before_it() -> None:
    rows = [{"snapshot_date": dt.date(2016, 5, 28), "age": age, "is_active": age > 1} for age in range(3)]
    table = pa.Table.from_pylist(rows, schema=SCHEMA).slice(2, 1)
    unpacked = Layout().unpack(Layout().pack(table).to_pylist())
    assert unpacked.select(["age", "is_active"]).to_pylist() == [{"age": 2, "is_active": True}]


def test_values_of_another_declaration_are_refused_and_not_read_as_something_else() -> None:
    table = pa.Table.from_pylist([{"snapshot_date": dt.date(2016, 5, 28)}], schema=SCHEMA)
    value = Layout().pack(table).to_pylist()
    swapped = [FEATURES[2], FEATURES[1], FEATURES[0], *FEATURES[3:]]
    longer = [*FEATURES, Feature("another", "boolean", Family.SEASON, "One more")]
    message = "the online store holds features of another declaration: run 'santander materialize' again"
    for other in (swapped, longer):
        with pytest.raises(OtherLayout, match=f"^{message}$"):
            Layout(other).unpack(value)
