"""What a model is fitted on: in the driver as plain Arrow tables, or, by the same protocol, on the workers of a cluster."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from santander.config.machine import cores
from santander.features.expansion import bits_of
from santander.models.additions import Additions
from santander.models.boosting import Boosting
from santander.models.month_weight import MonthWeight
from santander.models.progress import Progress
from santander.schema.months import Month

if TYPE_CHECKING:
    import xgboost


@dataclass(frozen=True)
class Everyone:
    """A sample of everybody who counts in the months of a fit, whether they added something or not."""

    rows: pa.Table
    """A row: one customer in one month. Columns: customer_id, snapshot_date, added (bitmask), features, and stands_for: how many
    customers of the month the row is a sample of."""
    population: pa.Table
    weights: Mapping[Month, MonthWeight]

    def of_month(self, month: Month) -> pa.Table:
        """The rows of one month."""
        return in_months(self.rows, [month])

    @cached_property
    def month_places(self) -> npt.NDArray[np.intp]:
        """The month of each row, as its place among the months of the fit."""
        snapshots = np.array([month.snapshot for month in sorted(self.weights)], dtype="datetime64[D]")
        dates = self.rows["snapshot_date"].to_numpy().astype("datetime64[D]")
        return np.asarray(np.searchsorted(snapshots, dates), dtype=np.intp)

    @property
    def row_weights(self) -> npt.NDArray[np.float64]:
        """How much each row counts: for how many customers it stands, times the weight of its month."""
        of_month = np.array([weight.usual for _, weight in sorted(self.weights.items())])
        weights: npt.NDArray[np.float64] = self.rows["stands_for"].to_numpy() * of_month[self.month_places]
        return weights


class TrainingData(Protocol):
    """Additions of some months, wherever the rows are kept, and the customers with a row in the month and in the month before."""

    @property
    def population(self) -> pa.Table:
        """A row: the ``customers`` of one month alike in age, segment, is_active and added (bitmask, 0 for nothing)."""

    @property
    def weights(self) -> Mapping[Month, MonthWeight]:
        """The months of the fit and how much an addition in each counts."""

    @property
    def place(self) -> str:
        """Where the rows are, the driver or workers, as a registered model tells of its training."""

    def of_months(self, weights: Mapping[Month, MonthWeight]) -> "TrainingData":
        """The part that lies in the given months, with their weights."""

    def counts(self) -> npt.NDArray[np.int64]:
        """Return the number of additions of each product (24)."""

    def shares(self) -> npt.NDArray[np.float64]:
        """For each product (24) the share of customer-months in which it was added: the prior of every model."""

    def example(self, rows: int) -> pa.Table:
        """A few buyers with their features."""

    def everyone(self) -> Everyone | None:
        """Return a sample of those who count, buyers and others, in the driver; None where the others were not drawn."""

    def in_driver(self) -> "TrainingSet":
        """Return the rows in the driver, for kinds that only train there."""

    def apply(self, do: Callable[[pa.Table], pa.Table]) -> pa.Table:
        """Apply a function to the buyers, piece by piece where they are kept, and return what it makes, in the driver."""

    def boost(self, boosting: Boosting, validation: "TrainingData | None", progress: Progress) -> list["xgboost.Booster"]:
        """Grow boosters on the additions; ``validation``, of the same kind, says when to stop."""


@dataclass(frozen=True)
class TrainingSet:
    """Training data in the driver."""

    buyers: pa.Table
    """A row: one customer in one month with additions. Columns: customer_id, snapshot_date, added (bitmask), features."""
    population: pa.Table
    weights: Mapping[Month, MonthWeight]
    threads: int = field(default_factory=cores)
    others: pa.Table | None = None
    """Customers who added nothing, drawn by ``training/drawn.py``: the columns of ``buyers`` and stands_for."""

    place = "the driver"

    @property
    def months(self) -> tuple[Month, ...]:
        """The months of the fit in order."""
        return tuple(sorted(self.weights))

    def of_months(self, weights: Mapping[Month, MonthWeight]) -> "TrainingSet":
        """The part that lies in the given months, with their weights."""
        others = None if self.others is None else in_months(self.others, weights)
        buyers, population = in_months(self.buyers, weights), in_months(self.population, weights)
        return TrainingSet(buyers, population, dict(weights), self.threads, others)

    def everyone(self) -> Everyone | None:
        """Return the buyers, each for itself, and the others that were drawn."""
        if self.others is None:
            return None
        buyers = self.buyers.append_column("stands_for", pa.repeat(pa.scalar(1.0), self.buyers.num_rows))
        return everyone_of(buyers, self.others, self.population, self.weights)

    def in_driver(self) -> "TrainingSet":
        """Itself."""
        return self

    def apply(self, do: Callable[[pa.Table], pa.Table]) -> pa.Table:
        """Apply a function to the buyers."""
        return do(self.buyers)

    def counts(self) -> npt.NDArray[np.int64]:
        """Return the number of additions of each product (24)."""
        return additions_counted(self.population)

    def shares(self) -> npt.NDArray[np.float64]:
        """For each product (24) the share of customer-months in which it was added."""
        return shares_counted(self.population)

    def example(self, rows: int) -> pa.Table:
        """The first buyers with their features."""
        return self.buyers.slice(0, rows)

    def additions(self) -> Additions:
        """Return one row per added product, in the order (month, customer, product)."""
        return additions_of(self.buyers, self.weights)

    def boost(self, boosting: Boosting, validation: TrainingData | None, progress: Progress) -> list["xgboost.Booster"]:
        """Grow boosters in this process."""
        if validation is not None and not isinstance(validation, TrainingSet):
            raise TypeError(f"validation rows lie in {validation.place}, training rows in {self.place}")
        watched = None if validation is None else validation.additions()
        return boosting.grow(self.additions(), watched, self.threads, progress)


def everyone_of(buyers: pa.Table, others: pa.Table, population: pa.Table, weights: Mapping[Month, MonthWeight]) -> Everyone:
    """Return buyers and others, each row for as many as it stands for, by month and customer: the order changes a booster."""
    rows = pa.concat_tables([buyers, others])
    return Everyone(rows.sort_by([("snapshot_date", "ascending"), ("customer_id", "ascending")]), population, weights)


def in_months(rows: pa.Table, months: Collection[Month]) -> pa.Table:
    """The rows of these months."""
    return rows.filter(pc.field("snapshot_date").isin([month.snapshot for month in months]))


def additions_of(buyers: pa.Table, weights: Mapping[Month, MonthWeight]) -> Additions:
    """Return one row per added product, in the order (month, customer, product): the order of rows changes a booster."""
    buyers = buyers.sort_by([("snapshot_date", "ascending"), ("customer_id", "ascending")])
    row, product = np.nonzero(bits_of(buyers["added"].to_numpy()))
    dates = buyers["snapshot_date"].to_numpy()
    weight = np.empty(len(row), dtype=np.float32)
    for month, month_weight in weights.items():
        within = dates[row] == np.datetime64(month.snapshot)
        weight[within] = month_weight.of_products()[product[within]]
    return Additions(buyers, row, product.astype(np.int8), weight, dict(weights))


def additions_counted(population: pa.Table) -> npt.NDArray[np.int64]:
    """Return how many customers of a population added each product (24)."""
    customers = population["customers"].to_numpy()
    return np.asarray(customers @ bits_of(population["added"].to_numpy()).astype(np.int64), dtype=np.int64)


def buyers_by_month(population: pa.Table) -> dict[Month, int]:
    """Return how many customers of each month of a population added something."""
    bought = population.filter(pc.field("added") != 0).group_by("snapshot_date").aggregate([("customers", "sum")])
    return {Month.of(row["snapshot_date"]): row["customers_sum"] for row in bought.to_pylist()}


def shares_counted(population: pa.Table) -> npt.NDArray[np.float64]:
    """For each product (24) the share of the customers of a population who added it."""
    return additions_counted(population) / max(int(population["customers"].to_numpy().sum()), 1)
