"""One XGBoost booster: grown on examples, read from a file, and what it says of its columns."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from santander.features.expansion import ColumnPlan
from santander.models.additions import Examples

if TYPE_CHECKING:
    import xgboost

# OpenMP's threads spin while they wait for each other. Ten rounds on 180,000 rows of 76 columns and 20 classes took 2.1 to
# 2.5 s that way and 2.6 s asleep on two idle cores, but 14 to 19 s against 3.9 s beside one other busy process. The
# variable is read when xgboost is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

RoundReport = Callable[[int, float | None], None]
"""Called with: rounds done of one booster, loss on the validation months where there are any."""


@dataclass(frozen=True)
class OneBooster:
    """How one booster is grown; ``parameters`` are xgboost's own, with the number of threads."""

    columns: ColumnPlan
    parameters: Mapping[str, Any]
    rounds: int
    early_stopping_rounds: int

    def grow(self, training: Examples, validation: Examples | None, progress: RoundReport) -> "xgboost.Booster":
        """Grow ``rounds`` rounds, or with ``validation`` until its loss has not fallen for a while."""
        import xgboost

        train = self._quantised(training)
        watched = [] if validation is None else [(self._quantised(validation, train), "validation")]
        booster = xgboost.train(
            dict(self.parameters),
            train,
            num_boost_round=self.rounds,
            evals=watched,
            early_stopping_rounds=self.early_stopping_rounds if watched else None,
            callbacks=[_report_to(progress, self.parameters["eval_metric"])],
            verbose_eval=False,
        )
        return booster[: booster.best_iteration + 1] if watched else booster

    def _quantised(self, examples: Examples, reference: "xgboost.QuantileDMatrix | None" = None) -> "xgboost.QuantileDMatrix":
        """The examples in bins."""
        import xgboost

        return xgboost.QuantileDMatrix(
            examples.matrix,
            label=examples.label,
            weight=examples.weight,
            base_margin=examples.margins,
            feature_names=list(self.columns.names),
            max_bin=self.parameters["max_bin"],
            nthread=self.parameters["nthread"],
            ref=reference,
        )


def read_booster(file: Path) -> "xgboost.Booster":
    """A saved booster, which uses as many threads as the process may: it may score on a worker that shares its cores."""
    import xgboost

    booster = xgboost.Booster(model_file=file)
    booster.set_param({"nthread": 0})
    return booster


def shares_of_gain(boosters: Sequence["xgboost.Booster"], columns: Sequence[str]) -> dict[str, float]:
    """For each column used: the loss it took away over all splits of all boosters, as a share of all."""
    gains = [booster.get_score(importance_type="total_gain") for booster in boosters]
    by_column = {name: sum(float(np.sum(each.get(name, 0.0))) for each in gains) for name in columns}
    total = sum(by_column.values()) or 1.0
    return {name: gain / total for name, gain in by_column.items() if any(name in each for each in gains)}


def _report_to(report: RoundReport, metric: str) -> "xgboost.callback.TrainingCallback":
    import xgboost

    class Report(xgboost.callback.TrainingCallback):
        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:  # noqa: ARG002  (the signature is xgboost's)
            losses = evals_log.get("validation", {}).get(metric)
            report(epoch + 1, float(losses[-1]) if losses else None)
            return False

    return Report()
