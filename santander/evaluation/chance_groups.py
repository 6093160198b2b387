"""Pairs in order of their chances, at the level of the month: in groups that expect equally many additions, and from the top."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from santander.evaluation.by_product import share
from santander.evaluation.chance_bins import Cells

GROUPS = 20
"""Groups of pairs that the error is taken over. No setting: errors of versions are compared, and more groups give larger ones."""


@dataclass(frozen=True)
class ChanceGroup:
    """Pairs of about the same chance that expect a twentieth of the additions, each product at the level of the month."""

    pairs: float
    """Not whole: a bin on the border between two groups is parted."""
    expected: float
    happened: float


def groups_of(levelled: Cells) -> tuple[ChanceGroup, ...]:
    """Return the pairs in order of chance in twenty groups that expect equally many additions; none where none is expected.

    Groups of equally many pairs would say little: most additions would lie in the last.
    """
    if not levelled.chance.any():
        return ()
    pairs, expected, happened = _cumulated(levelled)
    cuts = np.linspace(0.0, expected[-1], GROUPS + 1)
    # from 0 on: what has no chance at all belongs to the first group
    parts = (np.diff(np.interp(cuts[1:], expected, column), prepend=0.0) for column in (pairs, expected, happened))
    return tuple(ChanceGroup(*map(float, group)) for group in zip(*parts, strict=True))


def top_share(levelled: Cells, part: float) -> float | None:
    """Return the share of the additions that fell on this part of the pairs, those with the highest chances."""
    pairs, _, happened = _cumulated(levelled)
    return share(happened[-1] - float(np.interp((1 - part) * pairs[-1], pairs, happened)), happened[-1])


def _cumulated(levelled: Cells) -> Sequence[npt.NDArray[np.float64]]:
    """Pairs, additions expected and happened in all cells up to each, in order of mean chance, from 0 on."""
    there = levelled.pairs > 0
    columns = [column[there] for column in (levelled.pairs, levelled.chance, levelled.happened)]
    order = np.argsort(columns[1] / columns[0], kind="stable")
    return [np.concatenate([[0.0], np.cumsum(column[order])]) for column in columns]
