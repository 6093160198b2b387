"""Gives up trials that do worse on the validation month than others of their recipe did after learning as much.

A step is a unit of rounds times learning rate: at half the rate a booster needs twice the rounds.
"""

import math
import statistics
import threading

import optuna
from optuna.pruners import BasePruner
from optuna.trial import FrozenTrial, TrialState

from santander.models.progress import Progress
from santander.models.recommender import KindSettings

RECIPE = "recipe"
"""The parameter of a trial that says which recipe it is of."""
_LEARNING_RATES = ("eta", "learning_rate")


class Stopped(Exception):
    """The search was interrupted: the trial ends at its next round and is made again when the study goes on."""


class MedianOfRecipe(BasePruner):
    """Gives a trial up whose best loss is worse than the median of the others at the same step by more than a tolerance.

    Optuna's own median rule has no tolerance and gives up every other trial: see docs/tuning.md.
    """

    def __init__(self, startup_trials: int, tolerance: float) -> None:
        """``startup_trials`` is how many trials of the recipe must be completed; ``tolerance`` is a share of the median."""
        self._startup_trials, self._tolerance = startup_trials, tolerance

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        """Whether the trial is hopeless. Values are losses with the sign turned, as everything in a study is maximised."""
        completed = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        others = [other.intermediate_values for other in completed if other.params.get(RECIPE) == trial.params.get(RECIPE)]
        step = trial.last_step
        at_step = [-values[step] for values in others if step is not None and step in values]
        if len(others) < self._startup_trials or not at_step:
            return False
        best = min(-value for value in trial.intermediate_values.values())
        return best > statistics.median(at_step) * (1 + self._tolerance)


class Watch:
    """The Progress of a trial: tells the study how the loss falls, and ends the fit when the study has seen enough.

    That is after ``warmup_rounds`` at the earliest, with None never, and never for kinds that tell no loss, nor on Spark.
    """

    def __init__(
        self, trial: optuna.Trial, settings: KindSettings, warmup_rounds: int | None, show: Progress, stop: threading.Event
    ) -> None:
        self._trial, self._warmup_rounds, self._show, self._stop = trial, warmup_rounds, show, stop
        self._rate = learning_rate(settings)
        self._step = 0
        self.losses: list[tuple[int, float]] = []
        """Pairs of rounds and loss, one a step."""

    def __call__(self, done: int, most: int, loss: float | None) -> None:
        """Raises optuna.TrialPruned when the trial is hopeless, Stopped when the search was interrupted."""
        if self._stop.is_set():
            raise Stopped
        self._show(done, most, loss)
        step = int(done * self._rate + 1e-9)
        if loss is None or not math.isfinite(loss) or step <= self._step:
            return
        self._step = step
        self.losses.append((done, loss))
        self._trial.report(-loss, step)
        if self._warmup_rounds is not None and done >= self._warmup_rounds and self._trial.should_prune():
            raise optuna.TrialPruned(f"after {done} rounds with loss {loss:.4f}")


def learning_rate(settings: KindSettings) -> float:
    """Return the learning rate of the kind's rounds; 1 for a kind that has none."""
    for name in _LEARNING_RATES:
        if isinstance(rate := getattr(settings, name, None), float):
            return rate
    return 1.0
