"""The known propensity: it sums to what is asked for, and it is the chance with which additions are drawn."""

from collections.abc import Iterator
from itertools import islice

import numpy as np
import pytest

from santander.schema.months import Month, month_range
from santander.schema.products import N_PRODUCTS, PRODUCTS
from santander.synthetic.bank import Bank, BankMonth, draw_additions
from santander.synthetic.bundles import BLOCKS, BUNDLES, bits, bundle_targets
from santander.synthetic.facts import FULL_CUSTOMERS, additions_of
from santander.synthetic.propensity import Propensity

CUSTOMERS = 5_000
LAST = Month(2015, 9)


@pytest.fixture(scope="module")
def months() -> list[BankMonth]:
    return list(Bank(CUSTOMERS, Month(2015, 1), LAST, seed=3).months())


def with_propensity(months: list[BankMonth]) -> Iterator[tuple[BankMonth, Propensity]]:
    return ((month, month.propensity) for month in months if month.propensity is not None)


def per_product(masks: np.ndarray) -> np.ndarray:
    return np.array([np.count_nonzero(masks & product.mask) for product in PRODUCTS])


def test_marginals_sum_to_the_scaled_additions_of_the_facts(months: list[BankMonth]) -> None:
    for month, propensity in with_propensity(months):
        wanted = additions_of(month.month).additions * CUSTOMERS / FULL_CUSTOMERS
        assert propensity.marginal().sum(axis=1) == pytest.approx(wanted, rel=0.03, abs=0.05)


def test_customers_who_add_are_as_many_as_the_facts_say(months: list[BankMonth]) -> None:
    for month, propensity in with_propensity(months):
        wanted = additions_of(month.month).buyers * CUSTOMERS / FULL_CUSTOMERS
        nothing = np.prod([1 - chances.sum(axis=0) for chances in propensity.chances], axis=0)
        assert (1 - nothing).sum() == pytest.approx(wanted, rel=0.05)


def test_nothing_held_can_be_added_nor_by_who_has_no_row_before(months: list[BankMonth]) -> None:
    for month, propensity in with_propensity(months):
        marginal = propensity.marginal()
        held = month.owned >> np.arange(N_PRODUCTS)[:, None] & 1 == 1
        assert not marginal[held].any()
        assert not marginal[:, ~month.consecutive].any()
        assert (month.added & month.owned == 0).all()


def test_what_was_drawn_is_what_the_holdings_show(months: list[BankMonth]) -> None:
    for month, _ in with_propensity(months):
        assert (np.where(month.consecutive, month.held & ~month.owned, 0) == month.added).all()


def test_repeated_draws_meet_the_marginal_of_every_product_and_customer(months: list[BankMonth]) -> None:
    draws = 2_000
    for month, propensity in islice(with_propensity(months), 4, 6):
        marginal = propensity.marginal().astype(np.float64)
        likeliest = np.argsort(-marginal.sum(axis=0))[:200]
        few = Propensity([chances[:, likeliest] for chances in propensity.chances])
        times = np.zeros((N_PRODUCTS, likeliest.size))
        for seed in range(draws):
            drawn = draw_additions(few, np.random.default_rng(seed))
            times += drawn >> np.arange(N_PRODUCTS)[:, None] & 1
        expected = marginal[:, likeliest]
        error = np.sqrt(expected * (1 - expected) / draws)
        assert np.abs(times / draws - expected).max() < 0.05
        z = (times / draws - expected)[expected > 0.01] / error[expected > 0.01]
        assert abs(z.mean()) < 0.15
        assert np.abs(z).max() < 5, month.month


def test_blocks_are_drawn_independently() -> None:
    one_customer = Propensity([np.full((len(block), 1), 0.5 / len(block), np.float32) for block in BLOCKS])
    draws = 2_000
    pair = bits("credit_card", "taxes")
    both = sum(int(draw_additions(one_customer, np.random.default_rng(seed))[0]) & pair == pair for seed in range(draws))
    assert both / draws == pytest.approx(0.25, abs=0.04)


def test_bundles_split_the_additions_of_each_product_without_rest() -> None:
    for month in month_range(Month(2015, 2), Month(2016, 5)):
        additions = additions_of(month).additions
        targets = bundle_targets(additions)
        by_bundle = [sum(targets[bundle.name] for bundle in BUNDLES if bundle.adds & product.mask) for product in PRODUCTS]
        assert by_bundle == pytest.approx(additions)
        assert min(targets[bundle.name] for bundle in BUNDLES) >= 0


def test_payroll_always_comes_with_its_deposit() -> None:
    for bundle in BUNDLES:
        if bundle.adds & bits("payroll"):
            assert (bundle.adds | bundle.needs) & bits("pension_deposit")


def test_who_held_a_product_lately_takes_it_up_again_more_readily(months: list[BankMonth]) -> None:
    by_month = {month.month: month for month in months}
    month, before, earlier = (by_month[LAST - back] for back in range(3))
    debit = PRODUCTS[-1]
    customers = {int(who): int(held) for who, held in zip(earlier.rows.who, earlier.held, strict=True)}
    held_before = np.array([customers.get(int(who), 0) for who in month.rows.who])
    without = month.consecutive & (month.owned & debit.mask == 0)
    assert before.month == LAST - 1
    assert month.propensity is not None
    chance = month.propensity.marginal()[debit.bit]
    lapsed = without & (held_before & debit.mask != 0)
    assert lapsed.sum() > 20
    assert np.median(chance[lapsed]) > 10 * np.median(chance[without & ~lapsed])
