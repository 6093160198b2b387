"""The LightGBM kind: when it stops, what it tells, what it writes, and what is said where it is not installed."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from santander.errors import InputError
from santander.models.classes import Rare
from santander.models.light_trees import LightTrees, LightTreesSettings
from santander.schema.column_groups import ColumnGroup
from tests.models.recommender_contract import MARCH, LearnerContract
from tests.models.toy_world import BIT, STUDENT, TAXPAYER, feature_rows, toy_training_set

pytest.importorskip("lightgbm")

SMALL = LightTreesSettings(
    columns=(ColumnGroup.PROFILE, ColumnGroup.LAG_1_BITS), rounds=12, learning_rate=0.5, num_leaves=4, min_data_in_leaf=5
)


class TestLightTreesContract(LearnerContract):
    kind = LightTrees
    settings = SMALL


def test_validation_months_stop_a_fit_that_no_longer_improves() -> None:
    many = SMALL.model_copy(update={"rounds": 400, "early_stopping_rounds": 2})
    made: list[int] = []
    model = LightTrees.fit(many, toy_training_set(), toy_training_set(MARCH, each=40), lambda done, *_: made.append(done))
    assert len(made) < 400
    assert model.rounds == len(made) - 2
    assert model.with_rounds(model.rounds) == many.model_copy(update={"rounds": model.rounds})


def test_progress_is_told_every_round_with_the_loss_where_there_is_one() -> None:
    told: list[tuple[int, int, float | None]] = []
    listen = lambda done, most, loss: told.append((done, most, loss))  # noqa: E731
    LightTrees.fit(SMALL, toy_training_set(), progress=listen)
    assert [done for done, _, _ in told] == list(range(1, 13))
    assert {loss for _, _, loss in told} == {None}
    told.clear()
    LightTrees.fit(SMALL, toy_training_set(), toy_training_set(MARCH, each=40), progress=listen)
    losses = [loss for _, _, loss in told if loss is not None]
    assert len(losses) == len(told)
    assert losses[0] > losses[-1]
    assert told[0][:2] == (1, 12)


def test_the_number_of_threads_leaves_no_trace_in_the_model() -> None:
    one, two = (LightTrees.fit(SMALL, replace(toy_training_set(), threads=threads)) for threads in (1, 2))
    assert one.fingerprint == two.fingerprint


def test_rare_products_may_be_pooled() -> None:
    model = LightTrees.fit(SMALL.model_copy(update={"min_additions": 31, "rare": Rare.POOLED}), toy_training_set())
    scores = model.score(feature_rows([TAXPAYER, STUDENT]))
    assert scores[0, BIT["credit_card"]] > scores[1, BIT["credit_card"]]
    np.testing.assert_allclose(np.nansum(scores, axis=1), 1, rtol=1e-5)


def test_the_trees_are_lightgbms_own_text(tmp_path: Path) -> None:
    import lightgbm

    model = LightTrees.fit(SMALL, toy_training_set())
    model.save(tmp_path)
    theirs = lightgbm.Booster(model_file=str(tmp_path / "trees.txt"))
    assert theirs.feature_name() == list(model.plan.names)
    assert theirs.current_iteration() == 12


def test_a_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(InputError, match=r"needs the package lightgbm: install santander\[lightgbm\]") as refused:
        LightTrees.fit(SMALL, toy_training_set())
    assert "\n" not in str(refused.value)
