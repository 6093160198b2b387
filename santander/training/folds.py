"""The folds of a cross-validation over time: the last months, each judged by fits of months before it alone, as the gate does."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from santander.errors import InputError
from santander.schema.months import Month
from santander.training.plan import MonthPlan, TooFewMonths, plan_months
from santander.training.recipe import Fits, MonthsBefore, Recipe

Window = Literal["expanding", "recipe"]


@dataclass(frozen=True)
class PlannedFold:
    """The fits that predict one month, all on months before it, and the recipe as it is for this fold."""

    month: Month
    recipe: Recipe
    plan: MonthPlan


def plan_folds(recipe: Recipe, labelled: Sequence[Month], folds: int, window: Window) -> list[PlannedFold]:
    """Return the last ``folds`` labelled months in order of time, each with its fits.

    Window ``recipe`` fits on the months that the recipe names, ``expanding`` also on all other labelled months, at weight 1.
    Raises InputError when the first fold would have nothing to learn from.
    """
    if len(labelled) < folds:
        raise InputError(
            f"{folds} folds need {folds} months whose additions are known, and months before them; known are {len(labelled)}",
            hint="ask for fewer --folds, or ingest more months",
        )
    judged = recipe.model_copy(update={"fits": Fits(rounds=recipe.fits.rounds, judged=True, promoted=False)})
    planned = []
    for month in sorted(labelled)[-folds:]:
        known = [each for each in sorted(labelled) if each <= month]
        made = judged if window == "recipe" else reaching_back(judged, month.index - known[0].index)
        try:
            planned.append(PlannedFold(month, made, plan_months(made, month + 1, known)))
        except TooFewMonths:
            span = f"{known[0]} to {labelled[-1]}"
            raise InputError(
                f"fold {month} has too few months before it to learn from: additions are known of {span}",
                month=month,
                hint="ask for fewer --folds",
            ) from None
    return planned


def reaching_back(recipe: Recipe, months: int) -> Recipe:
    """The recipe with every month it does not name, as far back as ``months``, at weight 1."""
    named = {back for stretch in recipe.months for back in range(stretch.first, stretch.last + 1)}
    added = tuple(MonthsBefore(first=back, last=back) for back in range(1, months + 1) if back not in named)
    return recipe.model_copy(update={"months": (*recipe.months, *added)})


def months_of(planned: Sequence[PlannedFold]) -> list[Month]:
    """Every month whose additions the folds are fitted or judged on, in order."""
    return sorted({month for fold in planned for month in (fold.month, *fold.plan.months)})
