"""The forecast of additions held against the published months of the competition, each from those before it."""

from functools import cache

import numpy as np
import pytest

from santander.errors import SantanderError
from santander.models.level import Level, Rates
from santander.schema.added import MonthAdded
from santander.schema.months import Month
from santander.schema.products import N_PRODUCTS, PRODUCT_NAMES
from santander.synthetic import facts

STAYED = 0.9945
"""Customers with a row in the month before, as a share of the smaller of the two months, where it is not published."""


@cache
def published(share: float = 1.0, seed: int = 0) -> Level:
    """The months 2015-02 to 2016-05, all customers or a random share of them."""
    draw = np.random.default_rng(seed)
    months = {}
    for row in facts.table("monthly_buyers"):
        month = Month.parse(row["month"][:7])
        stayed = STAYED * min(facts.MONTHLY_ROWS[month - 1], facts.MONTHLY_ROWS[month])
        customers = float(row["consecutive_rows"] or stayed) * share
        additions = draw.binomial(facts.month_facts()[month].additions.astype(int), share)
        months[month] = MonthAdded(round(customers), tuple(additions.tolist()))
    return Level(months)


def up_to(level: Level, last: Month) -> Level:
    return Level({month: added for month, added in level.months.items() if month <= last})


def error(rates: Rates, added: MonthAdded) -> float:
    return float(np.abs(rates * added.customers - added.additions).sum())


def each_from_those_before(level: Level, ahead: int = 1) -> dict[str, float]:
    """Error of the forecast and of the rate last known, as shares of all additions; how often the interval held."""
    ours = last = total = bias = 0.0
    covered = []
    for month in list(level.months)[ahead:]:
        added = level.months[month]
        expected, low, high = up_to(level, month - ahead).forecast(month)
        ours += error(expected, added)
        naive = level.rates(month - ahead)
        assert naive is not None
        last += error(naive, added)
        seen = np.array(added.additions)
        covered.append((np.floor(low * added.customers) <= seen) & (seen <= np.ceil(high * added.customers)))
        total, bias = total + seen.sum(), bias + (expected * added.customers).sum()
    return {"error": ours / total, "last": last / total, "covered": float(np.mean(covered)), "total": bias / total}


@pytest.mark.parametrize("ahead", [1, 2, 3])
def test_a_month_is_foretold_better_than_by_the_last_one_and_lies_in_the_interval(ahead: int) -> None:
    found = each_from_those_before(published(), ahead)
    assert found["error"] < 0.87 * found["last"]
    assert 0.88 <= found["covered"] <= 0.95
    assert found["total"] == pytest.approx(1, abs=0.06)


def test_months_with_a_year_before_are_foretold_better_than_by_either_naive_forecast() -> None:
    level = published()
    months = [month for month in level.months if month - 12 in level.months]
    assert len(months) == 4
    ours = sum(error(up_to(level, month - 1).forecast(month).expected, level.months[month]) for month in months)
    for back in (1, 12):
        naive = sum(error(rates, level.months[m]) for m in months if (rates := level.rates(m - back)) is not None)
        assert ours < 0.75 * naive


@pytest.mark.parametrize("share", [0.05, 0.002])
def test_the_forecast_of_a_small_bank_is_unbiased_and_its_interval_as_wide_as_chance_asks(share: float) -> None:
    found = [each_from_those_before(published(share, seed)) for seed in range(5)]
    assert np.mean([each["error"] / each["last"] for each in found]) < 0.87
    assert np.mean([each["covered"] for each in found]) >= 0.9
    assert np.mean([each["total"] for each in found]) == pytest.approx(1, abs=0.02)


def test_one_month_is_enough_and_a_later_one_is_less_certain() -> None:
    level = up_to(published(), Month(2015, 2))
    near, far = level.forecast(Month(2015, 3)), level.forecast(Month(2015, 9))
    assert near.expected == pytest.approx(far.expected)
    only = level.months[Month(2015, 2)]
    assert near.expected == pytest.approx((np.array(only.additions) + 0.5) / only.customers)
    assert (far.high > near.high).all()
    assert (far.low <= near.low).all()


def test_what_comes_back_each_year_is_expected_the_next_time() -> None:
    may = published().months[Month(2016, 5)]
    expected = published().forecast(Month(2016, 6)).expected * may.customers
    for product, least, most in (("taxes", 5, 8.5), ("current_account", 1.3, 2.9), ("credit_card", 0.9, 1.1)):
        bit = PRODUCT_NAMES.index(product)
        assert least < expected[bit] / may.additions[bit] < most


def test_a_year_is_enough_to_know_the_season_of_its_first_month() -> None:
    year = Level({month: added for month, added in published().months.items() if month >= Month(2015, 6)})
    taxes = PRODUCT_NAMES.index("taxes")
    may = year.months[Month(2016, 5)]
    assert year.forecast(Month(2016, 6)).expected[taxes] * may.customers > 2 * may.additions[taxes]


def test_months_that_are_missing_or_have_no_customers_are_passed_over() -> None:
    level = published()
    gap = {month: added for month, added in level.months.items() if month not in (Month(2015, 8), Month(2016, 4))}
    found = Level(gap).forecast(Month(2016, 6))
    assert np.isfinite(found).all()
    assert (found.low <= found.expected).all()
    assert (found.expected <= found.high).all()
    empty = Level({**gap, Month(2015, 8): MonthAdded(0, (0,) * N_PRODUCTS)})
    assert empty.rates(Month(2015, 8)) is None
    np.testing.assert_array_equal(empty.forecast(Month(2016, 6)), found)


def test_later_months_do_not_count() -> None:
    level, month = published(), Month(2015, 12)
    np.testing.assert_array_equal(level.forecast(month), up_to(level, month - 1).forecast(month))


def test_a_product_that_nobody_adds_is_expected_less_and_less() -> None:
    months = [Month(2015, 1) + i for i in range(16)]
    level = Level({month: MonthAdded(10_000, (0,) * N_PRODUCTS) for month in months})
    expected, low, high = (rates[0] * 10_000 for rates in level.forecast(Month(2016, 5)))
    assert expected < 0.25
    assert low == 0
    assert high < 4
    assert expected < up_to(level, months[1]).forecast(months[2]).expected[0] * 10_000


def test_it_says_when_no_month_is_known() -> None:
    with pytest.raises(SantanderError, match="no month before 2015-02"):
        published().forecast(Month(2015, 2))


def test_it_is_saved_as_plain_values_by_product() -> None:
    level = published()
    written = level.to_json()
    assert Level.of_json(written) == level
    with pytest.raises(SantanderError, match="other products"):
        Level.of_json(written | {"products": [*PRODUCT_NAMES[1:], PRODUCT_NAMES[0]]})
