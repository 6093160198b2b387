"""The income to impute where a customer's is unknown: exact medians of a month, whose rows any number of tasks may share.

The rows are gone over twice. The first time incomes are counted by group, which is province and segment, and by bin; the sums of
all tasks say in which bins the medians lie. The second time the incomes of those bins alone are returned, a few in a hundred. So
nobody holds the incomes of a month.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from santander.features.codes import segment_number
from santander.schema.columns import PROVINCES

ENOUGH_KNOWN_INCOMES = 50
INCOME_READ = ("province_code", "segment", "household_income")

_SEGMENTS = 16
"""Room for the segments 1 to 9 and 0, which stands for an unknown one."""
_GROUPS = len(PROVINCES) * _SEGMENTS
"""Likewise, the unknown province among them."""
_BINS = 1024
"""Bins of income: 64 for each doubling from 512 to 33 million euros; the first and the last hold all that lies beyond."""
CELLS = _GROUPS * _BINS
"""A cell is a bin of a group."""
_BIN_SHIFT, _FIRST_BIN = 46, (1023 + 9) << 6
"""A bin is the exponent of a number and the first six bits of its fraction, as IEEE 754 writes them; 512 is 2 to the 9th."""

Numbers = npt.NDArray[np.int64]
Amounts = npt.NDArray[np.float64]
Found = tuple[Numbers, Amounts]
"""Cells and a value for each."""


@dataclass(frozen=True, slots=True)
class _Level:
    """Sets of groups that have a median each: which set each group is in, and how many incomes have to be known there."""

    set_of: Numbers
    over: tuple[int, ...]
    """The sums of a set are over these axes of (province, segment, bin)."""
    least: int
    counts_for: npt.NDArray[np.bool_]
    """The groups that take the median of their set."""


_GROUP = np.arange(_GROUPS)
_SEGMENT_KNOWN = _GROUP % _SEGMENTS != 0
_LEVELS = (
    _Level(np.zeros(_GROUPS, np.int64), (0, 1), 1, np.ones(_GROUPS, np.bool_)),
    _Level(_GROUP % _SEGMENTS, (0,), ENOUGH_KNOWN_INCOMES, _SEGMENT_KNOWN),
    _Level(_GROUP, (), ENOUGH_KNOWN_INCOMES, _SEGMENT_KNOWN & (_GROUP >= _SEGMENTS)),
)
"""The month, its segments, its groups: of two the later one holds."""


@dataclass(frozen=True, slots=True)
class _Middle:
    """The two incomes in the middle of each set of a level that has enough of them, which are one for an odd number."""

    level: _Level
    bins: tuple[Numbers, Numbers]
    """The bins in which the two lie, by set; -1 for a set with too few."""
    sets: Numbers
    """The sets with enough."""
    ranks: tuple[Numbers, Numbers]
    """Of each of ``sets``: the places of the two among the incomes from the lower one's bin on."""

    @classmethod
    def of(cls, level: _Level, counts: Numbers) -> Self:
        of_set = counts.reshape(len(PROVINCES), _SEGMENTS, _BINS).sum(axis=level.over).reshape(-1, _BINS)
        known = of_set.sum(axis=1)
        sets = np.flatnonzero(known >= level.least)
        up_to, known = of_set[sets].cumsum(axis=1), known[sets]
        ranks = ((known - 1) // 2, known // 2)
        low, high = ((up_to > rank[:, None]).argmax(axis=1) for rank in ranks)
        bins = np.full((2, len(of_set)), -1)
        bins[:, sets] = low, high
        below = up_to[np.arange(len(sets)), low] - of_set[sets, low]
        return cls(level, (bins[0], bins[1]), sets, (ranks[0] - below, ranks[1] - below))

    def cells(self) -> Numbers:
        """Return the cells whose incomes ``medians`` needs."""
        of_group = np.stack([bins[self.level.set_of] for bins in self.bins])
        return (_GROUP * _BINS + of_group)[of_group >= 0]

    def medians(self, cells: Numbers, incomes: Amounts) -> Amounts:
        """Return the median for each group, NaN for those that have none."""
        sets, bins = self.level.set_of[cells // _BINS], cells % _BINS
        here = (bins == self.bins[0][sets]) | (bins == self.bins[1][sets])
        order = np.lexsort((incomes[here], sets[here]))
        first = np.searchsorted(sets[here][order], self.sets)
        low, high = (incomes[here][order][first + rank] for rank in self.ranks)
        medians = np.full(len(self.bins[0]), np.nan)
        medians[self.sets] = (low + high) / 2
        return np.where(self.level.counts_for, medians[self.level.set_of], np.nan)


@dataclass(frozen=True, slots=True)
class Middles:
    """Where the medians of a month lie, as its counts say."""

    levels: tuple[_Middle, ...]

    @classmethod
    def of(cls, counts: Numbers) -> Self:
        """Return them for the sum of ``counted`` over all rows of the month."""
        return cls(tuple(_Middle.of(level, counts) for level in _LEVELS))

    def cells(self) -> Numbers:
        """Return the cells of ``counted`` whose incomes ``settled`` needs."""
        return np.unique(np.concatenate([middle.cells() for middle in self.levels]))

    def settled(self, cells: Numbers, incomes: Amounts) -> "MonthIncomes":
        """Return the incomes to impute, from what ``near`` returned for all rows of the month."""
        of_group = np.full(_GROUPS, np.nan)
        for middle in self.levels:
            medians = middle.medians(cells, incomes)
            of_group = np.where(np.isnan(medians), of_group, medians)
        return MonthIncomes(of_group)


def counted(pieces: Iterable[pa.Table]) -> Numbers:
    """Return how many incomes are known in each cell, from INCOME_READ of some rows of a month."""
    counts = np.zeros(CELLS, np.int64)
    for rows in pieces:
        cells, _ = _known_incomes(rows)
        counts += np.bincount(cells, minlength=CELLS)
    return counts


def near(pieces: Iterable[pa.Table], cells: Numbers) -> Found:
    """Return cell and amount of each known income in these cells."""
    needed = np.zeros(CELLS, np.bool_)
    needed[cells] = True
    found = []
    for rows in pieces:
        of_rows, incomes = _known_incomes(rows)
        here = needed[of_rows]
        found.append((of_rows[here], incomes[here]))
    return joined(found)


def joined(found: Iterable[Found]) -> Found:
    """Return what was found in several places as one."""
    cells, values = zip((np.empty(0, np.int64), np.empty(0)), *found, strict=True)
    return np.concatenate(cells), np.concatenate(values)


@dataclass(frozen=True, slots=True)
class MonthIncomes:
    """The income to impute in one month, by (province, segment); NaN where the month knows no income at all."""

    of_group: Amounts

    @classmethod
    def of(cls, read: Callable[[], Iterable[pa.Table]]) -> "MonthIncomes":
        """Settle the incomes from INCOME_READ of all rows of the month, which are read twice, in pieces.

        The median is that of the customer's (province, segment); where fewer than 50 incomes are known there, or one of the
        two is unknown, of the segment; where fewer than 50 are known there too, of the month.
        """
        middles = Middles.of(counted(read()))
        return middles.settled(*near(read(), middles.cells()))

    def features(self, rows: pa.Table) -> dict[str, pa.Array]:
        """``household_income``, imputed where unknown, and ``income_imputed``, for some rows of the month."""
        income = rows.column("household_income").combine_chunks()
        settled = self.of_group[_group_keys(rows)]
        unknown = np.asarray(income.is_null())
        values = np.where(unknown, settled, income.fill_null(0.0).to_numpy())
        return {"household_income": pa.array(values, mask=np.isnan(values)), "income_imputed": pa.array(unknown)}


def _known_incomes(rows: pa.Table) -> Found:
    """Cell and amount of each row whose income is known; a bin grows with the income: the bits of positive numbers do."""
    column = rows.column("household_income").combine_chunks()
    incomes = column.drop_null().to_numpy()
    bins = np.clip((incomes.view(np.int64) >> _BIN_SHIFT) - _FIRST_BIN, 0, _BINS - 1)
    return _group_keys(rows)[np.asarray(column.is_valid())] * _BINS + bins, incomes


def _group_keys(rows: pa.Table) -> Numbers:
    """Province and segment as one number; 0 stands for an unknown one, which no real one is."""
    province = rows.column("province_code").combine_chunks().fill_null(0).to_numpy()
    segment = segment_number(rows.column("segment").combine_chunks()).fill_null(0).to_numpy()
    return np.asarray(province * np.int64(_SEGMENTS) + segment, np.int64)
