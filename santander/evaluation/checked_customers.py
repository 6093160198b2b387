"""Whom the gate scores: everyone who added something, and of a large month a sample of all customers."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from santander.evaluation.average_precision import Precisions, average_precision
from santander.evaluation.month_to_judge import MonthToJudge
from santander.models.ranking import Ranks

ENOUGH = 50_000
"""Customers in the sample, about. A month with at most so many is checked whole. No setting: it only says how much of a month
is looked at, and one of the gate would be part of what every training was made from."""


@dataclass(frozen=True)
class CheckedCustomers:
    """Some rows of a month to judge on, in order: those of all who added something, and those that were drawn.

    MAP@7 is exact from the first, because who adds nothing counts 0 whatever his list. The rest is for what is checked and not
    judged, that scores are there and lists alike. Everybody's scores are looked at when a month is scored.
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
