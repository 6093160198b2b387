"""Models of every kind that learns from columns, with columns of a family that a user added."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from santander.errors import InputError
from santander.models.blend import Blend, BlendSettings, Member
from santander.models.fitted_on import ChangedFeatures, refuse_other_families
from santander.models.kinds import KINDS, load_recommender, save_recommender
from santander.models.on_columns import ColumnSettings
from santander.models.recommender import KindSettings, Recommender
from santander.models.training_set import TrainingSet
from santander.training.recipe import Fits, MonthsBefore, Recipe, declared_families
from tests import family_bank
from tests.environment import CONF_LOCAL
from tests.models.alone import scores_alone
from tests.models.toy_world import BIT, PENSIONER, STUDENT, feature_rows, toy_training_set

COLUMNS = ["activity"]
SETTINGS = {
    "xgboost": {"rounds": 12, "max_depth": 3, "eta": 0.5},
    "xgboost_per_product": {"rounds": 12, "max_depth": 3, "eta": 0.5},
    "lightgbm": {"rounds": 12, "learning_rate": 0.5, "num_leaves": 4, "min_data_in_leaf": 5},
    "sklearn": {"steps": [{"class": "sklearn.ensemble.HistGradientBoostingClassifier", "parameters": {"min_samples_leaf": 5}}]},
}
KINDS_OF_COLUMNS = sorted(name for name, kind in KINDS.items() if issubclass(kind.settings_type, ColumnSettings))


@pytest.fixture(autouse=True)
def conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    family_bank.write_files(tmp_path / "conf")
    monkeypatch.setenv(CONF_LOCAL, str(tmp_path / "conf"))
    return tmp_path / "conf"


def with_own(rows: pa.Table, digits: list[int | None]) -> pa.Table:
    even = [None if digit is None else digit % 2 == 0 for digit in digits]
    return rows.append_column("id_digit", pa.array(digits, pa.int16())).append_column("is_even", pa.array(even))


def world() -> TrainingSet:
    """Return the toy world, in which a digit says who adds an e-account (1) and who does not (2)."""
    plain = toy_training_set()
    students = [age == STUDENT["age"] for age in plain.buyers["age"].to_pylist()]
    return replace(plain, buyers=with_own(plain.buyers, [1 if student else 2 for student in students]))


def settings_with(kind: str, columns: list[str]) -> KindSettings:
    months = MonthsBefore.model_validate({"from": 1, "to": 1})
    fits = Fits(rounds=False, judged=True, promoted=False)
    return Recipe(
        name="own", kind=kind, months=(months,), fits=fits, settings={"columns": columns, **SETTINGS[kind]}
    ).model_settings


def fitted(kind: str, columns: list[str] = COLUMNS) -> Recommender:
    chosen = KINDS[kind]
    return chosen.fit(settings_with(kind, columns), world())


ROWS = with_own(feature_rows([PENSIONER, PENSIONER, PENSIONER]), [1, 2, None])


@pytest.mark.parametrize("kind", KINDS_OF_COLUMNS)
def test_every_kind_learns_from_a_family_and_scores_where_its_file_is_not(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = fitted(kind)
    assert set(model.feature_names) == {"owned", "id_digit", "is_even"}
    assert {name: list(family.features) for name, family in model.families.items()} == {"activity": ["id_digit", "is_even"]}
    scores = model.score(ROWS)
    assert scores[0, BIT["e_account"]] > 2 * scores[1, BIT["e_account"]]
    save_recommender(model, tmp_path / "model")
    monkeypatch.setenv(CONF_LOCAL, str(tmp_path))
    loaded = load_recommender(tmp_path / "model")
    assert loaded.families == model.families
    assert loaded.fingerprint == model.fingerprint
    np.testing.assert_array_equal(loaded.score(ROWS), scores)


def test_a_saved_model_needs_neither_file_nor_more_of_the_code_than_is_packed_with_it(tmp_path: Path) -> None:
    model = fitted("xgboost", ["profile", "activity"])
    save_recommender(model, tmp_path / "model")
    np.testing.assert_array_equal(scores_alone(tmp_path / "model", ROWS, model.packages, tmp_path / "alone"), model.score(ROWS))


def test_features_of_a_family_are_columns_as_they_are(conf: Path) -> None:
    settings = settings_with("xgboost", ["season", "activity"])
    assert isinstance(settings, ColumnSettings)
    assert settings.plan.names[-2:] == settings.plan.features[-2:] == ("id_digit", "is_even")
    np.testing.assert_array_equal(settings.plan.matrix(ROWS)[:, -2:], [[1, 0], [2, 1], [np.nan, np.nan]])


def test_a_name_that_is_neither_group_nor_family_is_refused_with_the_nearest_of_both() -> None:
    for name, meant in (("actvity", "activity"), ("seasn", "season")):
        with pytest.raises(InputError, match=f"no group and no family of features '{name}': did you mean {meant}"):
            settings_with("xgboost", ["profile", name])


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        (
            "id_digit smallint [0, 9]",
            "id_digit int [0, 9]",
            "'id_digit', which means something else now .type was smallint, is int",
        ),
        ("[0, 9]", "[0, 8]", r"range was \[0.0, 9.0\], is \[0.0, 8.0\]"),
        (
            "is_even boolean Number",
            "is_odd boolean Number",
            "'is_even', which the family activity no longer declares: train again",
        ),
        ("-- entity: customer_id", "-- entity: segment", "entity was customer_id, is segment"),
    ],
)
def test_a_file_that_declares_a_feature_otherwise_refuses_the_model(conf: Path, was: str, now: str, said: str) -> None:
    model = fitted("xgboost")
    refuse_other_families(model.families, declared_families(), "the model")
    family_bank.write_files(conf, activity=family_bank.ACTIVITY.replace(was, now))
    with pytest.raises(ChangedFeatures, match=said):
        refuse_other_families(model.families, declared_families(), "the model")


def test_a_file_that_is_gone_or_declares_more_refuses_nothing(conf: Path) -> None:
    model = fitted("xgboost")
    more = family_bank.ACTIVITY.replace("-- feature: is_even", "-- feature: more int [,] More\n-- feature: is_even")
    family_bank.write_files(conf, activity=more)
    refuse_other_families(model.families, declared_families(), "the model")
    (conf / "features" / "activity.sql").unlink()
    refuse_other_families(model.families, declared_families(), "the model")


def test_a_blend_reads_the_families_of_all_members() -> None:
    members = (Member(version=1), Member(version=2))
    models = [
        fitted("xgboost"),
        fitted("xgboost", ["profile"]),
    ]
    blend = Blend(BlendSettings(members=members), models)
    assert set(blend.families) == {"activity"}
    assert {"age", "id_digit", "is_even", "owned"} <= set(blend.feature_names)
