"""Recipes as files: what is read, what is refused, which months they choose."""

from pathlib import Path

import pytest
import yaml

from santander.errors import InputError
from santander.models.month_weight import ALIKE, MonthWeight
from santander.schema.months import Month, month_range
from santander.training.recipe import Recipe
from tests.environment import use_conf

GOOD = {
    "kind": "xgboost",
    "months": [{"from": 1, "to": 2}, {"from": 12, "to": 12, "weight": 2.0}],
    "fits": {"rounds": False, "judged": True, "promoted": True},
    "settings": {"columns": ["profile"], "rounds": 5, "max_depth": 3, "eta": 0.3},
}
LABELLED = month_range(Month(2015, 2), Month(2016, 5))


@pytest.fixture
def recipes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    use_conf(monkeypatch, tmp_path)
    folder = tmp_path / "base" / "recipes"
    folder.mkdir(parents=True)
    return folder


def load(recipes: Path, **changes: object) -> Recipe:
    (recipes / "small.yaml").write_text(yaml.safe_dump({**GOOD, **changes}))
    return Recipe.load("small")


@pytest.mark.parametrize(
    "path", sorted((Path(__file__).parents[2] / "conf" / "base" / "recipes").glob("*.yaml")), ids=lambda p: p.stem
)
def test_every_recipe_that_is_shipped_can_be_read(path: Path) -> None:
    assert Recipe.load(path.stem).fits.judged


def test_months_are_counted_back_from_the_one_to_predict(recipes: Path) -> None:
    weights = load(recipes).weights_before(Month(2016, 6), LABELLED)
    assert weights == {Month(2015, 6): MonthWeight(2), Month(2016, 4): ALIKE, Month(2016, 5): ALIKE}


def test_months_without_labels_are_left_out(recipes: Path) -> None:
    assert load(recipes).weights_before(Month(2015, 4), LABELLED) == {Month(2015, 2): ALIKE, Month(2015, 3): ALIKE}


def test_a_month_named_twice_counts_with_the_sum(recipes: Path) -> None:
    recipe = load(recipes, months=[{"from": 1, "to": 3}, {"from": 2, "to": 2, "weight": 0.5}])
    assert recipe.weights_before(Month(2016, 6), LABELLED)[Month(2016, 4)] == MonthWeight(1.5)


def test_the_fingerprint_follows_what_makes_the_model(recipes: Path) -> None:
    plain = load(recipes).fingerprint
    assert load(recipes, fits={"rounds": False, "judged": True, "promoted": False}).fingerprint == plain
    assert load(recipes).with_rounds(6).fingerprint != plain
    assert load(recipes, months=[{"from": 1, "to": 3}]).fingerprint != plain


def test_a_local_recipe_of_the_same_name_wins(recipes: Path) -> None:
    load(recipes)
    local = recipes.parents[1] / "local" / "recipes"
    local.mkdir(parents=True)
    (local / "small.yaml").write_text(yaml.safe_dump({**GOOD, "kind": "popularity", "settings": {}}))
    assert Recipe.load("small").kind == "popularity"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"kind": "forest"}, "'forest' is not a kind"),
        ({"months": [{"from": 5, "to": 1}]}, "holds no month"),
        ({"months": []}, "months"),
        ({"settings": {**GOOD["settings"], "depth": 3}}, "depth"),  # type: ignore[dict-item]
        ({"extra": 1}, "extra"),
        ({"months": [{"from": 1, "to": 1, "products": {"taxe": 3}}]}, r"months.0: no such product: taxe; did you mean taxes\?"),
        ({"months": [{"from": 1, "to": 1, "products": {"gold": 3}}]}, "gold; there are saving_account, .*direct_debit"),
        ({"months": [{"from": 1, "to": 1, "products": {"taxes": -1}}]}, "months.0.products.taxes: .*greater than or equal to 0"),
        ({"months": [{"from": 1, "to": 1, "products": ["taxes"]}]}, "months.0.products: .*dictionary"),
        ({"months": [{"from": 1, "to": 1, "weight": 0}]}, "months.0: no addition counts"),
    ],
)
def test_a_wrong_recipe_is_refused_in_one_line(recipes: Path, changes: dict[str, object], named: str) -> None:
    with pytest.raises(InputError, match=named) as refused:
        load(recipes, **changes)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("text", ["", "- xgboost", "kind: [", "1: xgboost"])
def test_a_file_that_is_no_recipe_is_refused_in_one_line(recipes: Path, text: str) -> None:
    (recipes / "small.yaml").write_text(text)
    with pytest.raises(InputError, match=r"recipe small\.yaml: ") as refused:
        Recipe.load("small")
    assert "\n" not in str(refused.value)


def test_a_product_counts_as_its_stretch_says(recipes: Path) -> None:
    seasonal = {"from": 12, "to": 12, "weight": 0.5, "products": {"taxes": 3}}
    weights = load(recipes, months=[{"from": 1, "to": 1}, seasonal]).weights_before(Month(2016, 6), LABELLED)
    assert weights[Month(2015, 6)] == MonthWeight(0.5, (("taxes", 3),))


def test_an_unknown_recipe_names_those_there_are(recipes: Path) -> None:
    load(recipes)
    with pytest.raises(InputError, match="no recipe 'large': there are small"):
        Recipe.load("large")


def test_a_kind_without_rounds_refuses_them() -> None:
    with pytest.raises(InputError, match="rounds"):
        Recipe.load("popularity").with_rounds(5)
