"""Spaces: what they may hold, and what is refused before a trial begins."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from santander.config.conf_files import conf_dir
from santander.errors import InputError
from santander.models.boosted_trees import BoostedTrees
from santander.training.recipe import Recipe
from santander.tune.reporting import seconds_of
from santander.tune.sampling import as_it_is
from santander.tune.space import Range, Space, competing, grid_of
from santander.tune.variant import value_at, variant_of
from tests.tune.world import BLIND, SEEING, World


def write(conf: Path, recipes: Any) -> str:
    """A space of these recipes; its name."""
    (conf / "local" / "spaces").mkdir(parents=True, exist_ok=True)
    (conf / "local" / "spaces" / "tried.yaml").write_text(yaml.safe_dump({"recipes": recipes}))
    return "tried"


@pytest.mark.parametrize("file", sorted((conf_dir() / "base" / "spaces").glob("*.yaml")), ids=lambda file: file.stem)
def test_the_shipped_spaces_fit_their_recipes(file: Path) -> None:
    space = Space.load(file.stem)
    for name, recipe in competing(space).items():
        own = as_it_is(name, recipe, space).values
        assert set(own) == set(space.recipes[name].vary), "the recipe as it is should lie in the space"


@pytest.mark.parametrize(
    ("recipes", "message"),
    [
        ({"absent": {}}, "there is no recipe 'absent': there are"),
        ({"small": {"settings": {"depth": {"low": 1, "high": 3}}}}, r"space tried.yaml: recipe small: .* has no setting 'depth'"),
        (
            {"small": {"settings": {"eta": {"low": 0.1, "high": 1.5}}}},
            "space tried.yaml: recipe small: .*eta: Input should be less",
        ),
        ({"small": {"settings": {"max_depth": {"low": 1.5, "high": 3.0}}}}, "max_depth: Input should be a valid integer"),
        (
            {"small": {"settings": {"columns": {"choices": [["profile"], ["moods"]]}}}},
            "there is no group and no family of features 'moods'",
        ),
        ({"small": {"fixed": {"speed": 3}}}, "space tried.yaml: recipe small: .*speed"),
        ({"small": {"months": {12: {"low": 0.5, "high": 2.0}}}}, "'months.12' must name one stretch .*: there are 1"),
        ({"small": {"months": {1: {"low": -1.0, "high": 2.0}}}}, "months.1: Input should be greater than or equal to 0"),
        ({"small": {"months": {"1.gold": {"low": 1.0, "high": 2.0}}}}, "months.1.gold: .*no such product"),
        (
            {"small": {"settings": {"eta": {"low": 0.5, "high": 0.5}}}},
            r"space tried.yaml: recipes.small.settings.eta.range: .*above",
        ),
        ({"small": {"settings": {"eta": {"low": 0.0, "high": 0.5, "log": True}}}}, "'log' needs a 'low' above 0"),
        ({"small": {"settings": {"eta": {"low": "x", "high": 0.5}}}}, "recipes.small.settings.eta.range.low"),
        ({"small": {"settings": {"eta": {"choices": []}}}}, "eta.choices.choices: Tuple should have at least 1 item"),
        ({"small": {"varies": {}}}, "recipes.small.varies: Extra inputs are not permitted"),
        ({}, "recipes: Dictionary should have at least 1 item"),
    ],
)
def test_what_cannot_vary_is_refused_in_one_line(world: World, tmp_path: Path, conf: Path, recipes: Any, message: str) -> None:
    name = write(conf, recipes)
    with pytest.raises(InputError, match=message) as refused:
        competing(Space.load(name))
    assert "\n" not in str(refused.value)


def test_a_space_that_is_not_there_is_named(world: World) -> None:
    with pytest.raises(InputError, match="there is no space 'nowhere': there are columns, kinds, next_products"):
        Space.load("nowhere")


def test_a_recipe_whose_package_is_not_installed_does_not_compete(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BoostedTrees, "packages", ("no-such-package",))
    assert list(competing(Space.load("kinds"))) == ["counted"]
    with pytest.raises(InputError, match="none of its recipes can be fitted here, missing are no-such-package"):
        competing(Space.load("small"))


def test_the_recipe_as_it_is_gives_what_lies_in_the_space(world: World) -> None:
    space, recipe = Space.load("kinds"), Recipe.load("small")
    assert as_it_is("small", recipe, space).values == {"max_depth": 2, "columns": SEEING, "months.1": 1.0}
    deep = variant_of(recipe, {"max_depth": 9})
    assert "max_depth" not in as_it_is("small", deep, space).values


def test_a_variant_is_the_recipe_with_other_values() -> None:
    recipe = Recipe.load("next_products")
    made = variant_of(recipe, {"max_depth": 3, "columns": BLIND, "months.12": 2.5, "months.12.taxes": 4.0})
    assert (made.settings["max_depth"], made.settings["columns"]) == (3, BLIND)
    (stretch,) = [stretch for stretch in made.months if stretch.first == 12]
    assert (stretch.weight, stretch.products["taxes"]) == (2.5, 4.0)
    assert value_at(made, "months.12.taxes") == 4.0
    assert value_at(made, "max_depth") == 3
    assert value_at(recipe, "reg_lambda") == 1.0
    assert recipe == Recipe.load("next_products")


def test_an_entry_of_a_setting_is_named_by_its_path() -> None:
    recipe = Recipe.load("logistic_regression")
    made = variant_of(recipe, {"steps.2.parameters.C": 3.5})
    assert value_at(made, "steps.2.parameters.C") == 3.5
    assert made.settings["steps"][:2] == recipe.settings["steps"][:2]
    assert made.settings["steps"][2] == {
        **recipe.settings["steps"][2],
        "parameters": {**recipe.settings["steps"][2]["parameters"], "C": 3.5},
    }
    with pytest.raises(InputError, match=r"'steps.9.parameters.C' cannot vary"):
        variant_of(recipe, {"steps.9.parameters.C": 3.5})


@pytest.mark.parametrize(
    ("varied", "points"),
    [
        ({"low": 1, "high": 4}, (1, 2, 4)),
        ({"low": 1, "high": 2}, (1, 2)),
        ({"low": 0.1, "high": 10.0, "log": True}, (0.1, 1.0, 10.0)),
        ({"low": 0.0, "high": 1.0}, (0.0, 0.5, 1.0)),
        ({"low": 2, "high": 9, "step": 3}, (2, 5, 8)),
        ({"low": 0.1, "high": 0.3, "step": 0.1}, (0.1, 0.2, 0.30000000000000004)),
    ],
)
def test_a_grid_takes_points_of_a_range(varied: dict[str, Any], points: tuple[Any, ...]) -> None:
    assert Range(**varied).points() == points


def test_a_grid_is_every_combination_of_every_recipe(world: World) -> None:
    space = Space.load("kinds")
    points = list(grid_of(space, competing(space)))
    assert len(points) == 2 * 2 * 4 + 3
    assert len({str(point) for point in points}) == len(points)


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("90s", 90), ("1.5m", 90), ("2h", 7200)])
def test_a_time_is_written_in_seconds_minutes_or_hours(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "-3", "soon", "3 days"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="--timeout"):
        seconds_of(text)
