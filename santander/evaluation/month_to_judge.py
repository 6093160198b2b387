"""The rows a model is judged on, and whom the gate scores: everyone who added something, of a large month a sample of all."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from santander.evaluation.average_precision import Masks, Precisions, average_precision
from santander.models.list_check import checked_lists
from santander.models.ranking import LIST_LENGTH, NO_PRODUCT, Ranks
from santander.models.recommender import Recommender
from santander.schema.months import Month


@dataclass(frozen=True)
class MonthToJudge:
    """Everyone with a row in the month and in the month before, in order of customer: key, ``added`` (bitmask), features."""

    month: Month
    rows: pa.Table

    @cached_property
    def added(self) -> Masks:
        """Bitmask of the products that each customer added."""
        return np.asarray(self.rows["added"].to_numpy(), dtype=np.int64)

    @cached_property
    def bought(self) -> npt.NDArray[np.intp]:
        """The rows of the customers who added something."""
        return np.flatnonzero(self.added)

    @property
    def buyers(self) -> int:
        """Number of customers who added something."""
        return len(self.bought)

    def lists_of_buyers(self, model: Recommender) -> Ranks:
        """Return the lists (rows x 7) of a model for who added something, by which precisions go; all others are empty.

        Raises WrongLists.
        """
        ranks = np.full((self.rows.num_rows, LIST_LENGTH), NO_PRODUCT, dtype=np.int8)
        if self.buyers:
            rows = self.rows.take(pa.array(self.bought))
            _, ranks[self.bought] = checked_lists(model, rows)
        return ranks


ENOUGH = 50_000
"""Customers in the sample, about. A month with at most so many is checked whole. No setting: it only says how much of a month
is looked at, and one of the gate would be part of what every training was made from."""


@dataclass(frozen=True)
class CheckedCustomers:
    """Some rows of a month to judge on, in order: those of all who added something, and those that were drawn.

    The first make MAP@7 exact, as who adds nothing counts 0; by the others it is checked that scores are there and lists alike.
    """

    judged: MonthToJudge
    place: npt.NDArray[np.intp]
    """Where they stand among the rows of the month."""
    drawn: npt.NDArray[np.bool_]
    """Which of them are in the sample; a share of all customers is told from these alone."""

    @classmethod
    def of(cls, judged: MonthToJudge) -> Self:
        """Draw the same customers every time: a hash of the customer's number decides."""
        share = min(1.0, ENOUGH / max(judged.rows.num_rows, 1))
        drawn = np.ones(judged.rows.num_rows, dtype=np.bool_)
        if share < 1:
            drawn = _hashed(judged.rows["customer_id"].to_numpy()) < np.uint64(share * 2**64)
        place = np.flatnonzero(drawn | (judged.added != 0))
        return cls(judged, place, drawn[place])

    @cached_property
    def rows(self) -> pa.Table:
        """Their rows."""
        return self.judged.rows if len(self.place) == self.judged.rows.num_rows else self.judged.rows.take(pa.array(self.place))

    def precisions(self, ranks: Ranks) -> Precisions:
        """The average precision for every customer of the month from the lists of these."""
        precisions = np.zeros(self.judged.rows.num_rows, dtype=np.float64)
        precisions[self.place] = average_precision(ranks, self.judged.added[self.place])
        return precisions


def _hashed(numbers: npt.NDArray[np.integer]) -> npt.NDArray[np.uint64]:
    """A hash of each number, evenly spread over 64 bits.

    Source: G. Steele, D. Lea, C. Flood, Fast Splittable Pseudorandom Number Generators (OOPSLA 2014), the mixer of SplitMix64.
    """
    mixed = numbers.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)), dtype=np.uint64)
