"""The query of docs/serving.md that joins what was shown to what customers added."""

import datetime as dt
import re
from pathlib import Path

import pytest

from santander import open_lake
from santander.config.settings import Settings
from santander.lake.lake import Lake
from santander.schema.catalogue import ADDITIONS, PREDICTIONS
from santander.schema.months import Month

PAGE = (Path(__file__).parents[2] / "docs" / "serving.md").read_text(encoding="utf-8")
MAY, JUNE = Month(2016, 5), Month(2016, 6)


def answer(sequence: int, customer: int | None, month: Month, products: list[str], chances: list[float | None]):
    return {
        "log": "a", "sequence": sequence, "day": dt.date(2016, 7, 1), "customer_id": customer, "month": str(month),
        "list": "recommendations", "products": products, "chances": chances,
    }  # fmt: skip


def test_each_rank_says_how_often_it_was_shown_and_added_in_months_that_are_known(settings: Settings) -> None:
    lake = Lake(settings)
    answers = [
        answer(1, 7, MAY, ["loan", "funds"], [0.5, 0.25]),
        answer(2, 7, MAY, ["loan"], [0.5]),  # asked for again: the customer counts once
        answer(3, 8, MAY, ["taxes", "loan"], [0.125, None]),
        answer(4, None, MAY, ["loan"], [0.5]),
        answer(5, 7, MAY, ["plan"], [0.5]) | {"list": "offers"},
        answer(6, 7, JUNE, ["funds"], [0.5]),  # nobody knows yet
    ]
    lake.append_rows(PREDICTIONS, answers)
    lake.append_rows(
        ADDITIONS,
        [
            {"customer_id": each, "snapshot_date": MAY.snapshot, "product": product}
            for each, product in ((7, "loan"), (8, "loan"))
        ],
    )
    (query,) = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
    rows = open_lake(settings.data_dir).sql(query).fetchall()
    assert rows == [(1, 2, 1, pytest.approx((0.5 + 0.125) / 2)), (2, 2, 1, pytest.approx(0.25))]
