"""Which product is which class of a model, and whether the months of a fit hold enough to learn from."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt

from santander.errors import TooLittleData
from santander.models.month_weight import MonthWeight
from santander.models.ranking import Prior, Scores
from santander.schema.counting import counted
from santander.schema.months import Month
from santander.schema.products import N_PRODUCTS, PRODUCT_NAMES

_REMEDY = "ingest more months or train the recipe 'popularity'"


def require_products(
    counts: npt.NDArray[np.int64], months: Collection[Month], min_additions: int, found: int, needed: int
) -> None:
    """Raise TooLittleData, which names the months, when fewer than ``needed`` products can be learned.

    ``counts`` are the additions of each product (24), ``found`` the products, or classes of them, that a model can tell apart.
    """
    require_additions(counts, months)
    if found < needed:
        enough = int(np.count_nonzero(counts >= max(min_additions, 1)))
        products = counted(enough, "product has", "products have") if enough else "no product has"
        raise TooLittleData(
            f"{products} {counted(min_additions, 'addition')} or more in {span_of(months)} ({counts.sum():,} in all); this model "
            f"needs {needed} that do",
            hint=_REMEDY,
        )


def require_additions(counts: npt.NDArray[np.int64], months: Collection[Month]) -> None:
    """Raise TooLittleData when nobody added anything in the months of a fit."""
    if not counts.any():
        raise TooLittleData(f"{span_of(months)}: 0 additions by anybody are too little to learn from", hint="ingest other months")


def require_learned(counts: npt.NDArray[np.int64], months: Collection[Month], products: Collection[int]) -> None:
    """Raise TooLittleData when none of the products (bits) a model learns was added in the months that say when to stop."""
    if not counts[list(products)].any():
        raise TooLittleData(
            f"{span_of(months)}: nobody added any of the {counted(len(products), 'product that is', 'products that are')} "
            "learned, so nothing can be searched there",
            hint="switch the fit 'rounds' off or ingest more months",
        )


def span_of(months: Collection[Month]) -> str:
    """The first and the last month, or the one there is."""
    first, last = min(months), max(months)
    return str(first) if first == last else f"{first} to {last}"


class Counted(Protocol):
    """Additions of some months, wherever their rows are kept."""

    @property
    def weights(self) -> Mapping[Month, MonthWeight]:
        """The months of the fit and how much an addition in each counts."""

    def counts(self) -> npt.NDArray[np.int64]:
        """Return the number of additions of each product (24)."""


class Rare(StrEnum):
    """What a model does with products that have fewer examples than it wants."""

    LEFT_OUT = "left_out"
    """No score: such a product follows at the end of a list by its prior."""
    POOLED = "pooled"
    """They are one class together, whose probability is shared out by their priors."""


@dataclass(frozen=True)
class Classes:
    """Class i is the product with bit ``products[i]``; the last class is that of the ``pooled`` products, if there are any."""

    products: tuple[int, ...]
    pooled: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.products) + bool(self.pooled)

    @classmethod
    def of(cls, training: Counted, min_additions: int, rare: Rare) -> Self:
        """The classes for the additions of some months; raises TooLittleData when there are fewer than two."""
        counts = training.counts()
        enough = counts >= min_additions
        products = tuple(int(bit) for bit in np.flatnonzero(enough))
        pooled = tuple(int(bit) for bit in np.flatnonzero(~enough & (counts > 0))) if rare is Rare.POOLED else ()
        classes = cls(products, pooled)
        require_products(counts, training.weights, min_additions, found=len(classes), needed=2)
        return classes

    def require_in(self, validation: Counted | None) -> None:
        """Raise TooLittleData when no product that has a class was added in the months that say when to stop."""
        if validation is not None:
            require_learned(validation.counts(), validation.weights, (*self.products, *self.pooled))

    def labels(self, product: npt.NDArray[np.int8]) -> npt.NDArray[np.int64]:
        """The class of each example's product, -1 where it has none."""
        class_of = np.full(N_PRODUCTS, -1, dtype=np.int64)
        class_of[list(self.products)] = np.arange(len(self.products))
        class_of[list(self.pooled)] = len(self.products)
        return class_of[product]

    def scores(self, probabilities: npt.NDArray[np.floating], prior: Prior) -> Scores:
        """Probabilities (rows x classes) as scores (rows x 24), NaN for a product without a class."""
        scores = np.full((len(probabilities), N_PRODUCTS), np.nan, dtype=np.float32)
        scores[:, self.products] = probabilities[:, : len(self.products)]
        if self.pooled:
            shares = prior[list(self.pooled)] / prior[list(self.pooled)].sum()
            scores[:, self.pooled] = probabilities[:, -1:] * shares
        return scores

    def written(self) -> dict[str, list[str]]:
        """The names of the products, as a saved model keeps them."""
        names = {"products": [PRODUCT_NAMES[bit] for bit in self.products]}
        return {**names, "pooled": [PRODUCT_NAMES[bit] for bit in self.pooled]} if self.pooled else names

    @classmethod
    def read(cls, facts: dict[str, Any]) -> Self:
        """Return the object that ``written`` wrote."""
        products, pooled = (tuple(map(PRODUCT_NAMES.index, facts.get(name, []))) for name in ("products", "pooled"))
        return cls(products, pooled)
