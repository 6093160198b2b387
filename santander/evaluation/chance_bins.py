"""Chances given and what happened, counted in narrow bins of chance: a small summary of all pairs of a month.

A pair is a customer and a product that the customer does not own. Counts are whole numbers, so summaries of parts of a month add
up to that of the whole, in any order and on either engine.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from santander.evaluation.slices import N_GROUPS
from santander.features.expansion import Bits
from santander.models.ranking import Scores
from santander.schema.products import N_PRODUCTS

Counts = npt.NDArray[np.int64]

_MANTISSA_BITS, _BIAS = 23, 127
_SHIFT = _MANTISSA_BITS - 3
_OCTAVES = 30
N_BINS = _OCTAVES << 3
"""Eight bins for each halving of the chance, from 1 down to about 1e-9. No setting: with half as many, or twice, the slope of a
month changes by less than a thousandth."""
_LOWEST = (_BIAS - _OCTAVES) << 3
UNITS = 1e11
"""Chances are summed in this part of one, rounded: sums of floats would depend on their order."""
_AT_A_TIME = 8_192
"""Rows counted together: they stay near the processor, and a sum of so many chances in units is a number that a double holds."""
_SHAPE = (3, N_GROUPS, N_PRODUCTS, N_BINS)
_CELLS = N_GROUPS * N_PRODUCTS * N_BINS


def bin_of(chances: Scores) -> npt.NDArray[np.int32]:
    """Return the bin of each chance, the smallest chances in bin 0, those above and below the range in the last and the first.

    The leading bits of a float are its logarithm in even steps, the same on every machine.
    """
    bits = np.ascontiguousarray(chances, dtype=np.float32).view(np.int32)
    return np.asarray(np.clip((bits >> _SHIFT) - _LOWEST, 0, N_BINS - 1), dtype=np.int32)


@dataclass(frozen=True)
class ChanceBins:
    """``counts`` (3 x groups of customers x 24 x bins): pairs, sum of their chances in units, and what happened in them."""

    counts: Counts

    @classmethod
    def of(cls, chances: Scores, happened: Bits | Counts, groups: Counts) -> Self:
        """Count rows: chances (rows x 24, NaN where owned), what happened (rows x 24, whole numbers), the group of each row."""
        counts = np.zeros((_SHAPE[0], _CELLS + 1), dtype=np.int64)
        products = np.arange(N_PRODUCTS) * N_BINS
        for start in range(0, len(chances), _AT_A_TIME):
            part = slice(start, start + _AT_A_TIME)
            chance, number = chances[part].ravel(), happened[part].ravel()
            cell = (groups[part, None] * (N_PRODUCTS * N_BINS) + products).ravel() + bin_of(chance)
            cell[np.isnan(chance)] = _CELLS  # the last one, which is left out
            units = np.rint(np.nan_to_num(chance).astype(np.float64) * UNITS)
            was = np.flatnonzero(number)
            counts += [
                np.bincount(cells, sizes, _CELLS + 1).astype(np.int64)
                for cells, sizes in ((cell, None), (cell, units), (cell[was], number[was]))
            ]
        return cls(counts[:, :_CELLS].reshape(_SHAPE))

    def pack(self) -> bytes:
        """Return the cells that hold something as bytes."""
        flat = self.counts.reshape(len(self.counts), -1)
        cells = np.flatnonzero(flat[0])
        return np.vstack([cells, flat[:, cells]]).tobytes()

    @classmethod
    def unpack(cls, parts: Iterable[bytes]) -> Self:
        """Return the sum of what was packed, in whatever order it comes."""
        flat = np.zeros((_SHAPE[0], _CELLS), dtype=np.int64)
        for part in parts:
            cells, *counts = np.frombuffer(part, dtype=np.int64).reshape(1 + _SHAPE[0], -1)
            flat[:, cells] += counts
        return cls(flat.reshape(_SHAPE))

    def within(self, groups: tuple[int, ...] | None = None) -> "Cells":
        """Return the cells of these groups of customers together, of all by default."""
        pairs, units, happened = (self.counts if groups is None else self.counts[:, list(groups)]).sum(axis=1)
        return Cells(pairs.astype(np.float64), units / UNITS, happened.astype(np.float64))


@dataclass(frozen=True)
class Cells:
    """Pairs alike in product and bin: how many, the sum of their chances, and what happened in them. Each is (24 x bins)."""

    pairs: npt.NDArray[np.float64]
    chance: npt.NDArray[np.float64]
    happened: npt.NDArray[np.float64]

    @property
    def log_chance(self) -> npt.NDArray[np.float64]:
        """The logarithm of the mean chance; of a cell without chance that of the lowest bin."""
        mean = np.divide(self.chance, self.pairs, out=np.zeros_like(self.chance), where=self.pairs > 0)
        return np.log(np.maximum(mean, 2.0**-_OCTAVES))

    def levelled(self, as_in: "Cells | None" = None) -> "Cells":
        """Return the cells with chances scaled by product to as many as happened, here or in the cells of all customers."""
        all_ = as_in or self
        given, happened = all_.chance.sum(axis=1), all_.happened.sum(axis=1)
        scale = np.divide(happened, given, out=np.zeros_like(given), where=given > 0)
        return Cells(self.pairs, self.chance * scale[:, None], self.happened)

    def of_product(self, product: int) -> "Cells":
        """Return the cells of one product, by its bit."""
        one = slice(product, product + 1)
        return Cells(self.pairs[one], self.chance[one], self.happened[one])
