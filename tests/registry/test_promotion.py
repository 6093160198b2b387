"""A candidate's way: registered, compared with the champion, crowned or not. Real MLflow on SQLite, real XGBoost."""

import dataclasses

import pytest

from santander.config.settings import Settings
from santander.lake.lake import Lake
from santander.models.boosted_trees import BoostedTrees
from santander.models.classes import Classes
from santander.models.recommender import Recommender
from santander.registry import contest as contest_module
from santander.registry.champion import champion
from santander.registry.decisions import DecisionRow, Promotion, Undecided, decisions
from santander.registry.promotion import register_candidate
from santander.registry.tracking import open_tracking
from santander.registry.versions import NoChampion, champion_number, load_version
from santander.schema.months import Month
from santander.training.recipe import Recipe
from tests.registry.conftest import Named
from tests.registry.two_holders import recipe, report_for

pytestmark = pytest.mark.long

MAY, JUNE = Month(2016, 5), Month(2016, 6)


def contest(settings: Settings, target: Month, made_by: Recipe) -> Promotion:
    return register_candidate(settings, Lake(settings), report_for(target, made_by))


def decided(settings: Settings) -> list[DecisionRow]:
    return decisions(settings, Lake(settings))


def tags(settings: Settings, number: int) -> dict[str, str]:
    version = open_tracking(settings).get_model_version(settings.mlflow.registered_model, str(number))
    return dict(version.tags)


def test_before_anything_is_registered_there_is_no_champion(named: Named) -> None:
    settings = named("nothing")
    assert champion_number(settings) is None
    with pytest.raises(NoChampion, match="'nothing' has no champion yet: run 'santander train' first"):
        champion(settings)


def test_the_baseline_comes_first_and_a_better_model_takes_its_place(named: Named) -> None:
    settings = named("better")
    outcome = contest(settings, MAY, recipe())
    assert (outcome.version, outcome.champion, outcome.verdict.promoted) == (2, 2, True)
    assert load_version(settings, 1).candidate.recipe.kind == "popularity"
    assert champion(settings).number == 2
    assert tags(settings, 1)["promoted"] == tags(settings, 2)["promoted"] == "true"
    assert "against" in tags(settings, 2)["verdict"]


def test_a_model_no_better_than_the_baseline_leaves_it_champion(named: Named) -> None:
    settings = named("blind")
    outcome = contest(settings, MAY, recipe(columns=["profile"]))
    assert (outcome.version, outcome.champion, outcome.verdict.promoted) == (2, 1, False)
    assert champion(settings).candidate.recipe.kind == "popularity"
    assert tags(settings, 2)["promoted"] == "false"


def test_the_baseline_alone_is_registered_once(named: Named) -> None:
    settings = named("alone")
    assert contest(settings, MAY, recipe("popularity")).version == 1
    assert champion_number(settings) == 1


def test_the_same_recipe_on_the_same_months_is_no_refresh(named: Named) -> None:
    settings = named("again")
    contest(settings, MAY, recipe())
    again = contest(settings, MAY, recipe())
    assert (again.champion, again.verdict.promoted) == (2, False)
    assert not again.verdict.reason.startswith("refresh")


def test_the_same_recipe_on_later_months_takes_over_without_a_gain(named: Named) -> None:
    settings = named("later")
    contest(settings, MAY, recipe())
    later = contest(settings, JUNE, recipe())
    assert (later.champion, later.verdict.promoted) == (3, True)
    assert later.verdict.reason.startswith("refresh")
    earlier = contest(settings, MAY, recipe())
    assert (earlier.champion, earlier.verdict.promoted) == (3, False)
    assert "has seen 2016-04 or later months" in earlier.verdict.reason


def test_a_candidate_that_was_not_judged_is_not_promoted(named: Named) -> None:
    settings = named("unjudged")
    report = dataclasses.replace(report_for(MAY, recipe()), judgement=None)
    outcome = register_candidate(settings, Lake(settings), report)
    assert (outcome.champion, outcome.verdict.promoted) == (1, False)
    assert "not judged" in outcome.verdict.reason


def test_an_unsound_promoted_fit_is_not_promoted(named: Named) -> None:
    settings = named("unsound")
    report = report_for(MAY, recipe())
    judged, promoted = report.candidate.fits.values()
    swapped = {judged.name: judged, promoted.name: dataclasses.replace(promoted, model=_upside_down(promoted.model))}
    broken = dataclasses.replace(report, candidate=dataclasses.replace(report.candidate, fits=swapped))
    outcome = register_candidate(settings, Lake(settings), broken)
    assert (outcome.champion, outcome.verdict.promoted) == (1, False)
    assert "ranks unlike the judged one" in outcome.verdict.reason


def test_an_error_on_the_way_leaves_the_champion(named: Named, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = named("error")
    contest(settings, MAY, recipe())

    def fail(*_: object) -> None:
        raise OSError("disk gone")

    monkeypatch.setattr(contest_module, "paired_difference", fail)
    with pytest.raises(Undecided, match="disk gone; no version was promoted, the alias champion stays where it is"):
        contest(settings, JUNE, recipe())
    assert champion_number(settings) == 2
    assert [row.version for row in decided(settings) if row.promoted] == [1, 2]


def _upside_down(model: Recommender) -> BoostedTrees:
    """A model whose prior and products are those of other products."""
    assert isinstance(model, BoostedTrees)
    products = tuple(23 - bit for bit in model.classes.products)
    return BoostedTrees(dataclasses.replace(model.facts, classes=Classes(products), prior=model.prior[::-1]), model.booster)
