"""How much the additions of a month count in a fit."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from santander.schema.products import N_PRODUCTS, PRODUCT_NAMES


@dataclass(frozen=True)
class MonthWeight:
    """The weight of an addition of any product, and of those, such as seasonal ones, that count otherwise."""

    usual: float
    by_product: tuple[tuple[str, float], ...] = ()
    """Pairs of product and weight, in the order of the bits."""

    def of_products(self) -> npt.NDArray[np.float32]:
        """The weight of each product (24)."""
        weights = np.full(N_PRODUCTS, self.usual, dtype=np.float32)
        for name, weight in self.by_product:
            weights[PRODUCT_NAMES.index(name)] = weight
        return weights

    def plus(self, other: Self) -> Self:
        """The sum of two weights, product by product."""
        named = {name for name, _ in (*self.by_product, *other.by_product)}
        one, two = dict(self.by_product), dict(other.by_product)
        sums = tuple((name, one.get(name, self.usual) + two.get(name, other.usual)) for name in PRODUCT_NAMES if name in named)
        return type(self)(self.usual + other.usual, sums)

    def __str__(self) -> str:
        """``2`` or ``0.5(taxes*3)``; what ``parse`` reads."""
        products = ",".join(f"{name}*{weight:g}" for name, weight in self.by_product)
        return f"{self.usual:g}({products})" if products else f"{self.usual:g}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what ``str`` wrote."""
        usual, _, products = text.rstrip(")").partition("(")
        pairs = (pair.split("*") for pair in products.split(",") if pair)
        return cls(float(usual), tuple((name, float(weight)) for name, weight in pairs))


ALIKE = MonthWeight(1.0)
