"""Features are written as JSON that any reader takes."""

import json
import math

import pyarrow as pa

from santander.serving.now.used import UsedFeatures


def test_numbers_flags_and_what_is_unknown_come_back_as_they_were() -> None:
    rows = {
        "whole": pa.array([0, -(2**62), None], pa.int64()),
        "flag": pa.array([True, None, False]),
        "given": [True, 0.5, None],
        "income": pa.array([87218.1, 5e-324, None]),
        "unread": pa.array([1, 2, 3]),
    }
    written = UsedFeatures(["flag", "whole", "income"]).of(rows)
    assert [json.loads(each) for each in written] == [
        {"flag": True, "whole": 0, "income": 87218.1},
        {"flag": None, "whole": -(2**62), "income": 5e-324},
        {"flag": False, "whole": None, "income": None},
    ]


def test_what_json_has_no_number_for_is_null() -> None:
    rows = {"share": pa.array([math.nan, math.inf, -math.inf, 0.5])}
    assert UsedFeatures(["share"]).of(rows) == ['{"share": null}'] * 3 + ['{"share": 0.5}']
