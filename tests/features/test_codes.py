import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from santander.features.codes import base_36

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CODES = st.lists(st.none() | st.text(DIGITS, min_size=1, max_size=3), max_size=20)


@given(CODES)
def test_a_code_is_the_number_it_writes_with_thirty_six_digits(codes: list[str | None]) -> None:
    found = base_36(pa.array(codes, pa.string()).dictionary_encode()).to_pylist()
    for code, number in zip(codes, found, strict=True):
        if code is None:
            assert number is None
        else:
            assert number == sum(DIGITS.index(digit) * 36**place for place, digit in enumerate(reversed(code)))


def test_a_part_of_a_column_keeps_its_rows() -> None:
    codes = pa.array(["KHE", None, "007", "KHE", "A"]).dictionary_encode()
    assert base_36(codes.slice(2)).to_pylist() == base_36(codes).to_pylist()[2:] == [7, int("KHE", 36), 10]
