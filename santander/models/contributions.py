"""What each column adds to the margins of a model, for some customers at a time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from santander.features.expansion import Matrix
from santander.models.classes import Classes
from santander.models.tree_shap import ClassShap, trees_of
from santander.schema.products import N_PRODUCTS
from santander.schema.reason_families import ReasonFamily

if TYPE_CHECKING:
    import xgboost

Numbers = npt.NDArray[np.float32]

GROUP = ReasonFamily.GROUP.value
"""The column of what a group of customers alike adds before any tree does."""
FEW = 100
"""Rows up to which xgboost walks its trees itself: tables of them would not pay. No setting, the figures are the same."""


@dataclass(frozen=True)
class Contributions:
    """``added`` (24 x columns x rows): what each column adds to the margin of each product, as against the mean.

    ``values`` (columns x rows) are the columns themselves, NaN where unknown; ``margins`` (24 x rows) what the model makes of
    them, NaN for a product that it has none of.
    """

    columns: tuple[str, ...]
    values: Numbers
    added: Numbers
    margins: Numbers

    @classmethod
    def of_classes(cls, columns: Sequence[str], matrix: Matrix, added: Numbers, margins: Numbers, classes: Classes) -> Self:
        """Return by product what is told by class: ``added`` (classes x columns x rows) and ``margins`` (rows x classes).

        ``matrix`` (rows x columns) are the columns themselves.
        """
        of_product = np.full(N_PRODUCTS, -1)
        of_product[list(classes.products)] = np.arange(len(classes.products))
        of_product[list(classes.pooled)] = len(classes.products)
        known = of_product >= 0
        by_product = np.zeros((N_PRODUCTS, *added.shape[1:]), dtype=np.float32)
        by_product[known] = added[of_product[known]]
        of_products = np.full((N_PRODUCTS, len(matrix)), np.nan, dtype=np.float32)
        of_products[known] = margins.reshape(len(matrix), len(classes)).T[of_product[known]]
        return cls(tuple(columns), np.ascontiguousarray(matrix.T), by_product, of_products)

    def with_start(self, margins: Numbers, mean: Numbers, classes: Classes) -> Self:
        """Return the same with a column more, of trees that start from ``margins`` (rows x classes), against their ``mean``."""
        no_values = np.full((len(margins), 1), np.nan, dtype=np.float32)
        return self.sum([self, self.of_classes((GROUP,), no_values, (margins - mean).T[:, None], margins, classes)])

    @property
    def products(self) -> list[int]:
        """The products (bits) that have a margin."""
        return [bit for bit in range(N_PRODUCTS) if not np.isnan(self.margins[bit]).any()]

    def plus(self, columns: Sequence[str], values: Numbers, added: Numbers, margins: Numbers) -> Self:
        """Return the same with columns (``values``, ``added``: columns x rows) that add to the margins of all products alike."""
        known = {name: place for place, name in enumerate(self.columns)}
        new = [place for place, name in enumerate(columns) if name not in known]
        total = np.concatenate([self.added, np.repeat(added[None, new], N_PRODUCTS, axis=0)], axis=1)
        for name, part in zip(columns, added, strict=True):
            if name in known:
                total[:, known[name]] += part
        names = (*self.columns, *(columns[place] for place in new))
        return replace(
            self, columns=names, values=np.concatenate([self.values, values[new]]), added=total, margins=self.margins + margins
        )

    def weighted(self, weight: float) -> Self:
        """Return the same, each part and margin times ``weight``."""
        return replace(self, added=self.added * np.float32(weight), margins=self.margins * np.float32(weight))

    @classmethod
    def mean(cls, each: Sequence[tuple[Self, float]]) -> Self:
        """Return the mean of several models by weight; one that has no margin of a product counts nothing there."""
        known = ~np.stack([np.isnan(found.margins).all(axis=1) for found, _ in each])
        weights = known * np.array([[weight] for _, weight in each])
        weights = (weights / np.maximum(weights.sum(axis=0), 1e-9)).astype(np.float32)[:, :, None]
        parts = [
            cls(found.columns, found.values, found.added * weight[:, None], np.nan_to_num(found.margins) * weight)
            for (found, _), weight in zip(each, weights, strict=True)
        ]
        total = cls.sum(parts)
        return replace(total, margins=np.where(np.any(known, axis=0)[:, None], total.margins, np.nan).astype(np.float32))

    @classmethod
    def sum(cls, parts: Sequence[Self]) -> Self:
        """Return the parts together, each with its columns."""
        return cls(
            tuple(column for part in parts for column in part.columns),
            np.concatenate([part.values for part in parts]),
            np.concatenate([part.added for part in parts], axis=1),
            np.sum([part.margins for part in parts], axis=0),
        )


class TreeShap:
    """Contributions to the margins of a booster, its tables made when many rows first ask for them."""

    def __init__(self, booster: "xgboost.Booster", columns: Sequence[str]) -> None:
        self._booster, self._columns = booster, list(columns)
        self._classes: list[ClassShap] | None = None

    def of(self, matrix: Matrix) -> Numbers:
        """Return what each column adds (classes x columns x rows); ``matrix`` is rows x columns."""
        if 0 < len(matrix) <= FEW:
            import xgboost

            rows = xgboost.DMatrix(matrix, feature_names=self._columns)
            added = np.asarray(self._booster.predict(rows, pred_contribs=True), dtype=np.float32)
            return added.reshape(len(matrix), -1, len(self._columns) + 1).transpose(1, 2, 0)[:, :-1]
        if self._classes is None:
            self._classes = [ClassShap(trees) for trees in trees_of(self._booster)]
        by_column = np.ascontiguousarray(matrix.T)
        return np.stack([each.of(by_column) for each in self._classes])
