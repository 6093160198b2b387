"""Growing a booster on examples. The same code runs in the driver on all rows and on each worker on its part of them.

What it needs is plain values and Arrow rows, so it can be sent to where the rows are. Inside one of xgboost's
communicators the bins and the histograms are those of the rows of all workers together, without a word about it here.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from santander.bank.products import N_PRODUCTS
from santander.features.expansion import ColumnGroup, ColumnPlan, Features, Matrix

if TYPE_CHECKING:
    import xgboost

    from santander.models.recommender import Progress

# OpenMP's threads spin while they wait for each other. Ten rounds on 180,000 rows of 76 columns and 20 classes took 2.1 to
# 2.5 s that way and 2.6 s asleep on two idle cores, but 14 to 19 s against 3.9 s beside one other busy process. The
# variable is read when xgboost is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")


@dataclass(frozen=True)
class Additions:
    """Examples for a model of one product: example i is row ``row[i]`` of ``buyers``, who added ``product[i]``."""

    buyers: Features
    row: npt.NDArray[np.intp]
    product: npt.NDArray[np.int8]
    weight: npt.NDArray[np.float32]

    def counts(self) -> npt.NDArray[np.int64]:
        """How many examples there are of each product (24)."""
        return np.bincount(self.product, minlength=N_PRODUCTS)


@dataclass(frozen=True)
class Boosting:
    """What a booster learns and how: a class for each of ``products`` (bits, ascending) from the columns of the groups.

    ``parameters`` are xgboost's own by its names, without the number of threads.
    """

    columns: tuple[ColumnGroup, ...]
    products: tuple[int, ...]
    parameters: Mapping[str, Any]
    rounds: int
    early_stopping_rounds: int

    def grow(self, training: Additions, validation: Additions | None, threads: int, progress: "Progress") -> "xgboost.Booster":
        """Grow ``rounds`` rounds, or with ``validation`` until its log-loss has not fallen for a while.

        Examples of other products are left out; there may be none left on one of several workers.
        """
        import xgboost

        train = self._quantised(training, threads)
        watched = [] if validation is None else [(self._quantised(validation, threads, train), "validation")]
        booster = xgboost.train(
            {**self.parameters, "num_class": len(self.products), "nthread": threads},
            train,
            num_boost_round=self.rounds,
            evals=watched,
            early_stopping_rounds=self.early_stopping_rounds if watched else None,
            callbacks=[_report_to(progress, self.rounds)],
            verbose_eval=False,
        )
        return booster[: booster.best_iteration + 1] if watched else booster

    def _quantised(
        self, examples: Additions, threads: int, reference: "xgboost.QuantileDMatrix | None" = None
    ) -> "xgboost.QuantileDMatrix":
        """The examples of the products in bins; labels are positions in ``products``."""
        import xgboost

        plan = ColumnPlan(self.columns)
        taken = np.isin(examples.product, self.products)
        matrix: Matrix = plan.matrix(examples.buyers)[examples.row[taken]]
        return xgboost.QuantileDMatrix(
            matrix,
            label=np.searchsorted(self.products, examples.product[taken]),
            weight=examples.weight[taken],
            feature_names=list(plan.names),
            max_bin=self.parameters["max_bin"],
            nthread=threads,
            ref=reference,
        )


def _report_to(progress: "Progress", most: int) -> "xgboost.callback.TrainingCallback":
    import xgboost

    class Report(xgboost.callback.TrainingCallback):
        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:  # noqa: ARG002  (the signature is xgboost's)
            losses = evals_log.get("validation", {}).get("mlogloss")
            progress(epoch + 1, most, float(losses[-1]) if losses else None)
            return False

    return Report()
