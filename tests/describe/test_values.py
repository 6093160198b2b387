"""What is counted of a column: values, ranges of numbers, years; and how a value is told from another one in any month."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from santander.describe.values import Kind, prints, read_values


def texts(column: pa.Array, kind: Kind) -> list[str | None]:
    """The text of each row."""
    values = read_values(column, kind)
    return [None if code == 0 else values.texts[code - 1] for code in values.codes]


@pytest.mark.parametrize(
    ("column", "kind", "expected"),
    [
        (pa.array(["KHL", None, "007", "KHL"]).dictionary_encode(), Kind.CATEGORY, ["KHL", None, "007", "KHL"]),
        (pa.array(["a", "b", "a"]).dictionary_encode().slice(2), Kind.CATEGORY, ["a"]),
        (pa.array([True, None, False]), Kind.CATEGORY, ["true", None, "false"]),
        (pa.array([28, 99, 28, None], pa.int16()), Kind.CATEGORY, ["28", "99", "28", None]),
        (pa.array([0, 255, 256, 287, 288, None], pa.int32()), Kind.NUMBER, ["0", "255", "256", "256", "288", None]),
        (pa.array([-255, -256, -300], pa.int32()), Kind.NUMBER, ["-255", "-256", "-288"]),
        (pa.array([0.0, -0.0, 1.0, 1.124, 1.125, None, -1.2]), Kind.NUMBER, ["0", "0", "1", "1", "1.125", None, "-1.125"]),
        (pa.array([dt.date(2015, 1, 28), None, dt.date(2015, 12, 31)]), Kind.NUMBER, ["2015", None, "2015"]),
        (pa.array([], pa.float64()), Kind.NUMBER, []),
    ],
)
def test_each_row_has_its_value(column: pa.Array, kind: Kind, expected: list[str | None]) -> None:
    assert texts(column, kind) == expected


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1))
def test_a_number_lies_in_its_range_which_is_an_eighth_of_its_size_at_most(numbers: list[float]) -> None:
    ends = [float(text or "") for text in texts(pa.array(numbers, pa.float64()), Kind.NUMBER)]
    for number, end in zip(numbers, ends, strict=True):
        assert abs(end) * (1 - 1e-8) <= abs(number) <= max(abs(end) * 1.126, 1e-37)  # a text has nine digits
        assert end == 0 or np.sign(end) == np.sign(number)


def test_prints_are_equal_where_values_are_and_zero_for_null() -> None:
    here = pa.array(["a", None, "b"]).dictionary_encode()
    there = pa.array(["b", "b", "a"]).dictionary_encode()
    assert (prints(here, Kind.CATEGORY)[[0, 2]] == prints(there, Kind.CATEGORY)[[2, 0]]).all()
    assert prints(here, Kind.CATEGORY)[1] == 0
    masks = pa.array([0, 5, None, (1 << 24) - 1], pa.int32())
    assert len({*prints(masks, Kind.MASK).tolist()}) == 4
    assert prints(masks, Kind.MASK)[2] == 0
