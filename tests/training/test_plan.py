"""Which months each fit sees, and what is said when they are not there."""

import pytest

from santander.errors import InputError
from santander.schema.months import Month, month_range
from santander.training.plan import FitName, plan_months
from santander.training.recipe import Fits, MonthsBefore, Recipe

LABELLED = month_range(Month(2015, 2), Month(2016, 5))
JUNE = Month(2016, 6)


def recipe(rounds: bool = False, judged: bool = True, promoted: bool = True) -> Recipe:
    return Recipe(
        name="small",
        kind="popularity",
        months=(MonthsBefore(first=1, last=2), MonthsBefore(first=12, last=12)),
        fits=Fits(rounds=rounds, judged=judged, promoted=promoted),
        settings={},
    )


def test_each_fit_sees_the_same_months_relative_to_what_it_predicts() -> None:
    plan = plan_months(recipe(rounds=True), JUNE, LABELLED)
    assert {fit.name: list(fit.weights) for fit in plan.fits} == {
        FitName.ROUNDS: [Month(2015, 4), Month(2016, 2), Month(2016, 3)],
        FitName.JUDGED: [Month(2015, 5), Month(2016, 3), Month(2016, 4)],
        FitName.PROMOTED: [Month(2015, 6), Month(2016, 4), Month(2016, 5)],
    }
    assert plan.gate == Month(2016, 5)


def test_only_the_search_of_rounds_looks_at_the_validation_month() -> None:
    plan = plan_months(recipe(rounds=True), JUNE, LABELLED)
    assert {fit.name: fit.validation for fit in plan.fits} == {
        FitName.ROUNDS: Month(2016, 4),
        FitName.JUDGED: None,
        FitName.PROMOTED: None,
    }
    assert Month(2016, 4) in plan.months


@pytest.mark.parametrize("target", [Month(2015, 5), Month(2015, 9), JUNE])
def test_no_fit_sees_what_it_predicts_or_later(target: Month) -> None:
    for fit in plan_months(recipe(rounds=True), target, LABELLED).fits:
        assert all(month < fit.predicts for month in fit.weights)


def test_fits_can_be_switched_off() -> None:
    plan = plan_months(recipe(judged=False), JUNE, LABELLED)
    assert [fit.name for fit in plan.fits] == [FitName.PROMOTED]
    with pytest.raises(InputError, match="every fit switched off"):
        plan_months(recipe(judged=False, promoted=False), JUNE, LABELLED)


def test_three_months_of_products_are_enough() -> None:
    plan = plan_months(recipe(), Month(2015, 4), [Month(2015, 2), Month(2015, 3)])
    assert [list(fit.weights) for fit in plan.fits] == [[Month(2015, 2)], [Month(2015, 2), Month(2015, 3)]]


def test_two_months_of_products_leave_nothing_to_learn_before_the_gate() -> None:
    with pytest.raises(InputError, match=r"no month to learn from before 2015-02.*switch the fit 'judged' off"):
        plan_months(recipe(), Month(2015, 3), [Month(2015, 2)])


def test_a_gate_month_without_additions_is_named() -> None:
    with pytest.raises(InputError, match=r"judged on 2016-07.*need products in 2016-06 and 2016-07"):
        plan_months(recipe(), Month(2016, 8), LABELLED)


def test_without_any_additions_the_remedy_is_said() -> None:
    with pytest.raises(InputError, match="three months in a row"):
        plan_months(recipe(), JUNE, [])
