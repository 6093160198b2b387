"""The month a model is judged on: who added something, a small row each, how many the others are, and where to rank them all."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from santander.errors import SantanderError
from santander.evaluation.average_precision import Masks
from santander.evaluation.ranked import Apply, Asked, Ranked, rank
from santander.evaluation.slices import GROUP, SLICES, group_of
from santander.schema.months import Month

ENOUGH = 50_000
"""Customers in the sample that lists are compared on, about. A month with at most so many is compared whole. No setting: it only
says how much of a month is looked at, and one of the gate would be part of what every training was made from."""


@dataclass(frozen=True)
class Slice:
    """Customers of a month who must not lose by a new model: how many they are, and which of the buyers are among them."""

    name: str
    customers: int
    within: npt.NDArray[np.bool_]
    groups: tuple[int, ...]
    """The groups of customers (``slices.py``) that it is made of."""


@dataclass(frozen=True)
class MonthToJudge:
    """Everyone with a row in the month and in the month before. Only who added something has a row here."""

    month: Month
    bought: pa.Table
    """A row: one customer who added something, in order of customer. Columns: customer_id, added (bitmask), segment, is_new."""
    groups: pa.Table
    """A row: how many customers there are of a segment, new or not. Columns: segment, is_new, customers."""
    apply: Apply
    """Reaches the features of all of them."""

    @classmethod
    def in_driver(cls, month: Month, rows: pa.Table) -> Self:
        """Return the month from all its rows, which lie in this process: customer_id, added, features."""
        groups = rows.group_by(list(GROUP)).aggregate([([], "count_all")]).rename_columns([*GROUP, "customers"])
        bought = rows.filter(pc.field("added") != 0).select(["customer_id", "added", *GROUP]).sort_by("customer_id")
        return cls(month, bought, groups, lambda do: do(rows))

    @cached_property
    def added(self) -> Masks:
        """Bitmask of the products that each buyer added."""
        return np.asarray(self.bought["added"].to_numpy(), dtype=np.int64)

    @property
    def buyers(self) -> int:
        """Number of customers who added something."""
        number: int = self.bought.num_rows
        return number

    @cached_property
    def customers(self) -> int:
        """Number of all customers."""
        return int(self.groups["customers"].to_numpy().sum())

    def rank(self, *asked: Asked) -> list[Ranked]:
        """Return the lists of models; raises WrongLists, and SantanderError where the month was written meanwhile."""
        ranked = rank(self.apply, asked, min(1.0, ENOUGH / max(self.customers, 1)))
        if any(not np.array_equal(each.customers, self.bought["customer_id"].to_numpy()) for each in ranked):
            raise SantanderError(f"{self.month} was written while models were judged on it", month=self.month, hint="try again")
        return ranked

    def slices(self) -> Iterator[Slice]:
        """Return each segment and the new customers, as far as there are any."""
        of_buyer, of_group = group_of(self.bought), group_of(self.groups)
        counts = self.groups["customers"].to_numpy()
        for name, groups in SLICES.items():
            if customers := int(counts[np.isin(of_group, groups)].sum()):
                yield Slice(name, customers, np.isin(of_buyer, groups), groups)
