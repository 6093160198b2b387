"""The log-linear model of additions: customers differ by the product of their factors, and it finds them."""

import json

import numpy as np
import pyarrow as pa
import pytest

from santander.features.expansion import bits_of
from santander.models.customer_factors import CustomerFactors
from santander.models.log_linear import LogLinear
from santander.models.month_weight import ALIKE
from santander.models.training_set import Everyone
from santander.schema.months import Month
from santander.schema.reason_families import ReasonFamily
from tests.models.toy_world import BIT, MASK, buyers_of, population_of

APRIL, MAY = Month(2016, 4), Month(2016, 5)
TAXES = BIT["taxes"]
BASE, OF_CHANNEL, OF_LAPSE, OF_MAY = 0.03, {1: 1.0, 2: 3.0, 3: 0.5}, 4.0, 2.0
ROWS = 40_000


def world() -> Everyone:
    """Two months in which taxes are added by the channel, and four times as often where they were given up lately."""
    random = np.random.default_rng(5)
    channel = random.choice(list(OF_CHANNEL), ROWS)
    lapsed, may = random.random(ROWS) < np.where(channel == 2, 0.3, 0.1), random.random(ROWS) < 0.5
    chance = BASE * np.vectorize(OF_CHANNEL.get)(channel) * np.where(lapsed, OF_LAPSE, 1) * np.where(may, OF_MAY, 1)
    added = random.random(ROWS) < chance
    who = [
        {
            "age": 40, "segment": 2, "is_active": True, "channel": int(channel[row]), "owned": 0, "holdings_lag_1": 0,
            "holdings_lag_2": MASK["taxes"] * int(lapsed[row]), "products_held": 0, "household_income": 1e5,
            "income_imputed": False,
        }
        for row in range(ROWS)
    ]  # fmt: skip
    rows = buyers_of((MAY if may[row] else APRIL, row, who[row], (1 << TAXES) * int(added[row])) for row in range(ROWS))
    rows = rows.append_column("stands_for", pa.array(np.ones(ROWS)))
    return Everyone(rows, population_of([]), {APRIL: ALIKE, MAY: ALIKE})


EVERYONE = world()
MODEL, IN_MONTH = LogLinear.fit(CustomerFactors.of(EVERYONE.rows), EVERYONE)


def of(channel: int, *, lapsed: bool) -> np.ndarray:
    """The rows of a channel, of those who gave taxes up lately or did not."""
    held = EVERYONE.rows["holdings_lag_2"].to_numpy() != 0
    return np.flatnonzero((EVERYONE.rows["channel"].to_numpy() == channel) & (held == lapsed))


@pytest.mark.parametrize("channel", OF_CHANNEL)
@pytest.mark.parametrize("lapsed", [False, True])
def test_factors_are_told_apart_though_they_go_together(channel: int, lapsed: bool) -> None:
    found = np.exp(MODEL.logs(EVERYONE.rows.take(of(channel, lapsed=lapsed)[:1]))[0, TAXES])
    usual = BASE * (1 + OF_MAY) / 2 * OF_CHANNEL[channel] * (OF_LAPSE if lapsed else 1)
    assert found == pytest.approx(usual, rel=0.12)


def test_in_its_own_month_as_many_are_expected_as_were_seen() -> None:
    dates, seen = EVERYONE.rows["snapshot_date"].to_numpy(), bits_of(EVERYONE.rows["added"].to_numpy())[:, TAXES]
    for month in (APRIL, MAY):
        within = dates == np.datetime64(month.snapshot)
        assert np.exp(IN_MONTH[within, TAXES]).sum() == pytest.approx(seen[within].sum(), rel=0.02)


def test_terms_sum_to_what_is_expected_and_a_product_given_up_is_a_change() -> None:
    rows = EVERYONE.rows.take(of(1, lapsed=True)[:5])
    found = MODEL.contributions(rows)
    np.testing.assert_allclose(found.margins.T, MODEL.logs(rows), atol=1e-5)
    np.testing.assert_allclose(found.added.sum(axis=1) + MODEL.base[:, None], found.margins, atol=1e-5)
    changed = found.columns.index("held_lately.taxes")
    assert found.added[TAXES, changed] == pytest.approx(np.log(OF_LAPSE), abs=0.2)
    held, never = found.columns.index("lag_1_bits.taxes"), MODEL.contributions(EVERYONE.rows.take(of(1, lapsed=False)[:5]))
    np.testing.assert_array_equal(found.added[TAXES, held], never.added[TAXES, held])
    assert not never.added[TAXES, changed].any()
    assert ReasonFamily.GROUP in found.columns


def test_a_product_that_hardly_anybody_added_is_alike_for_all() -> None:
    logs = MODEL.logs(EVERYONE.rows.slice(0, 1000))[:, BIT["guarantee"]]
    assert np.ptp(logs) == 0
    assert logs[0] < np.log(1e-4)


def test_what_no_customer_of_the_fit_had_is_the_level_of_the_rest() -> None:
    strange = EVERYONE.rows.slice(0, 1)
    strange = strange.set_column(
        strange.schema.get_field_index("channel"), "channel", pa.array([99], strange.schema.field("channel").type)
    )
    assert np.isfinite(MODEL.logs(strange)).all()


def test_what_is_written_is_read() -> None:
    again = LogLinear.read(json.loads(json.dumps(MODEL.written())))
    np.testing.assert_array_equal(again.logs(EVERYONE.rows), MODEL.logs(EVERYONE.rows))


def test_of_groups_alone_nothing_but_the_group_tells() -> None:
    model, _ = LogLinear.fit(CustomerFactors.groups_alone(), EVERYONE)
    assert np.ptp(model.logs(EVERYONE.rows)[:, TAXES]) == 0
    assert set(model.factors.features) == {"age", "segment", "is_active"}
    np.testing.assert_array_equal(
        LogLinear.read(json.loads(json.dumps(model.written()))).logs(EVERYONE.rows), model.logs(EVERYONE.rows)
    )
