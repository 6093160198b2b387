"""Exact TreeSHAP of many rows: what each column adds to the margin of one class of a booster.

xgboost walks every tree anew for every row. But what a tree adds depends on the outcomes of its splits alone; so here it is
worked out once for every outcome of a piece of a tree, and looked up. The figures are those of xgboost's ``pred_contribs``.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from math import factorial
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import xgboost

Contributions = npt.NDArray[np.float32]
"""Columns x rows."""

MOST_SPLITS = 10
"""Splits of a piece, those on the way to it included: a table has a place for each of their 1,024 outcomes. A single leaf below
more splits than that is a piece of its own."""
_AT_A_TIME = 8_192
"""Rows that are looked up together: what is computed of them stays near the processor."""


@dataclass(frozen=True, slots=True)
class Tree:
    """Nodes by number, the root first. In a leaf ``left`` is -1, ``value`` its value; else rows below the value go left."""

    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    column: npt.NDArray[np.int64]
    value: npt.NDArray[np.float32]
    missing_left: npt.NDArray[np.bool_]
    cover: npt.NDArray[np.float64]
    """Weight of the examples that came by."""

    @classmethod
    def read(cls, written: dict[str, Any]) -> Self:
        """Return a tree as xgboost writes it in JSON."""
        return cls(
            left=np.array(written["left_children"]),
            right=np.array(written["right_children"]),
            column=np.array(written["split_indices"]),
            value=np.array(written["split_conditions"], dtype=np.float32),
            missing_left=np.array(written["default_left"], dtype=np.bool_),
            cover=np.array(written["sum_hessian"]),
        )

    def splits_below(self, node: int) -> list[int]:
        """Return the splits at and below a node."""
        if self.left[node] < 0:
            return []
        return [node, *self.splits_below(self.left[node]), *self.splits_below(self.right[node])]

    def leaves_below(self, node: int, way: "Way") -> "Iterator[tuple[int, Way]]":
        """Return the leaves at and below a node, each with the way to it; ``way`` is that to the node."""
        if self.left[node] < 0:
            yield node, way
            return
        yield from self.leaves_below(self.left[node], (*way, (node, True)))
        yield from self.leaves_below(self.right[node], (*way, (node, False)))


Way = tuple[tuple[int, bool], ...]
"""Splits from the root on, and whether it goes left there."""


def trees_of(booster: "xgboost.Booster") -> list[list[Tree]]:
    """Return the trees of each class of a booster."""
    model = json.loads(booster.save_raw("json"))["learner"]["gradient_booster"]["model"]
    classes: dict[int, list[Tree]] = {}
    for of_class, tree in zip(model["tree_info"], model["trees"], strict=True):
        classes.setdefault(of_class, []).append(Tree.read(tree))
    return [classes[of_class] for of_class in sorted(classes)]


@dataclass(frozen=True, slots=True)
class _Piece:
    """The leaves below a node: ``table`` (columns x outcomes) has what they add to each of ``columns``."""

    splits: tuple[int, ...]
    """Split k is bit k of an outcome, set where a row goes left."""
    columns: tuple[int, ...]
    table: Contributions

    @classmethod
    def of(cls, tree: Tree, node: int, way: Way) -> Self:
        splits = (*(split for split, _ in way), *tree.splits_below(node))
        columns = tuple(dict.fromkeys(int(tree.column[split]) for split in splits))
        outcomes = np.arange(1 << len(splits))
        went = {split: (outcomes >> bit & 1).astype(np.bool_) for bit, split in enumerate(splits)}
        table = np.zeros((len(columns), len(outcomes)))
        for leaf, to_leaf in tree.leaves_below(node, way):
            fits, share = _conditions(tree, to_leaf, went)
            pattern = sum((ok.astype(np.int64) << bit for bit, ok in enumerate(fits.values())), np.zeros_like(outcomes))
            added = float(tree.value[leaf]) * _shapley(np.array(list(share.values())))
            for place, column in enumerate(fits):
                table[columns.index(column)] += added[pattern, place]
        return cls(splits, columns, table.astype(np.float32))


def _conditions(
    tree: Tree, way: Way, went: dict[int, npt.NDArray[np.bool_]]
) -> tuple[dict[int, npt.NDArray[np.bool_]], dict[int, float]]:
    """Return for each column on a way the outcomes that go all of it, and the share of the examples that did."""
    fits: dict[int, npt.NDArray[np.bool_]] = {}
    share: dict[int, float] = {}
    for split, goes_left in way:
        column, child = int(tree.column[split]), (tree.left if goes_left else tree.right)[split]
        ok = went[split] if goes_left else ~went[split]
        fits[column] = fits[column] & ok if column in fits else ok
        share[column] = share.get(column, 1.0) * float(tree.cover[child] / tree.cover[split])
    return fits, share


def _shapley(share: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return what each column adds to a leaf of value 1 (outcomes x columns).

    A set of known columns is worth the product of the outcomes within it and of the shares outside; each column gets its
    Shapley value. Bit k of an outcome tells whether column k goes the way to the leaf.
    """
    within, weight = _sets(len(share))
    worth = np.prod(np.where(_members(len(share)), 1.0, share), axis=1)
    added: npt.NDArray[np.float64] = (within * worth) @ weight
    return added


@cache
def _members(columns: int) -> npt.NDArray[np.bool_]:
    """Return which columns are in each set of them (sets x columns)."""
    return np.asarray(np.arange(1 << columns)[:, None] >> np.arange(columns) & 1, dtype=np.bool_)


@cache
def _sets(columns: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return which sets lie within which (the inner one second), and the Shapley weight of each set for each column."""
    every = np.arange(1 << columns)
    within = (every[None, :] & ~every[:, None] == 0).astype(np.float64)
    size, member = _members(columns).sum(axis=1)[:, None], _members(columns)
    before = np.where(member, size - 1, np.minimum(size, columns - 1))
    by_size = np.array([factorial(n) * factorial(columns - n - 1) / factorial(columns) for n in range(columns)])
    return within, np.where(member, 1.0, -1.0) * by_size[before]


class ClassShap:
    """Contributions of columns to the margin that trees add up to."""

    def __init__(self, trees: Sequence[Tree]) -> None:
        self._trees = [(tree, list(_pieces(tree, 0, ()))) for tree in trees]

    def of(self, matrix: npt.NDArray[np.float32]) -> Contributions:
        """Return what each column adds (columns x rows), as against the mean of the examples; ``matrix`` is columns x rows."""
        added = np.zeros(matrix.shape, dtype=np.float32)
        for start in range(0, matrix.shape[1], _AT_A_TIME):
            rows = slice(start, start + _AT_A_TIME)
            self._add(np.ascontiguousarray(matrix[:, rows]), added[:, rows])
        return added

    def _add(self, matrix: npt.NDArray[np.float32], added: Contributions) -> None:
        missing = {}
        for tree, pieces in self._trees:
            went: dict[int, npt.NDArray[np.uint16]] = {}
            for split in np.flatnonzero(tree.left >= 0).tolist():
                column = tree.column[split]
                left = matrix[column] < tree.value[split]
                if tree.missing_left[split]:
                    if column not in missing:
                        missing[column] = np.isnan(matrix[column])
                    left |= missing[column]
                went[split] = left.astype(np.int32)
            for piece in pieces:
                outcome = np.zeros(matrix.shape[1], dtype=np.int32)
                for bit, split in enumerate(piece.splits):
                    outcome |= went[split] << bit
                places = outcome.astype(np.intp)
                for column, table in zip(piece.columns, piece.table, strict=True):
                    added[column] += table.take(places)


def _pieces(tree: Tree, node: int, way: Way) -> Iterator[_Piece]:
    below = tree.splits_below(node)
    if not way and not below:
        return  # a tree of one leaf says nothing of anybody
    if not below or len(way) + len(below) <= MOST_SPLITS:
        yield _Piece.of(tree, node, way)
        return
    yield from _pieces(tree, tree.left[node], (*way, (node, True)))
    yield from _pieces(tree, tree.right[node], (*way, (node, False)))
