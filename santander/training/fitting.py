"""The fits of a recipe for one target month, from a training set that holds all their months."""

import logging
import time
from dataclasses import replace

from santander.errors import TooLittleData
from santander.models.level import Level
from santander.models.month_weight import ALIKE
from santander.models.popularity import Popularity, PopularitySettings
from santander.models.recommender import KindSettings
from santander.models.training_set import TrainingData, TrainingSet
from santander.schema.months import Month
from santander.training.candidate import Candidate, Fit
from santander.training.chances import fit_chances
from santander.training.plan import FitName, MonthPlan, PlannedFit
from santander.training.progress import progress_of
from santander.training.recipe import Recipe

log = logging.getLogger(__name__)


def fit_candidate(recipe: Recipe, plan: MonthPlan, training: TrainingData, level: Level | None = None) -> Candidate:
    """Make every planned fit; when rounds are searched, the later fits take over the number found.

    With ``level``, how often each product was added in the months known, the fits have chances beside their models and baselines.
    """
    settings = recipe.model_settings
    fits: dict[FitName, Fit] = {}
    searched_on: Month | None = None
    for planned in plan.fits:
        fit = fit_once(recipe, settings, planned, training, searched_on)
        if planned.name is FitName.ROUNDS:
            settings, searched_on = fit.model.with_rounds(fit.model.rounds), planned.validation
            continue
        if level is not None:
            own, baselines = fit_chances(recipe.chances, (fit.model, fit.baseline), planned, training, level)
            fit = replace(fit, chances=own, baseline_chances=baselines)
        fits[planned.name] = fit
    return Candidate(recipe, plan.target, fits)


def validation_rows(training: TrainingData, month: Month, remedy: str) -> TrainingData:
    """The rows that a fit stops on and trials are measured by; raises TooLittleData where nobody added anything in the month."""
    rows = training.of_months({month: ALIKE})
    if not rows.counts().any():
        raise TooLittleData(f"nobody added anything in {month}, so nothing can be searched on it", month=month, hint=remedy)
    return rows


def fit_once(
    recipe: Recipe, settings: KindSettings, planned: PlannedFit, training: TrainingData, searched_on: Month | None = None
) -> Fit:
    """Make one planned fit with these settings of the recipe's kind, whose rounds were chosen on the month ``searched_on``."""
    started = time.monotonic()
    months = training.of_months(planned.weights)
    remedy = f"switch the fit '{planned.name}' of {recipe.name} off"
    validation = None if planned.validation is None else validation_rows(training, planned.validation, remedy)
    title = f"fit {planned.name} of {recipe.name} for {planned.predicts}"
    with progress_of(title) as progress:
        model = recipe.model.fit(settings, months, validation, progress)
    seconds = time.monotonic() - started
    additions = f"{months.counts().sum():,}"
    place = training.place if recipe.model.trains_on_workers else TrainingSet.place
    log.info("%s: %d months, %s additions, %.1f s on %s", title, len(planned.weights), additions, seconds, place)
    baseline = Popularity.fit(PopularitySettings(), months)
    return Fit(planned.name, model, baseline, dict(planned.weights), planned.validation or searched_on, seconds, place)
