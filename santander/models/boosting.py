"""Growing boosters on examples. The same code runs in the driver on all rows and on each worker on its part of them.

It takes plain values and Arrow rows, so it can be sent to the rows. In one of xgboost's communicators bins are of all rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from santander.features.expansion import ColumnPlan, bits_of, integers
from santander.models.additions import Additions, Examples, RowWeight, examples_of
from santander.models.booster import OneBooster, RoundReport
from santander.models.classes import Classes
from santander.models.groups import GroupStart
from santander.models.progress import Progress

if TYPE_CHECKING:
    import xgboost


class Boosting(Protocol):
    """What boosters learn and how."""

    @property
    def most_rounds(self) -> int:
        """Rounds of all boosters together when nothing stops them early."""

    def grow(
        self, training: Additions, validation: Additions | None, threads: int, progress: Progress
    ) -> list["xgboost.Booster"]:
        """Grow every booster, or with ``validation`` until its log-loss has not fallen for a while.

        Examples that none of them learns from are left out; there may be none left on one of several workers.
        """


@dataclass(frozen=True)
class BoostingOfClasses:
    """One booster with a class for each product, from the columns of a plan.

    ``parameters`` are xgboost's own by its names, without the number of classes and threads; ``start`` is where it begins.
    """

    columns: ColumnPlan
    classes: Classes
    parameters: Mapping[str, Any]
    rounds: int
    early_stopping_rounds: int
    row_weight: RowWeight = RowWeight.ADDITION
    start: GroupStart | None = None

    @property
    def most_rounds(self) -> int:
        """Rounds of the one booster."""
        return self.rounds

    def grow(
        self, training: Additions, validation: Additions | None, threads: int, progress: Progress
    ) -> list["xgboost.Booster"]:
        """Grow the booster."""
        parameters = {**self.parameters, "num_class": len(self.classes), "nthread": threads}
        watched = None if validation is None else self._examples(validation)
        one = OneBooster(self.columns, parameters, self.rounds, self.early_stopping_rounds)
        return [one.grow(self._examples(training), watched, lambda done, loss: progress(done, self.rounds, loss))]

    def _examples(self, additions: Additions) -> Examples:
        examples = examples_of(additions, self.columns, self.classes, self.row_weight)
        if self.start is None:
            return examples
        row = additions.row[self.classes.labels(additions.product) >= 0]
        return replace(examples, margins=self.start.margins(additions.buyers, self.classes)[row])


@dataclass(frozen=True)
class BoostingPerProduct:
    """A booster for each of ``products`` (bits), each with its ``rounds``: have the buyers who do not own it added it or not."""

    columns: ColumnPlan
    products: tuple[int, ...]
    parameters: Mapping[str, Any]
    rounds: tuple[int, ...]
    early_stopping_rounds: int
    row_weight: RowWeight = RowWeight.ADDITION

    @property
    def most_rounds(self) -> int:
        """Rounds of all boosters together."""
        return sum(self.rounds)

    def grow(
        self, training: Additions, validation: Additions | None, threads: int, progress: Progress
    ) -> list["xgboost.Booster"]:
        """Grow the boosters one after the other, on columns that are expanded once."""
        parameters = {**self.parameters, "nthread": threads}
        rows = _Buyers(training, self.columns, self.row_weight)
        watched = None if validation is None else _Buyers(validation, self.columns, self.row_weight)
        boosters: list[xgboost.Booster] = []
        before = 0
        for product, rounds in zip(self.products, self.rounds, strict=True):
            one = OneBooster(self.columns, parameters, rounds, self.early_stopping_rounds)
            report = _report_after(progress, before, self.most_rounds)
            boosters.append(one.grow(rows.of(product), None if watched is None else watched.of(product), report))
            before += rounds
        return boosters


class _Buyers:
    """Buyers with their columns, of whom each booster takes those who do not own its product."""

    def __init__(self, additions: Additions, columns: ColumnPlan, row_weight: RowWeight) -> None:
        self._additions, self._row_weight = additions, row_weight
        self._matrix = columns.matrix(additions.buyers)
        self._added = bits_of(integers(additions.buyers, "added", unknown=0))
        self._owned = bits_of(integers(additions.buyers, "owned", unknown=0))

    def of(self, product: int) -> Examples:
        """Return examples of class 1 for who added the product, 0 for who did not.

        Where a customer's additions share a weight, one among three counts a third, as a hit does in MAP@7.
        """
        added = self._added[:, product]
        taken = (self._owned[:, product] == 0) | (added == 1)
        weight = self._additions.weight_of(product)
        if self._row_weight is RowWeight.CUSTOMER:
            weight = np.where(added == 1, weight / np.maximum(self._added.sum(axis=1), 1), weight).astype(np.float32)
        return Examples(self._matrix[taken], added[taken].astype(np.int64), weight[taken])


def _report_after(progress: Progress, before: int, most: int) -> RoundReport:
    return lambda done, loss: progress(before + done, most, loss)
