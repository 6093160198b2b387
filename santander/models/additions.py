"""Examples for models that learn from additions: one per product that a customer added."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from santander.features.expansion import ColumnPlan, Matrix
from santander.models.classes import Classes
from santander.models.month_weight import MonthWeight
from santander.schema.months import Month
from santander.schema.products import N_PRODUCTS


class RowWeight(StrEnum):
    """Who counts alike in a fit. MAP@7 counts customers, whatever the number of products they add."""

    ADDITION = "addition"
    """Every addition: a customer who adds three products in a month counts three times."""
    CUSTOMER = "customer"
    """Every customer of a month: the additions of one share a weight of 1."""


@dataclass(frozen=True)
class Additions:
    """Examples for a model of one product: example i is row ``row[i]`` of ``buyers``, who added ``product[i]``."""

    buyers: pa.Table | pa.RecordBatch
    row: npt.NDArray[np.intp]
    product: npt.NDArray[np.int8]
    weight: npt.NDArray[np.float32]
    months: Mapping[Month, MonthWeight]
    """The months of the buyers, and how much an addition in each counts."""

    def counts(self) -> npt.NDArray[np.int64]:
        """Return the number of examples of each product (24)."""
        return np.bincount(self.product, minlength=N_PRODUCTS)

    def weight_of(self, product: int) -> npt.NDArray[np.float32]:
        """Return the weight of the product's addition in the month of each buyer."""
        dates = self.buyers["snapshot_date"].to_numpy()
        weight = np.zeros(len(dates), dtype=np.float32)
        for month, month_weight in self.months.items():
            weight[dates == np.datetime64(month.snapshot)] = month_weight.of_products()[product]
        return weight

    def weighted_by(self, row_weight: RowWeight) -> Self:
        """Return the examples; where asked for, the weight of each is shared by all additions of its customer in its month."""
        if row_weight is RowWeight.ADDITION:
            return self
        per_row = np.bincount(self.row, minlength=self.buyers.num_rows).astype(np.float32)
        return replace(self, weight=self.weight / per_row[self.row])


@dataclass(frozen=True)
class Examples:
    """What a model of several classes is fitted on: columns (NaN where unknown), class and weight of each example."""

    matrix: Matrix
    label: npt.NDArray[np.int64]
    weight: npt.NDArray[np.float32]
    margins: npt.NDArray[np.float32] | None = None
    """Where a booster starts (examples x classes), if not where it starts by itself."""


def examples_of(additions: Additions, columns: ColumnPlan, classes: Classes, row_weight: RowWeight) -> Examples:
    """The examples whose product has a class, in the order of the additions."""
    weighted = additions.weighted_by(row_weight)
    label = classes.labels(additions.product)
    taken = label >= 0
    matrix: Matrix = columns.matrix(additions.buyers)[additions.row[taken]]
    return Examples(matrix, label[taken], weighted.weight[taken])
