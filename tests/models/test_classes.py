"""Months that hold too little: every kind of model learns from what there is, or says why not and names the months."""

import numpy as np
import pytest

from santander.errors import TooLittleData
from santander.models.month_weight import ALIKE
from santander.schema.months import Month
from santander.training.recipe import Recipe
from tests.models.toy_world import BIT, MASK, PENSIONER, STUDENT, TAXPAYER, feature_rows, several, together

MARCH, APRIL = Month(2016, 3), Month(2016, 4)
NEED_TWO = ["next_products", "lightgbm", "logistic_regression", "hist_gradient_boosting", "random_forest"]
NEED_ONE = ["xgboost_per_product", "popularity"]
STOP_ON_A_MONTH = ["next_products", "lightgbm", "xgboost_per_product"]


@pytest.mark.parametrize("recipe", NEED_ONE)
def test_one_product_is_enough_for_a_kind_that_asks_for_each_alone(recipe: str) -> None:
    chosen = Recipe.load(recipe)
    model = chosen.model.fit(chosen.model_settings, several((TAXPAYER, MASK["taxes"], 20), (PENSIONER, MASK["taxes"], 20)))
    rows = feature_rows([STUDENT, TAXPAYER])
    assert model.rank(rows, model.score(rows))[:, 0].tolist() == [BIT["taxes"]] * 2


@pytest.mark.parametrize("recipe", NEED_TWO)
def test_one_product_is_refused_by_a_kind_that_holds_products_against_each_other(recipe: str) -> None:
    chosen = Recipe.load(recipe)
    one = together(several((TAXPAYER, MASK["taxes"], 20), month=MARCH), several((TAXPAYER, MASK["taxes"], 25)))
    with pytest.raises(
        TooLittleData,
        match=r"^1 product has .* or more in 2016-03 to 2016-04 .45 in all.; this model needs 2 that do: .* 'popularity'$",
    ) as raised:
        chosen.model.fit(chosen.model_settings, one)
    assert raised.value.exit_code == 2


@pytest.mark.parametrize("recipe", [*NEED_TWO, *NEED_ONE])
def test_months_in_which_nobody_added_anything_are_named(recipe: str) -> None:
    chosen = Recipe.load(recipe)
    with pytest.raises(TooLittleData, match=r"^2016-04: 0 additions by anybody are too little to learn from"):
        chosen.model.fit(chosen.model_settings, several((TAXPAYER, 0, 5)))


@pytest.mark.parametrize("recipe", STOP_ON_A_MONTH)
def test_a_fit_does_not_stop_on_a_month_that_says_nothing_of_what_it_learns(recipe: str) -> None:
    chosen = Recipe.load(recipe)
    training = several((TAXPAYER, MASK["taxes"], 30), (STUDENT, MASK["e_account"], 30))
    others = several((PENSIONER, MASK["payroll"], 30), month=MARCH)
    with pytest.raises(TooLittleData, match=r"^2016-03: nobody added any of the 2 products that are learned"):
        chosen.model.fit(chosen.model_settings, training, others)
    both = together(others, several((TAXPAYER, MASK["taxes"], 3), month=MARCH)).of_months({MARCH: ALIKE})
    assert np.isfinite(chosen.model.fit(chosen.model_settings, training, both).score(feature_rows([TAXPAYER]))[0, BIT["taxes"]])
