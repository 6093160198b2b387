"""What trials see and how they are measured: by MAP@7 of the validation month. The gate month is not among the rows."""

import dataclasses
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from santander.errors import SantanderError
from santander.evaluation.buyers import BuyersOfMonth, buyers_of_month
from santander.models.month_weight import ALIKE
from santander.models.progress import Progress
from santander.models.training_set import TrainingData, TrainingSet
from santander.schema.months import Month
from santander.training.fitting import validation_rows
from santander.training.plan import MonthPlan, plan_months
from santander.training.recipe import Fits, Recipe

_ONLY_ROUNDS = Fits(rounds=True, judged=False, promoted=False)


def plan_of_trial(recipe: Recipe, target: Month, labelled: Sequence[Month]) -> MonthPlan:
    """The one fit of a trial: it predicts the validation month, which may also stop it. Raises TooFewMonths."""
    return plan_months(recipe.model_copy(update={"fits": _ONLY_ROUNDS}), target, labelled)


def months_of_trials(recipes: Iterable[Recipe], target: Month, labelled: Sequence[Month]) -> list[Month]:
    """All months that trials of these recipes see, in order; raises TooFewMonths."""
    return sorted({month for recipe in recipes for month in plan_of_trial(recipe, target, labelled).months})


@dataclass(frozen=True)
class Measured:
    """What a trial reached on the validation month."""

    map7: float
    rounds: int | None
    """Rounds that the validation month found; None for a kind without."""
    found: Mapping[str, Any]
    """Settings that the fit itself settled, such as the rounds."""
    seconds: float


@dataclass(frozen=True)
class TrialData:
    """The rows of all trials of a study, and the buyers of the validation month to measure them on."""

    target: Month
    labelled: Sequence[Month]
    training: TrainingData
    judged: BuyersOfMonth

    @classmethod
    def of(cls, target: Month, labelled: Sequence[Month], training: TrainingData) -> "TrialData":
        """Measure on the validation month, which must be among the rows; raises InputError when nobody added anything in it."""
        validation_rows(training, target - 2, "tune for another month")
        return cls(target, labelled, training, buyers_of_month(training, target - 2))

    def with_threads(self, threads: int) -> "TrialData":
        """For trials beside which others run: each fit in the driver takes so many threads."""
        if not isinstance(self.training, TrainingSet):
            return self
        return dataclasses.replace(self, training=dataclasses.replace(self.training, threads=threads))

    def share_of_ceiling(self, map7: float) -> float:
        """MAP@7 as a share of what can be reached in the month."""
        return map7 / self.judged.ceiling

    def measure(self, recipe: Recipe, progress: Progress) -> Measured:
        """Fit a recipe and measure it; what the progress raises is passed on. Raises SantanderError for a MAP@7 that is none."""
        started = time.monotonic()
        (planned,) = plan_of_trial(recipe, self.target, self.labelled).fits
        settings = recipe.model_settings
        months, validation = self.training.of_months(planned.weights), self.training.of_months({self.judged.month: ALIKE})
        model = recipe.model.fit(settings, months, validation, progress)
        map7 = self.judged.map7(model)
        if not math.isfinite(map7):
            raise SantanderError(f"the scores of {recipe.name} are no numbers: MAP@7 of {self.judged.month} is {map7}")
        before, after = settings.model_dump(mode="json"), model.with_rounds(model.rounds).model_dump(mode="json")
        found = {name: value for name, value in after.items() if before.get(name) != value}
        return Measured(map7, model.rounds, found, time.monotonic() - started)
