"""The rate of a customer: how many products the customer is expected to add in a month of usual level.

Scores say which product is the likeliest for one customer; the rate says which customer adds anything at all. It starts from
what customers of the same age band, segment and activity add, and trees with a log link go on from there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from santander.features.expansion import ColumnPlan, Features
from santander.models.additions import Examples
from santander.models.booster import OneBooster
from santander.models.contributions import TreeShap
from santander.models.groups import GROUP_FEATURES, N_GROUPS, SHAPE, groups_of, name_of, place_of
from santander.models.progress import Progress, no_progress
from santander.models.training_set import Everyone
from santander.schema.months import Month

if TYPE_CHECKING:
    import xgboost

LogRates = npt.NDArray[np.float32]

LENT = 500.0
"""Customers lent to each group, who add as all do: a group of few says little of its own. No setting: trees correct it."""


class RateSettings(BaseModel):
    """How the trees of the rate are grown, by XGBoost's names where it has one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rounds: int = Field(default=40, ge=1)
    max_depth: int = Field(default=8, ge=1)
    eta: float = Field(default=0.3, gt=0, le=1)
    min_child_weight: float = Field(default=50.0, ge=0)
    max_bin: int = Field(default=64, ge=2)
    seed: int = 0

    @property
    def parameters(self) -> dict[str, Any]:
        """XGBoost's parameters, without the number of threads."""
        own = self.model_dump(exclude={"rounds"})
        return {"objective": "count:poisson", "eval_metric": "poisson-nloglik", "tree_method": "hist", **own}


@dataclass(frozen=True)
class GroupRates:
    """``log_rates`` (84): the logarithm of additions a customer and month, in each group of age band, segment and activity."""

    log_rates: LogRates

    @classmethod
    def of(cls, population: pa.Table) -> Self:
        """Count a population (see ``TrainingData.population``)."""
        number = population["customers"].to_numpy().astype(np.float64)
        added = number * np.bitwise_count(population["added"].to_numpy())
        group = groups_of(population)
        customers, additions = (np.bincount(group, weights=each, minlength=N_GROUPS) for each in (number, added))
        common = max(additions.sum(), 1.0) / max(customers.sum(), 1.0)
        return cls(np.log((additions + LENT * common) / (customers + LENT)).astype(np.float32))

    def of_rows(self, features: Features) -> LogRates:
        """Return the rate of each row's group."""
        return self.log_rates[groups_of(features)]

    def written(self) -> list[dict[str, Any]]:
        """The groups by name, as a saved model keeps them."""
        return [
            {**name_of(place), "log_rate": float(self.log_rates[position])}
            for position, place in enumerate(np.argwhere(np.ones(SHAPE, dtype=np.bool_)))
        ]

    @classmethod
    def read(cls, written: list[dict[str, Any]]) -> Self:
        """Return the object that ``written`` wrote."""
        rates = np.zeros(SHAPE, dtype=np.float32)
        for group in written:
            rates[place_of(group)] = group["log_rate"]
        return cls(rates.ravel())


@dataclass(frozen=True)
class Rate:
    """The rate from the group and, for a model that learns from columns, from trees on those columns."""

    groups: GroupRates
    columns: ColumnPlan | None = None
    booster: "xgboost.Booster | None" = None

    @classmethod
    def fit(
        cls,
        settings: RateSettings,
        columns: ColumnPlan | None,
        everyone: Everyone,
        threads: int,
        progress: Progress = no_progress,
    ) -> Self:
        """Fit on a sample of everybody who counts; without ``columns`` the group alone decides."""
        groups = GroupRates.of(everyone.population)
        if columns is None:
            return cls(groups)
        rows, levels = everyone.rows, _levels(everyone.population)
        dates = rows["snapshot_date"].to_numpy()
        margins = groups.of_rows(rows)
        weight = rows["stands_for"].to_numpy().astype(np.float32)
        for month, of_month in everyone.weights.items():
            within = dates == np.datetime64(month.snapshot)
            margins[within] += levels.get(month, 0.0)
            weight[within] *= of_month.usual
        added = np.bitwise_count(rows["added"].to_numpy()).astype(np.int64)
        counted = weight > 0
        examples = Examples(columns.matrix(rows)[counted], added[counted], weight[counted], margins[counted])
        one = OneBooster(columns, {**settings.parameters, "nthread": threads}, settings.rounds, early_stopping_rounds=1)
        return cls(groups, columns, one.grow(examples, None, lambda done, loss: progress(done, settings.rounds, loss)))

    def log(self, features: Features) -> LogRates:
        """Return the logarithm of the rate of each row."""
        margins = self.groups.of_rows(features)
        if self.booster is None or self.columns is None:
            return margins
        matrix = self.columns.matrix(features)
        return np.asarray(self.booster.inplace_predict(matrix, base_margin=margins, predict_type="margin"), dtype=np.float32)

    def contributions(self, features: Features) -> LogRates:
        """Return what each column adds to the log rate (rows x columns), and in the last column where the group starts."""
        start = self.groups.of_rows(features)[:, None]
        if self._shap is None or self.columns is None:
            return start
        return np.concatenate([self._shap.of(self.columns.matrix(features))[0].T, start], axis=1)

    @cached_property
    def _shap(self) -> TreeShap | None:
        return None if self.booster is None or self.columns is None else TreeShap(self.booster, self.columns.names)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The features that it reads."""
        return (*GROUP_FEATURES, *(() if self.columns is None else self.columns.features))


def _levels(population: pa.Table) -> Mapping[Month, float]:
    """The logarithm of each month's additions a customer against that of all: the trees are to learn who, not when."""
    dates, number = population["snapshot_date"].to_numpy(), population["customers"].to_numpy().astype(np.float64)
    added = number * np.bitwise_count(population["added"].to_numpy())
    common = max(added.sum(), 1.0) / max(number.sum(), 1.0)
    levels = {}
    for date in np.unique(dates):
        within = dates == date
        rate = (added[within].sum() + 1.0) / (number[within].sum() + 1.0 / common)
        levels[Month.of(date.astype("datetime64[D]").item())] = float(np.log(rate / common))
    return levels
