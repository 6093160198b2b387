"""The rule of the gate, on comparisons written by hand."""

import pytest

from santander.config.settings import Settings
from santander.evaluation.chance_figures import Calibration
from santander.evaluation.resampling import PairedDifference
from santander.registry.gate import Ages, Contest, decide
from santander.schema.months import Month
from santander.schema.records import plain

RULE = Settings.load().gate


def compared(relative: float, lower: float = 0.0001, relative_lower: float = 0.0) -> PairedDifference:
    champion = 0.02
    return PairedDifference(
        champion=champion,
        challenger=champion * (1 + relative),
        lower=lower,
        upper=0.01,
        relative=relative,
        relative_lower=relative_lower,
        relative_upper=0.5,
    )


@pytest.mark.parametrize(
    ("relative", "lower", "promoted"),
    [(0.05, 0.0001, True), (0.03, 0.0001, True), (0.029, 0.0001, False), (0.05, 0.0, False), (0.05, -0.0001, False)],
)
def test_a_new_recipe_must_gain_enough_and_surely(relative: float, lower: float, promoted: bool) -> None:
    assert decide(compared(relative, lower), Contest.NEW_RECIPE, RULE).promoted is promoted


@pytest.mark.parametrize(("relative_lower", "promoted"), [(-0.004, True), (0.01, True), (-0.005, False), (-0.02, False)])
def test_a_refresh_must_surely_not_lose_much(relative_lower: float, promoted: bool) -> None:
    assert decide(compared(0.0, -0.0001, relative_lower), Contest.REFRESH, RULE).promoted is promoted


def test_the_reason_says_who_is_compared_with_whom_and_on_which_month() -> None:
    names = ("version 2 (xgboost)", "champion 1 (popularity)")
    reason = decide(compared(0.05), Contest.NEW_RECIPE, RULE, month=Month(2016, 5), names=names).reason
    assert reason.startswith(
        "MAP@7 on 2016-05: 0.021000 of version 2 (xgboost) against 0.020000 of champion 1 (popularity), +5.00%"
    )
    assert "+3.00%" in reason


EQUAL = (
    "; equal as expected: the refresh has seen 2016-05 and cannot be judged on it, so both are judged by the same recipe fitted "
    "up to 2016-04"
)


@pytest.mark.parametrize(
    ("relative", "champion_fitted_to", "said"),
    [(0.0, Month(2016, 4), True), (0.001, Month(2016, 4), False), (0.0, Month(2016, 3), False)],
)
def test_a_refresh_that_is_equal_by_design_says_why(relative: float, champion_fitted_to: Month, said: bool) -> None:
    ages = Ages(Month(2016, 4), champion_fitted_to)
    reason = decide(compared(relative), Contest.REFRESH, RULE, month=Month(2016, 5), ages=ages).reason
    assert reason.endswith(EQUAL) is said


AGES = Ages(Month(2016, 4), Month(2015, 11), Month(2016, 4))


@pytest.mark.parametrize(
    ("as_it_is", "over_refit", "promoted"), [(0.2, 0.05, True), (0.2, 0.02, False), (0.01, 0.05, True), (-0.01, 0.05, False)]
)
def test_the_gain_counts_over_the_refit_and_the_champion_as_it_is_must_not_be_better(
    as_it_is: float, over_refit: float, promoted: bool
) -> None:
    verdict = decide(compared(as_it_is), Contest.NEW_RECIPE, RULE, refit=compared(over_refit), ages=AGES)
    assert verdict.promoted is promoted


def test_the_reason_gives_both_figures_and_the_age_of_each() -> None:
    verdict = decide(compared(0.2), Contest.NEW_RECIPE, RULE, refit=compared(0.05), ages=AGES)
    assert verdict.reason.startswith(
        "fitted up to 2016-04, and the champion's recipe fitted anew up to 2016-04: MAP@7: 0.021000 of the challenger against "
        "0.020000 of the champion's recipe fitted anew, +5.00% ("
    )
    assert verdict.reason.endswith("; the champion as it is, fitted up to 2015-11: 0.020000, +20.00% (needed: above 0)")
    contestants = verdict.contestants
    assert contestants is not None
    assert plain(contestants.champion) == {"map7": 0.02, "fitted_to": "2015-11"}
    assert contestants.refit is not None
    assert contestants.refit.bounds.relative == 0.05
    assert decide(compared(0.05), Contest.NEW_RECIPE, RULE).contestants is None


def chances(slope: float | None, half: float = 0.05) -> Calibration:
    low, high = (None, None) if slope is None else (slope - half, slope + half)
    return Calibration(900, 1.4, slope, low, high, error=0.2, error_by_luck=0.1)


@pytest.mark.parametrize("contest", list(Contest))
@pytest.mark.parametrize(
    ("slope", "half", "refused"),
    [
        (1.0, 0.05, False),
        (0.7, 0.05, True),
        (1.4, 0.05, True),
        (0.7, 0.11, False),  # it may be 0.8
        (1.4, 0.16, False),  # it may be 1.25
        (0.1, 2.0, False),
        (None, 0.0, False),
    ],
)
def test_a_model_whose_chances_are_surely_spread_wrongly_is_refused_in_either_contest(
    contest: Contest, slope: float | None, half: float, refused: bool
) -> None:
    verdict = decide(compared(0.05), contest, RULE, chances=chances(slope, half))
    assert verdict.promoted is not refused
    assert ("its chances lie" in verdict.reason) is refused


def test_the_reason_names_slope_bounds_and_setting() -> None:
    spread = decide(compared(0.05), Contest.NEW_RECIPE, RULE, chances=chances(0.7)).reason
    assert spread.endswith(
        "; its chances lie too far apart: slope of calibration 0.700 of all products together (95 % from 0.650 to 0.750; "
        "0.8 is the least, gate.min_chance_slope)"
    )
    close = decide(compared(0.05), Contest.NEW_RECIPE, RULE, chances=chances(1.5)).reason
    assert "not far enough apart: slope of calibration 1.500" in close
    assert "1.25 is the most, gate.max_chance_slope" in close


def test_a_verdict_has_the_figures_of_the_chances_and_none_without_any() -> None:
    verdict = decide(compared(0.05), Contest.NEW_RECIPE, RULE, chances=chances(1.0))
    assert plain(verdict)["chances"] == {
        "additions": 900, "level": 1.4, "slope": 1.0, "slope_low": 0.95, "slope_high": 1.05, "error": 0.2, "error_by_luck": 0.1,
    }  # fmt: skip
    without = decide(compared(0.05), Contest.NEW_RECIPE, RULE)
    assert (without.promoted, plain(without)["chances"]) == (True, None)
