"""Which months a recipe is fitted and judged on, given the month to score."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from santander.errors import TooLittleData
from santander.models.month_weight import MonthWeight
from santander.schema.months import Month
from santander.training.recipe import Recipe


class TooFewMonths(TooLittleData):
    """The months at hand do not allow a recipe to be fitted and judged for a target."""


class FitName(StrEnum):
    """The three fits of a recipe for one target month."""

    ROUNDS = "rounds"
    JUDGED = "judged"
    PROMOTED = "promoted"


@dataclass(frozen=True)
class PlannedFit:
    """One fit: its months with their weights, all before the month it predicts, and the month that may stop it."""

    name: FitName
    predicts: Month
    weights: dict[Month, MonthWeight]
    validation: Month | None = None


@dataclass(frozen=True)
class MonthPlan:
    """The fits for one target. Every fit is the recipe applied to the month that fit predicts.

    That is target - 2, the validation month, for the rounds, target - 1, the gate month, for the judged fit, and the target.
    """

    target: Month
    fits: tuple[PlannedFit, ...]

    @property
    def gate(self) -> Month:
        """The month the judged fit meets the champion on."""
        return self.target - 1

    @property
    def months(self) -> list[Month]:
        """All months that labels are needed of for fitting and stopping, in order."""
        fitted = {month for fit in self.fits for month in fit.weights}
        return sorted(fitted | {fit.validation for fit in self.fits if fit.validation is not None})


def plan_months(recipe: Recipe, target: Month, labelled: Sequence[Month]) -> MonthPlan:
    """Plan the recipe's fits on these months with known additions; raises TooFewMonths, which names the month that is missing."""
    if not labelled:
        raise TooFewMonths("no additions are known", hint="ingest at least three months in a row with products")
    gate, validation = target - 1, target - 2
    possible = ((FitName.ROUNDS, validation, validation), (FitName.JUDGED, gate, None), (FitName.PROMOTED, target, None))
    fits = []
    for name, predicts, stop_on in possible:
        if not getattr(recipe.fits, name):
            continue
        if name is not FitName.PROMOTED and predicts not in labelled:
            raise TooFewMonths(
                f"a model for {target} is judged on {gate}, and additions of {predicts} are not known: they need products in "
                f"{predicts - 1} and {predicts}; known are {labelled[0]} to {labelled[-1]}",
                month=target,
                hint=f"choose another month with --month, {labelled[-1] + 1} at the latest, or ingest those",
            )
        weights = recipe.weights_before(predicts, labelled)
        if not weights:
            raise TooFewMonths(
                f"recipe {recipe.name} has no month to learn from before {predicts}: "
                f"additions are known of {labelled[0]} to {labelled[-1]}",
                month=target,
                hint=f"ingest earlier months or switch the fit '{name}' off",
            )
        fits.append(PlannedFit(name, predicts, weights, stop_on))
    if not fits:
        raise TooFewMonths(
            f"recipe {recipe.name} has every fit switched off: there is nothing to train", hint="switch one of its 'fits' on"
        )
    return MonthPlan(target, tuple(fits))
