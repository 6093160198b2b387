from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from santander.features.expansion import bits_of
from santander.models.blend import Blend, BlendSettings, Member
from santander.models.boosted_trees import BoostedTrees
from santander.models.chances import BlendedChances, Chances, FittedChances, load_chances
from santander.models.level import Level
from santander.models.month_weight import ALIKE
from santander.models.popularity import Popularity, PopularitySettings
from santander.models.rate import RateSettings
from santander.models.recommender import KindSettings, Recommender
from santander.models.training_set import TrainingSet
from santander.schema.added import MonthAdded
from santander.schema.months import Month
from santander.schema.products import N_PRODUCTS
from tests.models.toy_world import BIT, FROM_GROUPS, PENSIONER, STUDENT, TAXPAYER, buyers_of, population_of

APRIL = Month(2016, 4)
KINDS: dict[str, tuple[Any, KindSettings]] = {
    "trees": (BoostedTrees, FROM_GROUPS),
    "popularity": (Popularity, PopularitySettings()),
}
FEW_TREES = RateSettings(rounds=20, max_depth=3, eta=0.3, min_child_weight=1.0)
CUSTOMERS = 4_000
TRUE = {"e_account": 0.30, "payroll": 0.02, "taxes": 0.10}
"""What students, pensioners and taxpayers add, and how likely."""
WHO = (STUDENT, PENSIONER, TAXPAYER)


def world() -> tuple[TrainingSet, pa.Table]:
    """April, in which each product is added exactly as often as is true, and all customers of the month with what they added."""
    counted, rows = [], []
    for who, (product, chance) in zip(WHO, TRUE.items(), strict=True):
        adding = round(CUSTOMERS * chance)
        counted += [(APRIL, who, 1 << BIT[product], adding), (APRIL, who, 0, CUSTOMERS - adding)]
        rows += [(who, 1 << BIT[product] if number < adding else 0) for number in range(CUSTOMERS)]
    everybody = buyers_of((APRIL, number, who, added) for number, (who, added) in enumerate(rows))
    bought = everybody["added"].to_numpy() != 0
    others = everybody.filter(pa.array(~bought & (np.arange(len(bought)) % 4 == 3)))
    stands_for = pa.array(np.full(others.num_rows, (~bought).sum() / others.num_rows))
    training = TrainingSet(
        everybody.filter(pa.array(bought)),
        population_of(counted),
        {APRIL: ALIKE},
        others=others.append_column("stands_for", stands_for),
    )
    return training, everybody


def fitted(kind: str) -> tuple[Recommender, Chances, pa.Table]:
    training, everybody = world()
    of_kind, settings = KINDS[kind]
    model = of_kind.fit(settings, training)
    level = Level({APRIL: MonthAdded(CUSTOMERS * len(WHO), tuple(training.counts().tolist()))})
    everyone = training.everyone()
    assert everyone is not None
    moved = everyone.of_month(APRIL)
    return model, FittedChances.fit(FEW_TREES, model, everyone, level, moved, APRIL + 1, threads=1), everybody


def chances_of(model: Recommender, chances: Chances, rows: pa.Table) -> npt.NDArray[np.float32]:
    return chances.of(model, rows, model.score(rows))


@pytest.mark.parametrize("kind", KINDS)
def test_a_chance_is_how_often_customers_alike_add_the_product(kind: str) -> None:
    model, chances, everybody = fitted(kind)
    one_of_each = everybody.take([0, CUSTOMERS, 2 * CUSTOMERS])
    found = chances_of(model, chances, one_of_each)
    for row, (product, true) in enumerate(TRUE.items()):
        assert found[row, BIT[product]] == pytest.approx(true, rel=0.1), product
        others = [BIT[name] for name in TRUE if name != product]
        assert np.nanmax(found[row, others]) < 0.01


@pytest.mark.parametrize("kind", KINDS)
def test_the_sum_over_all_customers_is_what_is_expected_of_the_month(kind: str) -> None:
    model, chances, everybody = fitted(kind)
    forecast = chances.forecast(APRIL + 1)
    assert forecast is not None
    found = np.nansum(chances_of(model, chances, everybody), axis=0)
    for product in TRUE:
        assert found[BIT[product]] == pytest.approx(forecast.expected[BIT[product]] * everybody.num_rows, rel=0.02)


def test_owned_products_have_no_chance_and_all_others_have_one_between_0_and_1() -> None:
    model, chances, everybody = fitted("trees")
    found = chances_of(model, chances, everybody)
    owned = bits_of(everybody["owned"].to_numpy()).astype(bool)
    assert owned.any()
    assert np.array_equal(np.isnan(found), owned)
    assert ((found[~owned] >= 0) & (found[~owned] <= 1)).all()


def test_a_month_of_another_level_has_other_chances_in_the_same_proportion() -> None:
    training, everybody = world()
    model, chances, _ = fitted("trees")
    assert isinstance(chances, FittedChances)
    counts = tuple(training.counts().tolist())
    months = {APRIL - 1: MonthAdded(12_000, tuple(10 * n for n in counts)), APRIL: MonthAdded(12_000, counts)}
    busier = FittedChances(chances.rate, chances.calibration, Level(months), chances.typical, chances.scale).at(APRIL + 1)
    now, then = chances_of(model, chances, everybody), chances_of(model, busier, everybody)
    ratio = then[:, BIT["taxes"]] / now[:, BIT["taxes"]]
    assert np.nanmin(ratio) > 1.05
    assert np.nanmin(ratio) == pytest.approx(np.nanmax(ratio), rel=1e-5)


def test_customers_of_a_group_differ_by_what_tells_them_apart() -> None:
    """Half of the taxpayers hold a payroll as well, and they alone add anything."""
    from tests.models.toy_world import MASK

    keen = {**TAXPAYER, "holdings_lag_1": TAXPAYER["owned"] | MASK["payroll"], "owned": TAXPAYER["owned"] | MASK["payroll"]}
    rows = [
        (who, 1 << BIT["taxes"] if who is keen and number % 5 == 0 else 0) for number in range(4_000) for who in (TAXPAYER, keen)
    ]
    rows += [(STUDENT, 1 << BIT["e_account"])] * 40
    everybody = buyers_of((APRIL, number, who, added) for number, (who, added) in enumerate(rows))
    bought = everybody["added"].to_numpy() != 0
    others = everybody.filter(pa.array(~bought))
    training = TrainingSet(
        everybody.filter(pa.array(bought)),
        population_of((APRIL, who, added, 1) for who, added in rows),
        {APRIL: ALIKE},
        others=others.append_column("stands_for", pa.array(np.ones(others.num_rows))),
    )
    model = BoostedTrees.fit(FROM_GROUPS, training)
    everyone = training.everyone()
    assert everyone is not None
    level = Level({APRIL: MonthAdded(len(rows), tuple(training.counts().tolist()))})
    chances = FittedChances.fit(FEW_TREES, model, everyone, level, everyone.of_month(APRIL), APRIL + 1, threads=1)
    found = chances_of(model, chances, everybody.slice(0, 2))[:, BIT["taxes"]]
    assert found == pytest.approx([0.0, 0.2], abs=0.01)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_saved_is_loaded(kind: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    model, chances, everybody = fitted(kind)
    folder = tmp_path_factory.mktemp("saved") / "chances"
    chances.save(folder)
    again = load_chances(folder, model)
    assert np.array_equal(chances_of(model, again, everybody), chances_of(model, chances, everybody), equal_nan=True)
    assert {file.suffix for file in folder.iterdir()} <= {".json", ".ubj"}


def test_the_chances_of_a_blend_lie_between_those_of_its_members(tmp_path_factory: pytest.TempPathFactory) -> None:
    (one, of_one, everybody), (other, of_other, _) = fitted("trees"), fitted("popularity")
    settings = BlendSettings(members=(Member(version=1, weight=3.0), Member(version=2, weight=1.0)))
    blend, chances = Blend(settings, [one, other]), BlendedChances([of_one, of_other])
    rows = everybody.slice(0, 100)
    meant = 0.75 * chances_of(one, of_one, rows) + 0.25 * chances_of(other, of_other, rows)
    assert chances_of(blend, chances, rows) == pytest.approx(meant, rel=1e-5, nan_ok=True)
    folder = tmp_path_factory.mktemp("saved") / "chances"
    chances.save(folder)
    again = load_chances(folder, blend)
    assert np.array_equal(chances_of(blend, again, rows), chances_of(blend, chances, rows), equal_nan=True)


def test_there_is_a_chance_of_every_product_whatever_the_model_leaves_out() -> None:
    model, chances, everybody = fitted("trees")
    scores = model.score(everybody)
    assert np.isnan(scores).any()
    assert chances.of(model, everybody, scores).shape == (everybody.num_rows, N_PRODUCTS)
