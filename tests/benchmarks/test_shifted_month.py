import numpy as np
import pytest
from bank_terms import chances_of
from shifted_month import shifted

from santander.schema.months import Month
from tests.models.toy_world import MASK, feature_rows

CUSTOMERS = [
    {
        "age": 30 + number % 40, "segment": 2, "is_active": True, "household_income": 50_000.0 + 100 * number,
        "income_imputed": False, "channel": number % 7, "seniority_months": number, "owned": MASK["current_account"],
        "holdings_lag_1": MASK["current_account"], "holdings_lag_2": 0,
    }
    for number in range(1000)
]  # fmt: skip


def test_incomes_fall_and_some_are_inactive_or_of_another_channel() -> None:
    before = feature_rows(CUSTOMERS)
    after = shifted(before)
    assert after.schema.equals(before.schema)
    assert after["household_income"].to_numpy() == pytest.approx(0.8 * before["household_income"].to_numpy())
    assert 0.05 < 1 - np.mean(after["is_active"].to_numpy()) < 0.15
    moved = np.mean(after["channel"].to_numpy() != before["channel"].to_numpy())
    assert 0.04 < moved < 0.15


def test_what_is_true_follows_the_shift() -> None:
    rows = feature_rows(CUSTOMERS)
    then, now = (chances_of(each, Month(2016, 5), 0.001) for each in (rows, shifted(rows)))
    assert then.shape == (24, 1000)
    assert not np.allclose(then, now, rtol=0.01)
