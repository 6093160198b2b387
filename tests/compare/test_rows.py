import math
from collections import Counter
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from santander.compare.rows import RowsDifference, compare_rows

NAN, OTHER_NAN = float("nan"), -float("nan")
SCHEMA = pa.schema(
    [("customer", pa.int64()), ("rank", pa.int8()), ("flag", pa.bool_()), ("score", pa.float64()), ("name", pa.string())]
)


def rows(*values: tuple[Any, ...]) -> pa.Table:
    return pa.Table.from_pylist([dict(zip(SCHEMA.names, row, strict=True)) for row in values], schema=SCHEMA)


def compare(here: pa.Table, there: pa.Table, **options: Any) -> RowsDifference:
    return compare_rows(here, there, ["customer", "rank"], **options)


BANK = rows((1, 1, True, 0.5, "loan"), (1, 2, False, 0.25, "funds"), (2, 1, None, None, None), (3, 1, True, 0.0, ""))


def test_rows_are_matched_whatever_their_order_and_chunks() -> None:
    shuffled = pa.concat_tables([BANK.slice(2, 2), BANK.slice(0, 1), BANK.slice(1, 1)])
    found = compare(BANK, shuffled)
    assert found.equal
    assert (found.rows_here, found.rows_there) == (4, 4)


def test_a_flipped_flag_is_named_with_its_row_and_both_values() -> None:
    found = compare(BANK, BANK.set_column(2, "flag", pa.array([True, True, None, True])))
    assert not found.equal
    assert found.columns == {"flag": 1}
    assert found.examples == ["customer 1, rank 2: flag False here, True there"]


def test_a_row_that_one_side_lacks_is_counted_on_the_side_that_has_it() -> None:
    dropped = compare(BANK, BANK.slice(1))
    assert (dropped.only_here, dropped.only_there, dropped.columns) == (1, 0, {})
    assert dropped.examples == ["customer 1, rank 1: only here"]
    added = compare(BANK, pa.concat_tables([BANK, rows((9, 1, True, 1.0, "x"))]))
    assert (added.only_here, added.only_there, added.columns) == (0, 1, {})
    assert added.examples == ["customer 9, rank 1: only there"]


def test_a_row_that_one_side_has_twice_differs() -> None:
    found = compare(BANK, pa.concat_tables([BANK, BANK.slice(1, 1)]))
    assert (found.only_here, found.only_there, found.columns) == (0, 1, {})
    both_twice = pa.concat_tables([BANK, BANK])
    assert compare(both_twice, both_twice.slice(3)).only_here == 3
    assert compare(both_twice, both_twice).equal


def test_rows_of_one_key_are_matched_by_all_columns() -> None:
    here = rows((1, 1, True, -0.0, "a"), (1, 1, True, 0.0, "b"), (1, 1, True, NAN, "a"), (1, 1, True, 0.0, "a"))
    assert compare(here, here.take([3, 1, 0, 2])).equal
    changed = compare(here, here.set_column(3, "score", pa.array([0.0, 0.0, NAN, 0.0])))
    assert (changed.only_here, changed.only_there) == (1, 1)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (None, 0.0, False),
        (None, NAN, False),
        (None, None, True),
        (NAN, NAN, True),
        (NAN, OTHER_NAN, True),
        (NAN, 0.0, False),
        (0.0, -0.0, False),
        (-0.0, -0.0, True),
        (0.1 + 0.2, 0.3, False),
        (math.inf, math.inf, True),
        (math.inf, -math.inf, False),
    ],
)
def test_numbers_are_equal_to_the_bit_and_a_null_equals_a_null_only(one: float | None, other: float | None, same: bool) -> None:
    here, there = rows((1, 1, True, one, "a")), rows((1, 1, True, other, "a"))
    assert compare(here, there).equal is same
    assert compare(there, here).equal is same
    narrow = [table.set_column(3, "score", table["score"].cast(pa.float32())) for table in (here, there)]
    if one != 0.1 + 0.2:
        assert compare(*narrow).equal is same


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (0.5, 0.5 + 9e-7, True),
        (0.5, 0.5 + 1e-5, False),
        (0.0, -0.0, True),
        (None, 0.0, False),
        (None, None, True),
        (NAN, NAN, True),
        (NAN, 0.0, False),
        (math.inf, math.inf, True),
        (math.inf, -math.inf, False),
    ],
)
def test_a_column_may_be_equal_within_a_distance(one: float | None, other: float | None, same: bool) -> None:
    here, there = rows((1, 1, True, one, "a")), rows((1, 1, True, other, "a"))
    assert compare(here, there, within={"score": 1e-6}).equal is same
    assert compare(there, here, within={"score": 1e-6}).equal is same


def test_a_null_in_a_key_is_a_value_of_its_own() -> None:
    here = rows((1, None, True, 0.5, "a"), (1, 0, False, 0.5, "a"))
    assert compare(here, here.take([1, 0])).equal
    assert compare(here, rows((1, None, True, 0.5, "a"), (1, None, False, 0.5, "a"))).only_here == 1


@pytest.mark.parametrize(("one", "other", "same"), [("", None, False), (None, None, True), ("a", "a ", False), ("ñ", "ñ", True)])
def test_an_empty_text_is_no_null(one: str | None, other: str | None, same: bool) -> None:
    assert compare(rows((1, 1, True, 0.5, one)), rows((1, 1, True, 0.5, other))).equal is same


def test_columns_that_one_side_lacks_or_types_otherwise_are_told() -> None:
    wider = BANK.append_column("extra", pa.array([1, 2, 3, 4]))
    assert compare(BANK, wider).structure == ["column extra only there"]
    assert compare(wider, BANK).structure == ["column extra only here"]
    retyped = BANK.set_column(2, "flag", BANK["flag"].cast(pa.int8()))
    assert compare(BANK, retyped).structure == ["column flag is bool here, int8 there"]
    assert not compare(BANK, retyped).equal
    assert compare(wider, BANK, leave_out=["extra"]).equal
    with pytest.raises(KeyError, match="rank"):
        compare(BANK, BANK.drop_columns(["rank"]))


def test_how_arrow_lays_out_a_text_does_not_count() -> None:
    assert compare(BANK, BANK.set_column(4, "name", BANK["name"].cast(pa.large_string()))).equal


def test_an_empty_side_lacks_every_row() -> None:
    assert compare(BANK, BANK.slice(0, 0)).only_here == 4
    assert compare(BANK.slice(0, 0), BANK.slice(0, 0)).equal


VALUES = st.tuples(
    st.integers(0, 3),
    st.one_of(st.none(), st.integers(0, 1)),
    st.sampled_from([None, True, False]),
    st.sampled_from([None, 0.0, 1.5, NAN]),
    st.sampled_from([None, "", "a"]),
)


@given(st.lists(VALUES), st.lists(VALUES))
def test_two_tables_are_equal_exactly_when_they_hold_the_same_rows_as_often(
    one: list[tuple[Any, ...]], other: list[tuple[Any, ...]]
) -> None:
    here, there = Counter(map(repr, one)), Counter(map(repr, other))
    found = compare(rows(*one), rows(*other))
    assert found.equal is (here == there)
    assert compare(rows(*one), rows(*reversed(one))).equal
    if not found.columns:
        assert found.only_here == (here - there).total()
        assert found.only_there == (there - here).total()
