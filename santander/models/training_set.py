"""What a model is fitted on, as plain Arrow tables in the driver."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from santander.bank.months import Month
from santander.bank.products import N_PRODUCTS
from santander.features.expansion import bits_of


@dataclass(frozen=True)
class TrainingSet:
    """Additions of some months, and the customers among whom they happened.

    Counted are customers with a row in the month and in the month before, as everywhere a label is made.
    """

    buyers: pa.Table
    """A row: one customer in one month with additions. Columns: customer_id, snapshot_date, added (bitmask), features."""
    population: pa.Table
    """A row: the ``customers`` of one month alike in age, segment, is_active and added (bitmask, 0 for nothing)."""
    weights: Mapping[Month, float]
    """The months of the fit and how much an addition in each counts."""

    @property
    def months(self) -> tuple[Month, ...]:
        """The months of the fit in order."""
        return tuple(sorted(self.weights))

    def of_months(self, weights: Mapping[Month, float]) -> "TrainingSet":
        """The part that lies in the given months, with their weights."""
        within = pc.field("snapshot_date").isin([month.snapshot for month in weights])
        return TrainingSet(self.buyers.filter(within), self.population.filter(within), dict(weights))

    def additions(self) -> "Additions":
        """One row per added product, in the order (month, customer, product): the order of rows changes a booster."""
        buyers = self.buyers.sort_by([("snapshot_date", "ascending"), ("customer_id", "ascending")])
        added = buyers["added"].to_numpy()
        row, product = np.nonzero(bits_of(added))
        dates = buyers["snapshot_date"].to_numpy()
        weights = np.empty(len(dates), dtype=np.float32)
        for month, weight in self.weights.items():
            weights[dates == np.datetime64(month.snapshot)] = weight
        return Additions(buyers, row, product.astype(np.int8), weights[row])

    def shares(self) -> npt.NDArray[np.float64]:
        """For each product (24) the share of customer-months in which it was added: the prior of every model."""
        customers = self.population["customers"].to_numpy()
        added = bits_of(self.population["added"].to_numpy())
        return np.asarray((customers @ added.astype(np.int64)) / max(int(customers.sum()), 1), dtype=np.float64)


@dataclass(frozen=True)
class Additions:
    """Examples for a model of one product: example i is row ``row[i]`` of ``buyers``, who added ``product[i]``."""

    buyers: pa.Table
    row: npt.NDArray[np.intp]
    product: npt.NDArray[np.int8]
    weight: npt.NDArray[np.float32]

    def counts(self) -> npt.NDArray[np.int64]:
        """How many examples there are of each product (24)."""
        return np.bincount(self.product, minlength=N_PRODUCTS)
