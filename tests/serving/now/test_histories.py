"""Histories of records are read by the rule of a product flag; a month that breaks it is unknown, and told."""

import numpy as np
import pytest

from santander.features.history import UNKNOWN
from santander.schema.months import Month, month_range
from santander.serving.now.histories import Histories
from santander.serving.now.refused import Refused

MONTH = Month(2016, 6)
NONE = [0] * 24
MANY = {str(month): NONE for month in month_range(Month(1990, 1), Month(2010, 1))}
TAXES = [int(bit == 17) for bit in range(24)]


def read(*histories: object) -> tuple[list[list[int]], list[list[tuple[str, ...]]]]:
    """The five months of each history, the latest first, and what is refused."""
    told: list[list[Refused]] = [[] for _ in histories]
    lags = Histories(MONTH).lags([{"history": history} for history in histories], told)
    return np.array(lags).T.tolist(), [[tuple(each) for each in of_record] for of_record in told]


def test_flags_are_bits_of_the_products_by_how_many_months_they_lie_back() -> None:
    masks, told = read({"2016-05": TAXES, "2016-01": [1] * 24}, {}, None, {"2016-03": NONE, "2016-04": None})
    unknown = [UNKNOWN] * 5
    assert masks == [[1 << 17, UNKNOWN, UNKNOWN, UNKNOWN, (1 << 24) - 1], unknown, unknown, [-1, -1, 0, -1, -1]]
    assert told == [[], [], [], []]


@pytest.mark.parametrize("flag", ["1", " 1", "1.0", 1.0, True])
def test_a_flag_may_be_written_as_a_file_writes_it(flag: object) -> None:
    masks, told = read({"2016-05": [flag, *NONE[1:]]})
    assert (masks[0][0], told) == (1, [[]])


@pytest.mark.parametrize("flag", ["NA", None])
def test_a_missing_flag_counts_as_not_held(flag: object) -> None:
    masks, told = read({"2016-05": [flag, *TAXES[1:]]})
    assert (masks[0][0], told) == (1 << 17, [[]])


@pytest.mark.parametrize(
    ("history", "told"),
    [
        ({"2016-05": [2, *NONE[1:]]}, ("history.2016-05.saving_account", "2", "bad_product_flag")),
        ({"2016-05": [*NONE[1:], "x"]}, ("history.2016-05.direct_debit", "x", "bad_product_flag")),
        ({"2016-05": [*NONE[1:], [1]]}, ("history.2016-05.direct_debit", "a list of 1", "bad_product_flag")),
        ({"2016-05": [*NONE[1:], 10**5000]}, ("history.2016-05.direct_debit", "a number of 16610 bits", "bad_product_flag")),
        ({"2016-05": [*NONE[1:], float("nan")]}, ("history.2016-05.direct_debit", "nan", "bad_product_flag")),
        ({"2016-05": NONE[1:]}, ("history.2016-05", "a list of 23", "not_24_flags")),
        ({"2016-05": 24}, ("history.2016-05", "24", "not_24_flags")),
        ({"2016-05": "0" * 24}, ("history.2016-05", "0" * 24, "not_24_flags")),
        ({"2016-05": {"taxes": 1}}, ("history.2016-05", "an object of 1", "not_24_flags")),
        ({"2016-06": NONE}, ("history.2016-06", "2016-06", "not_before_the_month")),
        ({"2017-01": NONE}, ("history.2017-01", "2017-01", "not_before_the_month")),
        ({"2015-12": NONE}, ("history.2015-12", "2015-12", "older_than_is_used")),
        ({"May": NONE}, ("history.May", "May", "no_month")),
        ({"2016-13": NONE}, ("history.2016-13", "2016-13", "no_month")),
        ({" 2016-05": NONE}, ("history. 2016-05", " 2016-05", "no_month")),
        ([NONE], ("history", "a list of 1", "wrong_type")),
        ("2016-05", ("history", "2016-05", "wrong_type")),
        (MANY, ("history", "an object of 241", "too_many_months")),
    ],
)
def test_what_is_wrong_is_told_and_leaves_the_other_months(history: object, told: tuple[str, str, str]) -> None:
    is_read = isinstance(history, dict) and len(history) == 1
    both = history | {"2016-04": TAXES} if is_read else history
    masks, refused = read(both, {"2016-05": NONE})
    assert refused == [[told], []]
    assert masks[0] == [UNKNOWN, 1 << 17 if is_read else UNKNOWN, *[UNKNOWN] * 3]
    assert masks[1][0] == 0
