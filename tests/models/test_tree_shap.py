"""Contributions by tables against those of xgboost's own walk, on trees of several shapes and rows with gaps."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import xgboost

from santander.models import tree_shap
from santander.models.tree_shap import ClassShap, trees_of

Matrix = npt.NDArray[np.float32]


def rows_with_gaps(rows: int) -> tuple[Matrix, npt.NDArray[np.int64]]:
    """Whole and broken numbers, a fifth of them unknown, and a class of three for each row."""
    random = np.random.default_rng(7)
    matrix = np.where(random.random((rows, 5)) < 0.5, random.integers(0, 4, (rows, 5)), random.normal(size=(rows, 5)))
    matrix[random.random(matrix.shape) < 0.2] = np.nan
    score = np.nan_to_num(matrix[:, 0]) * np.nan_to_num(matrix[:, 1]) + np.nan_to_num(matrix[:, 2])
    return matrix.astype(np.float32), np.digitize(score, [-0.5, 1.0])


def grown(parameters: dict[str, Any], rounds: int = 4) -> tuple[xgboost.Booster, Matrix]:
    matrix, label = rows_with_gaps(400)
    settings = {"objective": "multi:softprob", "num_class": 3, "max_depth": 6, "eta": 0.5, "nthread": 1, **parameters}
    return xgboost.train(settings, xgboost.DMatrix(matrix, label), rounds), matrix


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"max_depth": 1},
        {"max_depth": 9, "min_child_weight": 0.01},
        {"grow_policy": "lossguide", "max_leaves": 9},
        {"gamma": 1e9},
    ],
    ids=["default", "stumps", "deep", "lopsided", "no split"],
)
def test_contributions_are_those_of_xgboost(parameters: dict[str, Any]) -> None:
    booster, matrix = grown(parameters)
    told = booster.predict(xgboost.DMatrix(matrix), pred_contribs=True)
    for of_class, trees in enumerate(trees_of(booster)):
        np.testing.assert_allclose(ClassShap(trees).of(matrix.T).T, told[:, of_class, :-1], atol=1e-4)


def test_pieces_of_any_size_tell_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    booster, matrix = grown({})
    whole = ClassShap(trees_of(booster)[0]).of(matrix.T)
    monkeypatch.setattr(tree_shap, "MOST_SPLITS", 1)
    np.testing.assert_allclose(ClassShap(trees_of(booster)[0]).of(matrix.T), whole, atol=1e-6)


def test_rows_beyond_those_looked_up_together_are_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    booster, matrix = grown({})
    shap = ClassShap(trees_of(booster)[1])
    whole = shap.of(matrix.T)
    monkeypatch.setattr(tree_shap, "_AT_A_TIME", 7)
    np.testing.assert_array_equal(shap.of(matrix.T), whole)


def test_no_rows_have_no_contributions() -> None:
    booster, matrix = grown({})
    assert ClassShap(trees_of(booster)[0]).of(matrix[:0].T).shape == (5, 0)
