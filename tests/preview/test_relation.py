"""Bins of about as many customers each, and what they tell of additions, counted by hand."""

import math

import numpy as np
import pyarrow as pa
import pytest

from santander.preview.relation import Bins, bins_of, relations
from santander.schema.products import PRODUCTS

LOAN, FUNDS = (next(product for product in PRODUCTS if product.name == name) for name in ("loan", "funds"))


def cut(values: list[float | bool | None], most: int = 4, single: int = 3) -> tuple[list[str], list[int]]:
    bins = bins_of(pa.chunked_array([values]), most, single)
    return list(bins.labels), np.bincount(bins.of, minlength=len(bins.labels)).tolist()


@pytest.mark.parametrize(
    ("values", "labels", "customers"),
    [
        ([True, False, None, False], ["0", "1", "null"], [2, 1, 1]),
        ([1.0, 2.0, 2.0, 3.0], ["1", "2", "3"], [1, 2, 1]),
        ([float(n) for n in range(8)], ["0 to 1", "2 to 3", "4 to 5", "6 to 7"], [2, 2, 2, 2]),
        ([0.0] * 6 + [1.0, 2.0, 3.0, None] + [9.0] * 6, ["0", "1", "2 to 3", "9", "null"], [6, 1, 2, 6, 1]),
        ([1234.5, 2000.0, 0.123456, 7.0], ["0.1235", "7", "1,234", "2,000"], [1, 1, 1, 1]),
        ([None, None], ["null"], [2]),
    ],
)
def test_values_are_cut_into_bins_of_as_many_customers_and_equal_ones_stay_together(
    values: list[float | bool | None], labels: list[str], customers: list[int]
) -> None:
    assert cut(values) == (labels, customers)


def test_the_lift_is_of_those_who_could_add_the_product() -> None:
    """Of two bins: 4 and 4 customers; of the second two hold the loan before; one in the first and both others add it."""
    bins = Bins(["low", "high"], np.repeat([0, 1], 4))
    before = np.array([0, 0, 0, 0, 0, 0, LOAN.mask, LOAN.mask])
    now = np.array([LOAN.mask, 0, 0, FUNDS.mask, LOAN.mask, LOAN.mask, LOAN.mask, 0])
    loan, funds = relations(bins, before, now, least=1)
    assert (loan.product, loan.additions) == ("loan", 3)
    assert loan.lifts == pytest.approx([(1 / 4) / (3 / 6), (2 / 2) / (3 / 6)])
    added, others = (1.5 / 4, 2.5 / 4), (3.5 / 4, 0.5 / 4)
    assert loan.information == pytest.approx(sum((a - o) * math.log(a / o) for a, o in zip(added, others, strict=True)))
    assert (funds.product, funds.lifts) == ("funds", [2.0, 0.0])
    assert [each.product for each in relations(bins, before, now, least=2)] == ["loan"]
