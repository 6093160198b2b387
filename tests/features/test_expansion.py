"""From bitmask features to model columns."""

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from santander.errors import InputError
from santander.features.expansion import ColumnPlan, ReadOnce, bits_of, has_column, integers
from santander.schema.column_groups import ColumnGroup
from santander.schema.features import FEATURE_NAMES
from santander.schema.products import N_PRODUCTS, PRODUCT_NAMES
from tests.models.toy_world import MASK, feature_rows

AS_THEY_ARE = (ColumnGroup.PROFILE, ColumnGroup.SEASON, ColumnGroup.HISTORY_COUNTS)
PER_PRODUCT = [group for group in ColumnGroup if group not in AS_THEY_ARE]
TAXES, FUNDS = MASK["taxes"], MASK["funds"]


def value(group: ColumnGroup, row: dict[str, object], column: str) -> float:
    plan = ColumnPlan((group,))
    return float(plan.matrix(feature_rows([row]))[0, plan.names.index(column)])


def lags(*holdings: int | None) -> dict[str, object]:
    """Holdings one to five months before; those not given are null."""
    return {f"holdings_lag_{lag}": held for lag, held in enumerate(holdings, start=1)}


@given(masks=st.lists(st.integers(0, (1 << N_PRODUCTS) - 1), max_size=5))
def test_bits_are_those_of_the_mask(masks: list[int]) -> None:
    expected = [[mask >> bit & 1 for bit in range(N_PRODUCTS)] for mask in masks]
    assert bits_of(np.array(masks, dtype=np.int64)).tolist() == expected


def test_rows_that_are_read_once_make_the_same_columns_of_arrays_and_of_lists() -> None:
    rows = feature_rows([lags(TAXES, None, FUNDS) | {"age": 35}, {"age": None, "is_active": True}, {}])
    arrays = dict(zip(rows.schema.names, (rows.column(place) for place in range(rows.num_columns)), strict=True))
    arrays = {name: array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array for name, array in arrays.items()}
    lists = arrays | {name: arrays[name].to_pylist() for name in ("age", "is_active", "household_income", "season_sine")}
    plan = ColumnPlan(tuple(ColumnGroup))
    for columns in (arrays, lists):
        once = ReadOnce(columns, 3)
        for part in (once, once.slice(1, 2), once.slice(0, 9)):
            meant = rows.slice(1, 2) if part.num_rows == 2 else rows
            np.testing.assert_array_equal(plan.matrix(part), plan.matrix(meant))
            for name in ("age", "is_active"):
                assert integers(part, name, -1).tolist() == integers(meant, name, -1).tolist()
        assert plan.matrix(once) is plan.matrix(once)
        with pytest.raises(ValueError, match="read-only"):
            plan.matrix(once)[0, 0] = 1
    assert has_column(once, "age")
    assert not has_column(once, "shoe_size")
    with pytest.raises(InputError, match="shoe_size"):
        integers(once, "shoe_size", 0)


def test_lag_1_bits_say_what_was_held_the_month_before() -> None:
    assert value(ColumnGroup.LAG_1_BITS, lags(TAXES), "lag_1_bits.taxes") == 1
    assert value(ColumnGroup.LAG_1_BITS, lags(TAXES), "lag_1_bits.funds") == 0


def test_an_unknown_month_is_missing_not_empty() -> None:
    assert np.isnan(ColumnPlan((ColumnGroup.LAG_1_BITS,)).matrix(feature_rows([lags(None, TAXES)]))).all()
    assert math.isnan(value(ColumnGroup.OLDER_LAG_BITS, lags(TAXES, None, TAXES), "held_2_months_before.taxes"))
    assert value(ColumnGroup.OLDER_LAG_BITS, lags(TAXES, None, TAXES), "held_3_months_before.taxes") == 1


def test_older_lag_bits_are_in_order_of_month_then_product() -> None:
    names = ColumnPlan((ColumnGroup.OLDER_LAG_BITS,)).names
    assert len(names) == 96
    assert names[0] == f"held_2_months_before.{PRODUCT_NAMES[0]}"
    for lag in range(2, 6):
        row = lags(*[TAXES if month == lag else FUNDS for month in range(1, 6)])
        assert value(ColumnGroup.OLDER_LAG_BITS, row, f"held_{lag}_months_before.taxes") == 1
        assert value(ColumnGroup.OLDER_LAG_BITS, row, f"held_{lag}_months_before.funds") == 0


def test_months_held_counts_the_known_months() -> None:
    row = lags(TAXES, TAXES | FUNDS, None, 0, TAXES)
    assert value(ColumnGroup.MONTHS_HELD, row, "months_held.taxes") == 3
    assert value(ColumnGroup.MONTHS_HELD, row, "months_held.funds") == 1
    assert value(ColumnGroup.MONTHS_HELD, row, "months_held.loan") == 0


def test_held_lately_is_months_held_and_six_more_for_the_month_before() -> None:
    row = lags(TAXES, TAXES | FUNDS, None, 0, TAXES)
    assert value(ColumnGroup.HELD_LATELY, row, "held_lately.taxes") == 6 + 3
    assert value(ColumnGroup.HELD_LATELY, row, "held_lately.funds") == 1
    assert value(ColumnGroup.HELD_LATELY, row, "held_lately.loan") == 0


def test_held_lately_tells_apart_what_months_held_and_the_month_before_do() -> None:
    histories = [lags(*(TAXES * (bits >> lag & 1) for lag in range(5))) for bits in range(32)]
    both = ColumnPlan((ColumnGroup.LAG_1_BITS, ColumnGroup.MONTHS_HELD)).matrix(feature_rows(histories))
    one = ColumnPlan((ColumnGroup.HELD_LATELY,)).matrix(feature_rows(histories))
    pairs = {(tuple(two), tuple(single)) for two, single in zip(both.tolist(), one.tolist(), strict=True)}
    assert len(pairs) == len({two for two, _ in pairs}) == len({single for _, single in pairs}) == 10


def test_months_since_held_is_the_latest_month() -> None:
    row = lags(0, 0, TAXES, TAXES, FUNDS)
    assert value(ColumnGroup.MONTHS_SINCE_HELD, row, "months_since_held.taxes") == 3
    assert value(ColumnGroup.MONTHS_SINCE_HELD, row, "months_since_held.funds") == 5
    assert value(ColumnGroup.MONTHS_SINCE_HELD, row, "months_since_held.loan") == 0


def test_times_added_needs_both_months_known() -> None:
    assert value(ColumnGroup.TIMES_ADDED, lags(TAXES, 0, TAXES, 0), "times_added.taxes") == 2
    assert value(ColumnGroup.TIMES_ADDED, lags(TAXES, None, 0, TAXES), "times_added.taxes") == 0
    assert math.isnan(value(ColumnGroup.TIMES_ADDED, lags(TAXES, None, 0), "times_added.taxes"))


TRANSITIONS = (ColumnGroup.TIMES_ABSENT, ColumnGroup.TIMES_ADDED, ColumnGroup.TIMES_CLOSED, ColumnGroup.TIMES_KEPT)


@pytest.mark.parametrize(
    ("oldest_first", "absent_added_closed_kept"),
    [
        ((TAXES, TAXES, TAXES, TAXES, TAXES), (0, 0, 0, 4)),
        ((0, FUNDS, FUNDS, 0, 0), (4, 0, 0, 0)),
        ((0, TAXES, TAXES, 0, TAXES), (0, 2, 1, 1)),
        ((TAXES, 0, 0, FUNDS, TAXES), (2, 1, 1, 0)),
        ((TAXES, 0, None, 0, TAXES), (0, 1, 1, 0)),
        ((None, None, None, TAXES, 0), (0, 0, 1, 0)),
    ],
)
def test_pairs_of_known_months_are_counted_by_what_happened_between_them(
    oldest_first: tuple[int | None, ...], absent_added_closed_kept: tuple[int, ...]
) -> None:
    row = lags(*reversed(oldest_first))
    assert tuple(value(group, row, f"{group}.taxes") for group in TRANSITIONS) == absent_added_closed_kept


@pytest.mark.parametrize("group", TRANSITIONS)
def test_months_that_do_not_follow_each_other_are_no_pair(group: ColumnGroup) -> None:
    assert math.isnan(value(group, lags(TAXES, None, TAXES, None, 0), f"{group}.taxes"))


def test_months_since_added_puts_the_planes_together() -> None:
    planes = {f"months_since_added_bit_{plane}": mask for plane, mask in enumerate([TAXES | FUNDS, TAXES, MASK["loan"]])}
    assert value(ColumnGroup.MONTHS_SINCE_ADDED, planes, "months_since_added.taxes") == 3
    assert value(ColumnGroup.MONTHS_SINCE_ADDED, planes, "months_since_added.funds") == 1
    assert value(ColumnGroup.MONTHS_SINCE_ADDED, planes, "months_since_added.loan") == 4
    assert value(ColumnGroup.MONTHS_SINCE_ADDED, planes, "months_since_added.payroll") == 0


@pytest.mark.parametrize("group", PER_PRODUCT)
def test_a_customer_without_history_is_missing_everywhere(group: ColumnGroup) -> None:
    assert np.isnan(ColumnPlan((group,)).matrix(feature_rows([{"owned": 0, "age": 30}]))).all()


def test_plain_features_keep_their_values_and_null_is_nan() -> None:
    row = {"age": 31, "is_active": True, "is_woman": False, "household_income": 87218.1}
    assert value(ColumnGroup.PROFILE, row, "age") == 31
    assert value(ColumnGroup.PROFILE, row, "is_active") == 1
    assert value(ColumnGroup.PROFILE, row, "is_woman") == 0
    assert value(ColumnGroup.PROFILE, row, "household_income") == np.float32(87218.1)
    assert math.isnan(value(ColumnGroup.PROFILE, row, "seniority_months"))


def test_every_feature_but_owned_reaches_a_column_group() -> None:
    plain = {name for name in ColumnPlan(tuple(ColumnGroup)).names if "." not in name}
    assert set(FEATURE_NAMES) - plain == {
        "owned",
        *(f"holdings_lag_{lag}" for lag in range(1, 6)),
        *(f"months_since_added_bit_{plane}" for plane in range(3)),
    }


def test_columns_follow_the_plan() -> None:
    plan = ColumnPlan((ColumnGroup.LAG_1_BITS, ColumnGroup.SEASON))
    matrix = plan.matrix(feature_rows([{**lags(TAXES), "month_of_year": 6}, {"month_of_year": 7}]))
    assert matrix.shape == (2, len(plan.names)) == (2, 27)
    assert matrix[:, plan.names.index("month_of_year")].tolist() == [6, 7]
    assert matrix.dtype == np.float32


def test_rows_in_several_chunks_expand_like_one() -> None:
    rows = [lags(TAXES), lags(None, FUNDS), lags(FUNDS, TAXES)]
    plan = ColumnPlan(tuple(PER_PRODUCT))
    chunked = pa.concat_tables([feature_rows([row]) for row in rows])
    np.testing.assert_array_equal(plan.matrix(chunked), plan.matrix(feature_rows(rows)))


def test_a_missing_feature_is_named() -> None:
    with pytest.raises(InputError, match="holdings_lag_3"):
        ColumnPlan((ColumnGroup.MONTHS_HELD,)).matrix(feature_rows([lags(TAXES)]).drop_columns(["holdings_lag_3"]))
