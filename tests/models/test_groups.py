"""Where boosting starts: the shares of alike customers, without what is owned."""

import numpy as np
import pytest

from santander.models.classes import Classes
from santander.models.groups import LENT, GroupStart
from santander.models.month_weight import ALIKE, MonthWeight
from santander.schema.months import Month
from tests.models.toy_world import BIT, MASK, PENSIONER, STUDENT, TAXPAYER, feature_rows, several, together

MARCH, APRIL = Month(2016, 3), Month(2016, 4)
TAXES, FUNDS, LOAN = BIT["taxes"], BIT["funds"], BIT["loan"]
CLASSES = Classes((*sorted((TAXES, FUNDS)),))
AT_TAXES, AT_FUNDS = CLASSES.products.index(TAXES), CLASSES.products.index(FUNDS)
WORLD = several((STUDENT, MASK["taxes"], 300), (STUDENT, MASK["funds"], 100), (PENSIONER, MASK["funds"], 80), (STUDENT, 0, 500))


def chances(start: GroupStart, *who: dict[str, object], classes: Classes = CLASSES) -> np.ndarray:
    return np.exp(start.margins(feature_rows(who), classes))


def test_a_row_starts_at_the_shares_of_those_alike() -> None:
    [student, pensioner] = chances(GroupStart.of(WORLD.population, WORLD.weights), STUDENT, PENSIONER)
    of_all = 300 / 480
    assert student[AT_TAXES] == pytest.approx((300 + LENT * of_all) / (400 + LENT))
    assert pensioner[AT_TAXES] == pytest.approx(LENT * of_all / (80 + LENT))
    assert student.sum() == pytest.approx(1)


def test_a_group_nobody_was_seen_of_starts_at_the_shares_of_all() -> None:
    [nobody] = chances(GroupStart.of(WORLD.population, WORLD.weights), {"owned": 0})
    assert nobody[AT_TAXES] == pytest.approx(300 / 480)


def test_what_is_owned_starts_far_below_all_else() -> None:
    [owner] = chances(GroupStart.of(WORLD.population, WORLD.weights), {**STUDENT, "owned": MASK["taxes"]})
    assert owner[AT_TAXES] < 1e-5 < owner[AT_FUNDS]


def test_additions_count_with_the_weight_of_their_month_and_product() -> None:
    both = together(several((STUDENT, MASK["taxes"], 100), month=MARCH), several((STUDENT, MASK["funds"], 100), month=APRIL))
    alike = GroupStart.of(both.population, {MARCH: ALIKE, APRIL: ALIKE})
    thrice = GroupStart.of(both.population, {MARCH: MonthWeight(1.0, (("taxes", 3.0),)), APRIL: ALIKE})
    assert chances(alike, STUDENT)[0, AT_TAXES] == pytest.approx(1 / 2)
    assert chances(thrice, STUDENT)[0, AT_TAXES] == pytest.approx(3 / 4)


def test_pooled_products_start_together_without_those_owned() -> None:
    world = several((TAXPAYER, MASK["taxes"], 500), (TAXPAYER, MASK["funds"], 30), (TAXPAYER, MASK["loan"], 10))
    start = GroupStart.of(world.population, world.weights)
    pooled = Classes((TAXES,), tuple(sorted((FUNDS, LOAN))))
    [nothing, funds, both] = chances(
        start,
        TAXPAYER,
        {**TAXPAYER, "owned": MASK["funds"]},
        {**TAXPAYER, "owned": MASK["funds"] | MASK["loan"]},
        classes=pooled,
    )
    assert nothing[1] == pytest.approx(40 / 540)
    assert funds[1] == pytest.approx(10 / 540)
    assert both[1] < 1e-5


def test_products_without_a_class_take_no_share() -> None:
    world = together(WORLD, several((STUDENT, MASK["loan"], 7)))
    without = GroupStart.of(WORLD.population, WORLD.weights)
    np.testing.assert_allclose(chances(GroupStart.of(world.population, world.weights), STUDENT), chances(without, STUDENT))


def test_it_is_read_as_it_was_written() -> None:
    start = GroupStart.of(WORLD.population, WORLD.weights)
    written = start.written()
    assert [group["age"] for group in written] == ["20-25", "66+"]
    np.testing.assert_array_equal(GroupStart.read(written).additions, start.additions)
