"""The rate of a customer: how many of each product the customer is expected to add in a month of usual level.

Scores say which product is the likeliest for one customer; the rate says which customer adds anything at all. It starts from
factors that tell customers apart (models/log_linear.py), and trees with a log link go on from there.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from santander.features.expansion import ColumnPlan, Features, Matrix, bits_of, integers
from santander.models.additions import Examples
from santander.models.booster import OneBooster, predicted
from santander.models.contributions import Contributions, TreeShap
from santander.models.customer_factors import CustomerFactors
from santander.models.log_linear import LogLinear
from santander.models.progress import Progress, no_progress
from santander.models.training_set import Everyone

if TYPE_CHECKING:
    import xgboost

LogRates = npt.NDArray[np.float32]

_LEAST = 1e-8
"""What is expected of somebody who owns all that is ever added: not 0, whose logarithm is no number."""


class RateSettings(BaseModel):
    """How the trees of the rate are grown, by XGBoost's names where it has one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rounds: int = Field(default=40, ge=1)
    max_depth: int = Field(default=8, ge=1)
    eta: float = Field(default=0.2, gt=0, le=1)
    min_child_weight: float = Field(default=200.0, ge=0)
    max_bin: int = Field(default=64, ge=2)
    seed: int = 0

    @property
    def parameters(self) -> dict[str, Any]:
        """XGBoost's parameters, without the number of threads."""
        own = self.model_dump(exclude={"rounds"})
        return {"objective": "count:poisson", "eval_metric": "poisson-nloglik", "tree_method": "hist", **own}


@dataclass(frozen=True)
class Rate:
    """Factors that say of each product how often it is added, and, for a model that learns from columns, trees on those columns.

    The trees correct all products of a customer alike: they know what factors do not, but not which product.
    """

    factors: LogLinear
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
        rows = everyone.rows
        known = CustomerFactors.groups_alone() if columns is None else CustomerFactors.of(rows)
        factors, logs = LogLinear.fit(known, everyone)
        if columns is None:
            return cls(factors)
        margins = _log_of_all(logs, rows)
        weight = everyone.row_weights.astype(np.float32)
        added = np.bitwise_count(rows["added"].to_numpy()).astype(np.int64)
        counted = weight > 0
        examples = Examples(columns.matrix(rows)[counted], added[counted], weight[counted], margins[counted])
        one = OneBooster(columns, {**settings.parameters, "nthread": threads}, settings.rounds, early_stopping_rounds=1)
        return cls(factors, columns, one.grow(examples, None, lambda done, loss: progress(done, settings.rounds, loss)))

    def logs(self, features: Features) -> LogRates:
        """Return the logarithm of how many of each product are expected (rows x 24), of products that are owned as well."""
        logs = self.factors.logs(features)
        return logs if self.columns is None else logs + self._corrections(self.columns.matrix(features))[:, None]

    def contributions(self, features: Features) -> Contributions:
        """Return what each column adds to the logs: the factors' and, alike for all products, those of the trees."""
        found = self.factors.contributions(features)
        if self._shap is None or self.columns is None:
            return found
        matrix = self.columns.matrix(features)
        return found.plus(self.columns.names, matrix.T, self._shap.of(matrix)[0], self._corrections(matrix))

    def _corrections(self, matrix: Matrix) -> LogRates:
        none = np.zeros(len(matrix), dtype=np.float32)
        if self.booster is None:
            return none
        return predicted(self.booster, matrix, none, as_margins=True)

    @cached_property
    def _shap(self) -> TreeShap | None:
        return None if self.booster is None or self.columns is None else TreeShap(self.booster, self.columns.names)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The features that it reads."""
        return tuple(dict.fromkeys((*self.factors.factors.features, *(() if self.columns is None else self.columns.features))))


def _log_of_all(logs: LogRates, rows: Features) -> LogRates:
    """Return the logarithm of how many products of any kind are expected (rows), of those that the customer does not own."""
    open_ = bits_of(integers(rows, "owned", unknown=0)) == 0
    total = np.where(open_, np.exp(logs), 0).sum(axis=1)
    return np.asarray(np.log(np.maximum(total, _LEAST)), dtype=np.float32)
