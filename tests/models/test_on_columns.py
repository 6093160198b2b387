"""A model of fewer columns than its groups have now: as one that was fitted before the declaration grew."""

from pathlib import Path

import numpy as np

from santander.models.boosted_trees import BoostedTrees
from santander.models.kinds import load_recommender, save_recommender
from tests.models.toy_world import PENSIONER, SMALL_TREES, STUDENT, TAXPAYER, feature_rows, toy_training_set

NOW = SMALL_TREES.plan.names
THEN = tuple(name for name in NOW if name not in {"is_deceased", "age"})


def test_a_saved_model_keeps_to_its_own_columns(tmp_path: Path) -> None:
    model = BoostedTrees.fit(SMALL_TREES.on(THEN), toy_training_set())
    save_recommender(model, tmp_path)
    loaded, rows = load_recommender(tmp_path), feature_rows([STUDENT, PENSIONER, TAXPAYER])
    assert isinstance(loaded, BoostedTrees)
    assert loaded.plan.names == THEN
    assert "age" not in loaded.feature_names
    np.testing.assert_array_equal(loaded.score(rows.drop_columns(["age", "is_deceased"])), model.score(rows))


def test_fitting_it_again_takes_its_columns_and_its_settings_do_not_name_them(tmp_path: Path) -> None:
    save_recommender(BoostedTrees.fit(SMALL_TREES.on(THEN), toy_training_set()), tmp_path)
    loaded = load_recommender(tmp_path)
    again = BoostedTrees.fit(loaded.settings_as_fitted, toy_training_set())
    assert again.fingerprint == loaded.fingerprint
    assert again.settings.model_dump() == SMALL_TREES.model_dump()
    assert BoostedTrees.fit(SMALL_TREES, toy_training_set()).plan.names == NOW
