"""What tells customers apart for a model of factors: each factor has a few levels, and a customer is at one of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from santander.features.expansion import ColumnPlan, Features, integers, numbers
from santander.models.contributions import GROUP
from santander.models.groups import GROUP_FEATURES, N_GROUPS, groups_of
from santander.schema.column_groups import ColumnGroup
from santander.schema.features import HISTORY_MONTHS

Levels = npt.NDArray[np.int32]

_BINS = 12
"""Bins of a factor that is a quantity, with equally many customers. No setting: each has a hundred additions of most products."""
_QUANTITIES = ("household_income", "seniority_months")
_CODES = ("channel", "products_held")
_GUESSED = {"household_income": "income_imputed"}
"""A value that was put in for an unknown one counts as unknown."""
_LATELY = ColumnPlan((ColumnGroup.HELD_LATELY,))

N_LATELY = 2 * HISTORY_MONTHS + 3
"""Levels of what a customer had of a product in the five months before: unknown, then each value of ``held_lately``."""


@dataclass(frozen=True)
class CustomerFactors:
    """``known``: the levels of each factor but the group, edges of bins or codes, in order; the last level is the rest."""

    known: Mapping[str, npt.NDArray[np.float64]]
    lately: bool = True
    """Whether what was held lately is known of each product."""

    @classmethod
    def of(cls, rows: Features) -> Self:
        """Take the levels from the customers of a fit."""
        known = {}
        for name in (*_QUANTITIES, *_CODES):
            values = _values(rows, name)
            told = values[~np.isnan(values)]
            known[name] = np.unique(np.quantile(told, np.arange(1, _BINS) / _BINS) if name in _QUANTITIES and told.size else told)
        return cls(known)

    @classmethod
    def groups_alone(cls) -> Self:
        """Return the factors of a model that knows groups only."""
        return cls({}, lately=False)

    @property
    def names(self) -> tuple[str, ...]:
        """The factors in order: the group of customers alike, then each by the feature that it is made from."""
        return (GROUP, *self.known)

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many levels each factor has."""
        return (N_GROUPS, *(len(levels) + (2 if name in _QUANTITIES else 1) for name, levels in self.known.items()))

    @property
    def features(self) -> tuple[str, ...]:
        """The features that the levels are made from."""
        guessed = tuple(_GUESSED[name] for name in self.known if name in _GUESSED)
        return (*GROUP_FEATURES, *self.known, *guessed, *(_LATELY.features if self.lately else ()))

    def levels(self, rows: Features) -> Sequence[Levels]:
        """Return the level of each row in each factor."""
        return [groups_of(rows).astype(np.int32), *(self._levels(rows, name) for name in self.known)]

    def _levels(self, rows: Features, name: str) -> Levels:
        values, known = _values(rows, name), self.known[name]
        if name in _QUANTITIES:
            return np.where(np.isnan(values), len(known) + 1, np.searchsorted(known, values, side="right")).astype(np.int32)
        place = np.minimum(np.searchsorted(known, values), max(len(known) - 1, 0))
        there = known[place] == values if known.size else np.zeros(len(values), np.bool_)
        return np.where(there, place, len(known)).astype(np.int32)

    def lately_of(self, rows: Features) -> Levels:
        """Return the level of what was held lately (rows x 24): 0 where nothing is known, else one more than ``held_lately``."""
        return (np.nan_to_num(_LATELY.matrix(rows), nan=-1.0) + 1).astype(np.int32)

    def written(self) -> dict[str, Any]:
        """The levels, as a saved model keeps them."""
        return {"lately": self.lately, "known": {name: levels.tolist() for name, levels in self.known.items()}}

    @classmethod
    def read(cls, written: Mapping[str, Any]) -> Self:
        """Return the object that ``written`` wrote."""
        return cls({name: np.array(levels, np.float64) for name, levels in written["known"].items()}, written["lately"])


def _values(rows: Features, name: str) -> npt.NDArray[np.float64]:
    values = numbers(rows, name).astype(np.float64)
    if (guessed := _GUESSED.get(name)) is not None:
        values[integers(rows, guessed, unknown=1) == 1] = np.nan
    return values
