"""The slope of calibration: how much more often it happens where a chance twice as high was given.

Poisson regression of what happened on the logarithm of the chance, with an intercept for each product, which takes the level
away. 1 is as it should be; below 1 chances are spread too far apart, above 1 not far enough.

The interval is by customer (a sandwich): who adds payroll adds pensions at once, so additions of one customer are not as many
observations, and the interval of the information matrix alone would be too narrow. Sources: D. Cox, Two further applications of a
model for binary regression (1958); K.-Y. Liang, S. Zeger, Longitudinal data analysis using generalized linear models (1986);
D. Horvitz, D. Thompson, A generalization of sampling without replacement from a finite universe (1952), for who added nothing.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from santander.evaluation.chance_bins import Cells, bin_of
from santander.features.expansion import Bits
from santander.models.ranking import Scores

Z_95 = 1.959964
_STEPS, _LONGEST_STEP, _PRECISE = 50, 1.0, 1e-9
_NEARLY_SURE = 0.999999


@dataclass(frozen=True)
class Slope:
    """The slope with its 95 % interval."""

    slope: float
    low: float
    high: float


@dataclass(frozen=True)
class Buyers:
    """Customers who added something: a row each, a column for each product. ``bins`` are those of the chances."""

    bins: npt.NDArray[np.int32]
    added: Bits
    is_open: npt.NDArray[np.bool_]
    """Whether it is a pair: not owned."""

    @classmethod
    def of(cls, chances: Scores, added: Bits) -> "Buyers":
        """Take them from chances and what was added, both rows x 24."""
        return cls(bin_of(chances), added, ~np.isnan(chances))

    def only(self, rows: npt.NDArray[np.bool_] | slice = slice(None), products: slice = slice(None)) -> "Buyers":
        """Return some of the rows, or of the products."""
        return Buyers(self.bins[rows, products], self.added[rows, products], self.is_open[rows, products])


def slope_of(cells: Cells, buyers: Buyers) -> Slope | None:
    """Return the slope of these products together; None where their additions do not tell one.

    ``buyers`` are those in the cells, with the same products.
    """
    x, of_product = cells.log_chance, cells.happened.sum(axis=1)
    slope = 1.0
    for _ in range(_STEPS):
        # given how many of each product were added, which pairs they fell on is multinomial by chance ** slope
        power = slope * x
        weight = np.where(cells.pairs > 0, cells.pairs * np.exp(power - power.max(axis=1, keepdims=True)), 0.0)
        weight /= np.maximum(weight.sum(axis=1, keepdims=True), np.finfo(np.float64).tiny)
        away = x - (weight * x).sum(axis=1, keepdims=True)
        information = float((of_product * (weight * away**2).sum(axis=1)).sum())
        if information < _PRECISE:
            return None
        step = float((cells.happened * away).sum()) / information
        if abs(step) < _PRECISE:
            break
        slope += float(np.clip(step, -_LONGEST_STEP, _LONGEST_STEP))
    else:
        return None
    expected = of_product[:, None] * weight / np.maximum(cells.pairs, 1)
    half = Z_95 * _spread(away, expected, buyers) / information
    return Slope(slope, slope - half, slope + half)


def _spread(away: npt.NDArray[np.float64], expected: npt.NDArray[np.float64], buyers: Buyers) -> float:
    """Return the standard deviation of the sum over customers of happened less expected, each times ``away``.

    Who added none of the products is known by those alike who did: for each of them (1 - chance) / chance added none.
    """
    buyers = buyers.only(((buyers.added != 0) & buyers.is_open).any(axis=1))
    at = np.arange(buyers.bins.shape[1]), buyers.bins
    chance = np.where(buyers.is_open, expected[at], 0.0)
    terms = np.where(buyers.is_open, away[at], 0.0)
    as_expected = (chance * terms).sum(axis=1)
    difference = (buyers.added * terms).sum(axis=1) - as_expected
    any_ = -np.expm1(np.log1p(-np.minimum(chance, _NEARLY_SURE)).sum(axis=1))
    others = (1.0 - any_) / np.maximum(any_, np.finfo(np.float64).tiny)
    return float(np.sqrt((difference**2 + others * as_expected**2).sum()))
