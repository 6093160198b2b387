"""One number in many spellings is one id; what looks like it and is something else is not."""

import time

import pytest

from santander.suppression.spellings import find, number_named, plain_digits, sorted_ids

IDS = sorted_ids({1375586, 15889})
SPELLED = [
    "1375586.0", "1375586.00", " 1375586", '"1375586"', "01375586", "+1375586", "1,375,586", "1.375.586", "1 375 586",
    "1'375'586", "1_375_586", "1.375586e6", "1.375586E+06", "1375586e0", "13755.86e2", "1,375586E6",
    "\uff11\uff13\uff17\uff15\uff15\uff18\uff16",
    "١٣٧٥٥٨٦", "1\u00a0375\u00a0586", "1\u202f375\u202f586", "1.375.586,00", "1,375,586.00", "15,889", "1.5889e4", "001375586",
]  # fmt: skip


@pytest.mark.parametrize("text", SPELLED)
@pytest.mark.parametrize(("before", "after"), [("", ""), ("id: ", "\n"), ("x;", ";y"), ("(", ")"), ("\t", "\tS")])
def test_a_spelling_is_found_in_a_text(text: str, before: str, after: str) -> None:
    assert find(plain_digits(f"{before}{text}{after}".encode()), IDS)[0].size == 1


@pytest.mark.parametrize("text", [text for text in SPELLED if "," not in text])
def test_a_spelling_without_commas_is_found_between_commas(text: str) -> None:
    assert find(plain_digits(f"2015-01-28,{text},N".encode()), IDS)[0].size == 1


@pytest.mark.parametrize("text", [*SPELLED, "15.889", "'15889", '="1375586"', " +1375586 "])
def test_a_spelling_is_read_in_a_field(text: str) -> None:
    assert number_named(text) in {1375586, 15889}


@pytest.mark.parametrize(
    "text",
    [
        "1,1,375,586", "1,375,586,2", "28,1,375,586,N", "1,375.586", "0.15889e4", "1.375586e7", "a1.375586e6", "1.375586e6b",
        "15.889", "0,015,889", "1 375 586 4", "1,375,5860", "31,375,586", "1,375,586.5", "15,8890", "1.375586e-6", "375,586",
        "3.15.889", "1.15,889",
    ],
)  # fmt: skip
def test_something_else_is_not(text: str) -> None:
    assert find(plain_digits(text.encode()), IDS)[0].size == 0


def test_latin_1_has_the_space_that_does_not_break_in_one_byte() -> None:
    assert find(plain_digits("n\u00ba 1\u00a0375\u00a0586 \u00e9".encode("latin-1")), IDS)[0].size == 1


def test_other_scripts_cost_nothing_where_there_are_none() -> None:
    text = "CORUÑA, A;1375586".encode()
    assert plain_digits(text) is text


def test_a_run_of_points_is_read_once() -> None:
    started = time.process_time()
    assert find(b"1.000" * 200_000, IDS)[0].size == 0
    assert time.process_time() - started < 5
