"""The chances of a month against what was added in it: of everybody, by product, and by slice of customers."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np

from santander.evaluation.by_product import share
from santander.evaluation.chance_bins import Cells, ChanceBins
from santander.evaluation.chance_figures import Calibration, ChanceFigures, PartCalibration
from santander.evaluation.chance_groups import GROUPS, ChanceGroup, groups_of, top_share
from santander.evaluation.chance_slope import Buyers, slope_of
from santander.evaluation.month_to_judge import MonthToJudge, Slice
from santander.evaluation.ranked import Ranked
from santander.features.expansion import Bits, bits_of
from santander.models.ranking import Scores
from santander.schema.products import N_PRODUCTS, PRODUCT_NAMES


@dataclass(frozen=True)
class JudgedChances:
    """Chances of a month, in bins of everybody, with the chances (rows x 24) of who added something, and what they added."""

    bins: ChanceBins
    chances: Scores
    added: Bits

    @classmethod
    def of(cls, ranked: Ranked, judged: MonthToJudge) -> Self:
        """Take them from the lists of a model that was asked for chances too."""
        return cls(ranked.bins, ranked.chances, bits_of(judged.added))

    def figures(self, slices: Iterable[Slice]) -> ChanceFigures:
        """Return the figures of everybody, by product, and by slice."""
        cells, buyers = self.bins.within(), Buyers.of(self.chances, self.added)
        levelled = cells.levelled()
        return ChanceFigures(
            calibration=_calibration(cells, levelled, buyers),
            pairs=int(cells.pairs.sum()),
            top_1_percent=top_share(levelled, 0.01),
            top_5_percent=top_share(levelled, 0.05),
            products=tuple(self._product(cells, buyers, bit) for bit in range(N_PRODUCTS) if cells.happened[bit].any()),
            slices=tuple(self._slice(part, cells, buyers) for part in slices),
        )

    def groups(self) -> tuple[ChanceGroup, ...]:
        """Return the groups of all products together."""
        return groups_of(self.bins.within().levelled())

    def larger_products(self, at_least: int) -> dict[str, tuple[ChanceGroup, ...]]:
        """Return the groups of each product with so many additions, the one with the most first."""
        levelled = self.bins.within().levelled()
        happened = levelled.happened.sum(axis=1)
        chosen = (int(bit) for bit in np.argsort(-happened, kind="stable") if happened[bit] >= at_least)
        return {PRODUCT_NAMES[bit]: groups_of(levelled.of_product(bit)) for bit in chosen}

    def _product(self, cells: Cells, buyers: Buyers, bit: int) -> PartCalibration:
        own = cells.of_product(bit)
        return PartCalibration(PRODUCT_NAMES[bit], _calibration(own, own.levelled(), buyers.only(products=slice(bit, bit + 1))))

    def _slice(self, part: Slice, everybody: Cells, buyers: Buyers) -> PartCalibration:
        cells = self.bins.within(part.groups)
        return PartCalibration(part.name, _calibration(cells, cells.levelled(as_in=everybody), buyers.only(part.within)))


def _calibration(cells: Cells, levelled: Cells, buyers: Buyers) -> Calibration:
    happened = float(cells.happened.sum())
    found = slope_of(cells, buyers)
    groups = groups_of(levelled)
    return Calibration(
        additions=int(happened),
        level=share(float(cells.chance.sum()), happened),
        slope=found.slope if found else None,
        slope_low=found.low if found else None,
        slope_high=found.high if found else None,
        error=share(sum(abs(each.expected - each.happened) for each in groups), happened) if groups else None,
        # the mean distance of a Poisson number from its mean m is sqrt(2 m / pi), and each group expects happened / GROUPS
        error_by_luck=share((2 * GROUPS * happened / np.pi) ** 0.5, happened),
    )
