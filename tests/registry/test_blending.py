"""A blend of registered versions: who may be a member, what the fits are made of, and what the version carries."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import mlflow
import numpy as np
import pytest

from santander.config.settings import Settings
from santander.errors import InputError
from santander.lake.lake import Lake
from santander.models.blend import Blend
from santander.models.packages import XGBOOST
from santander.registry.blending import blend_candidate
from santander.registry.registration import register, requirements
from santander.registry.tracking import open_tracking
from santander.registry.versions import CHALLENGER, load_version
from santander.schema.months import Month
from santander.training.candidate import Candidate
from santander.training.plan import FitName, plan_months
from santander.training.recipe import Fits, MonthsBefore, Recipe
from tests.models.toy_world import feature_rows
from tests.registry.conftest import Named
from tests.registry.two_holders import FIRST, SAVER, WORKER, recipe, report_for

MAY, JUNE = Month(2016, 5), Month(2016, 6)
MONTHS = [FIRST + step for step in range(5)]
LINEAR = Recipe(
    name="linear",
    kind="sklearn",
    months=(MonthsBefore(first=1, last=3),),
    fits=Fits(rounds=False, judged=True, promoted=True),
    settings={
        "columns": ["profile", "lag_1_bits"],
        "steps": [
            {"class": "sklearn.impute.SimpleImputer", "parameters": {"keep_empty_features": True}},
            {"class": "sklearn.linear_model.LogisticRegression", "parameters": {"max_iter": 500}},
        ],
    },
)
JUDGED_ONLY = recipe().model_copy(update={"fits": Fits(rounds=False, judged=True, promoted=False)})


@pytest.fixture(scope="module")
def settings(named: Named) -> Settings:
    """Version 1 by XGBoost and 2 (challenger) by scikit-learn for May, 3 without a promoted fit, 4 for June."""
    settings = named("blended")
    for target, made_by in ((MAY, recipe()), (MAY, LINEAR), (MAY, JUDGED_ONLY), (JUNE, recipe())):
        report = report_for(target, made_by)
        register(settings, Lake(settings), report.candidate, None, report.example)
    open_tracking(settings).set_registered_model_alias("blended", CHALLENGER, "2")
    return settings


def blended(settings: Settings, members: Sequence[dict[str, object]], target: Month = MAY) -> Candidate:
    made_by = recipe().model_copy(update={"name": "mixed", "kind": "blend", "settings": {"members": list(members)}})
    return blend_candidate(settings, made_by, plan_months(made_by, target, MONTHS))


def test_each_fit_is_made_of_the_members_fits_of_that_name(settings: Settings) -> None:
    candidate = blended(settings, [{"version": 1, "weight": 3.0}, {"alias": "challenger"}])
    trees, linear = (load_version(settings, number).candidate for number in (1, 2))
    assert set(candidate.fits) == {FitName.JUDGED, FitName.PROMOTED}
    for name, fit in candidate.fits.items():
        assert isinstance(fit.model, Blend)
        assert [m.fingerprint for m in fit.model.members] == [c.fits[name].model.fingerprint for c in (trees, linear)]
        assert set(fit.weights) == set(trees.fits[name].weights) | set(linear.fits[name].weights)
        np.testing.assert_array_equal(fit.baseline.prior, trees.fits[name].baseline.prior)
    assert candidate.fit_to_judge(MAY - 1) is candidate.fits[FitName.JUDGED]
    assert candidate.target == MAY


def test_the_candidates_recipe_names_its_members_by_number(settings: Settings) -> None:
    by_alias = blended(settings, [{"version": 1}, {"alias": "challenger", "weight": 2.0}])
    assert by_alias.recipe.settings["members"] == [{"version": 1, "weight": 1.0}, {"version": 2, "weight": 2.0}]
    by_number = blended(settings, [{"version": 1}, {"version": 2, "weight": 2.0}])
    assert by_alias.recipe.fingerprint == by_number.recipe.fingerprint
    assert by_alias.recipe.fingerprint != blended(settings, [{"version": 1}, {"version": 2}]).recipe.fingerprint


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ({"version": 4}, "version 4 was trained for 2016-06 and cannot be blended for 2016-05"),
        ({"version": 3}, "version 3 has no fit 'promoted'"),
        ({"version": 9}, "'blended' has no version 9"),
        ({"alias": "shadow"}, "no version of 'blended' has the alias 'shadow'"),
    ],
)
def test_members_that_do_not_fit_are_refused_in_one_line(settings: Settings, second: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said) as refused:
        blended(settings, [{"version": 1}, second])
    assert "\n" not in str(refused.value)


def test_a_registered_blend_carries_its_members_and_says_what_they_need(settings: Settings) -> None:
    candidate = blended(settings, [{"version": 1}, {"version": 2}])
    number = register(settings, Lake(settings), candidate, None, feature_rows([SAVER, WORKER, SAVER]))
    folder = mlflow.artifacts.download_artifacts(f"models:/blended/{number}")
    named = {line.partition("==")[0] for line in (Path(folder) / "requirements.txt").read_text().splitlines()}
    assert {"scikit-learn", "skops", *XGBOOST} <= named
    store = Path(mlflow.artifacts.download_artifacts("models:/blended/1"))
    hidden = store.rename(store.with_name("hidden"))
    try:
        rows = feature_rows([SAVER, WORKER])
        loaded = load_version(settings, number).candidate
        for name, fit in candidate.fits.items():
            np.testing.assert_array_equal(loaded.fits[name].model.score(rows), fit.model.score(rows))
    finally:
        shutil.move(hidden, store)


def test_a_version_needs_the_packages_of_its_own_kind_alone(settings: Settings) -> None:
    def named(candidate: Candidate) -> set[str]:
        return {line.partition("==")[0] for line in requirements(candidate)}

    every = {"numpy", "pandas", "pyarrow", "pydantic"}
    assert named(load_version(settings, 1).candidate) == every | set(XGBOOST)
    assert named(load_version(settings, 2).candidate) == every | {"scikit-learn", "skops"}
