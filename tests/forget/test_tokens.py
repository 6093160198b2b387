"""An id is found where it stands alone, and nowhere inside another number or word."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from santander.suppression.spellings import find, plain_numbers, sorted_ids

IDS = sorted_ids({1375586, 15889})


@pytest.mark.parametrize(
    "text",
    [
        "1375586",
        "a,1375586,b",
        ' "1375586"',
        "1375586\n",
        "id=1375586;",
        "01375586",
        "1375586.0",
        "1375586.",
        "[15889]",
        "x-15889",
        "_15889",
        "cust_15889_x",
    ],
)
def test_a_whole_token_is_found(text: str) -> None:
    assert find(text.encode(), IDS)[0].size == 1


@pytest.mark.parametrize(
    "text",
    ["", "1", "13755861", "a1375586", "1375586b", "_a15889", "15889b_", "15889.5", "15889.05", "0.15889", "9" * 19 + "15889"],
)
def test_a_part_of_something_else_is_not(text: str) -> None:
    assert find(text.encode(), IDS)[0].size == 0


def test_offsets_say_where() -> None:
    offsets, values = find(b"15889,1375586\n7,15889", IDS)
    assert offsets.tolist() == [0, 6, 16]
    assert values.tolist() == [15889, 1375586, 15889]


@given(st.text(alphabet="0123456789.,_ax \n", max_size=60))
def test_the_tokens_are_those_of_a_plain_pattern(text: str) -> None:
    pattern = r"(?<![0-9A-Za-z])(?<![0-9]\.)([0-9]{5,18})(?![0-9A-Za-z])(?!\.0*[1-9])"
    plain = [int(found[1]) for found in re.finditer(pattern, text)]
    assert plain_numbers(text.encode())[1].tolist() == plain
    assert plain_numbers(text.encode())[0].dtype == np.int64
