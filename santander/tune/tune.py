"""Tuning from the tables to a candidate: the study goes on or begins, and its best trial is trained for the target and judged."""

import logging
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from santander.config.machine import cores
from santander.config.settings import Settings
from santander.errors import InputError, SantanderError
from santander.ledger.family_months import fingerprints_of_families
from santander.models.month_weight import ALIKE
from santander.models.packages import missing
from santander.pipeline.steps import Steps
from santander.registry.versions import registered
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE
from santander.schema.months import Month
from santander.schema.records import plain, read_record
from santander.training.collect import through, training_data
from santander.training.labelled import labelled_months
from santander.training.plan import plan_months
from santander.training.recipe import Recipe
from santander.training.trained import TrainResult
from santander.tune.plots import draw
from santander.tune.progress import announced
from santander.tune.pruning import MedianOfRecipe
from santander.tune.result import CANDIDATE_FITS, StudyResult, TrialCounts, Tried, recipe_of
from santander.tune.runs import StudyRuns, runs_of
from santander.tune.saving import check_name, place_for, save
from santander.tune.search import Search
from santander.tune.space import Space, competing, families_of
from santander.tune.study import Identity, Study, open_study
from santander.tune.trial_data import TrialData, months_of_trials

log = logging.getLogger(__name__)

_CANDIDATE, _CEILING = "candidate", "ceiling"


@dataclass(frozen=True)
class TuneOptions:
    """What is asked of a study; what is None is as the settings say."""

    trials: int
    timeout: float | None = None
    target: Month | None = None
    space: str | None = None
    sampler: Literal["tpe", "random", "grid"] | None = None
    parallel: int | None = None
    save_as: str | None = None
    promote: bool | None = None


@dataclass(frozen=True)
class Tuned:
    """The JSON object of ``tune``: the study, and of its best trial the version that was made."""

    study: str
    target: Month
    validation_month: Month
    ceiling: float
    trials: TrialCounts
    best: Tried
    default: Tried | None
    """The best of the recipes as they are."""
    gain_over_default: float | None
    """As a share of the default's MAP@7."""
    version: int | None
    promoted: bool
    reason: str
    run_id: str
    """The MLflow run that the trials are logged to."""
    candidate: TrainResult
    saved_as: Path | None
    """The recipe file that the best was kept as."""


def parallel_trials(settings: Settings, asked: int | None) -> int:
    """Trials at a time; raises InputError for several on Spark, where the workers train one model together."""
    wanted = asked or settings.tuning.parallel
    if settings.is_embedded:
        return wanted or cores()
    if wanted is not None and wanted > 1:
        raise InputError(
            f"{wanted} trials at a time on {settings.master}: on Spark the workers train one model together",
            hint="leave out --parallel",
        )
    return 1


def check_options(settings: Settings, options: TuneOptions) -> None:
    """Raise InputError for what can be known to be wrong without tables: number of trials at a time, space, recipes, name.

    Recipes whose packages are not installed are named by a warning.
    """
    parallel_trials(settings, options.parallel)
    space = Space.load(options.space or settings.tuning.space)
    for name in space.recipes.keys() - competing(space).keys():
        log.warning("recipe %s is left out: %s is not installed", name, ", ".join(missing(Recipe.load(name).model.packages)))
    if options.save_as is not None:
        check_name(options.save_as)


def tune(steps: Steps, options: TuneOptions) -> tuple[StudyResult, Tuned]:
    """Make the trials that a study still lacks, then train, judge and register its best.

    Raises InputError before the first trial for a space that does not fit its recipes, months that do not suffice and a
    name that cannot be saved; SantanderError when interrupted, or when no trial was completed.
    """
    settings, lake, rule = steps.settings, steps.lake, steps.settings.tuning
    parallel_trials(settings, options.parallel)
    space = Space.load(options.space or rule.space)
    recipes = competing(space)
    labelled = labelled_months(lake)
    target = options.target or (labelled[-1] + 1 if labelled else max(lake.months(CUSTOMERS)))
    months = months_of_trials(recipes.values(), target, labelled)
    for recipe in recipes.values():
        plan_months(recipe.model_copy(update={"fits": CANDIDATE_FITS}), target, labelled)
    families = families_of(space, recipes)
    steps.refuse_stale_features([*months, target - 1], families)
    steps.refuse_unfit_champion(promote=options.promote)
    identity = Identity.of(space, recipes, target, _rows(steps, months, families))
    place = None if options.save_as is None else place_for(options.save_as, str(identity))
    tags = {"space": space.name, "target": str(target), "validation_month": str(target - 2)}
    pruner = MedianOfRecipe(rule.startup_trials, rule.tolerance)
    with open_study(settings, lake, identity, pruner) as study, _going_on(study, options):
        _say_what_is_there(study, options.trials, buried=study.bury_the_dead())
        with runs_of(settings, lake, study, space, tags) as runs:
            if study.finished < options.trials:
                retrieve = through(steps.store).also(families)
                with training_data(settings, lake, retrieve, dict.fromkeys(months, ALIKE)) as training:
                    data = TrialData.of(target, labelled, training)
                    study.optuna.set_user_attr(_CEILING, data.judged.ceiling)
                    _search(settings, study, space, recipes, data, runs, options)
            result = StudyResult.of(study, space, target - 2, study.optuna.user_attrs[_CEILING])
            _report(study, result, runs)
            best = result.best
            if best is None:
                counts = result.counts().in_words() or "none was begun"
                raise SantanderError(
                    f"no trial of study {study.name} was completed ({counts}): nothing to train",
                    hint="give it longer by --timeout, or more --trials",
                )
            log.info("%s", result.comparison())
            recipe = recipe_of(best, recipes, space, options.save_as)
            candidate = _candidate(steps, study, runs, recipe, best, target, options)
            if place is not None:
                save(recipe, place, study.name, f"{result.comparison()}; version {candidate.version}")
    return result, Tuned(
        study=result.name,
        target=target,
        validation_month=result.month,
        ceiling=result.ceiling,
        trials=result.counts(),
        best=best,
        default=result.default,
        gain_over_default=result.gain,
        version=candidate.version,
        promoted=candidate.promoted,
        reason=candidate.reason,
        run_id=runs.run_id,
        candidate=candidate,
        saved_as=place,
    )


@contextmanager
def _going_on(study: Study, options: TuneOptions) -> Iterator[None]:
    """Say of an interrupt how the study goes on."""
    try:
        yield
    except KeyboardInterrupt:
        raise SantanderError(
            f"interrupted: {study.finished} of {options.trials} trials of study {study.name} are finished",
            hint="the same command goes on from there",
        ) from None


def _rows(steps: Steps, months: list[Month], families: Collection[str]) -> dict[str, dict[str, Any]]:
    """Return the fingerprint of each month of each table that the trials are fitted and measured on."""
    tables = {table.name: steps.lake.fingerprints(table) for table in (CUSTOMERS, FEATURES_TABLE)}
    rows = {name: {str(month): prints.get(month) for month in months} for name, prints in tables.items()}
    return {**rows, **fingerprints_of_families(steps.lake, families, months)}


def _say_what_is_there(study: Study, wanted: int, *, buried: int) -> None:
    finished = study.finished
    if not finished and not buried:
        log.info("study %s: %d trials", study.name, wanted)
        return
    again = f", {buried} stopped in the middle made again" if buried else ""
    log.info("study %s goes on: %d of %d trials are finished%s", study.name, finished, wanted, again)


def _search(
    settings: Settings,
    study: Study,
    space: Space,
    recipes: dict[str, Recipe],
    data: TrialData,
    runs: StudyRuns,
    options: TuneOptions,
) -> None:
    rule, parallel = settings.tuning, parallel_trials(settings, options.parallel)
    if options.sampler is not None:
        rule = rule.model_copy(update={"sampler": options.sampler})
    if parallel > 1:
        data = data.with_threads(max(1, cores() // parallel))
    deadline = float("inf") if options.timeout is None else time.monotonic() + options.timeout
    with announced(study.finished, options.trials) as announce:
        Search(study, space, recipes, data, runs, rule, options.trials, deadline, parallel, announce).run()
    if study.finished < options.trials and time.monotonic() >= deadline:
        log.info("the time is up: %d of %d trials are finished; the same command goes on", study.finished, options.trials)


def _report(study: Study, result: StudyResult, runs: StudyRuns) -> None:
    """Log the figures, plots and trials of the study so far in place of those logged before."""
    figures = {f"trials_{state}": float(number) for state, number in asdict(result.counts()).items()}
    for name, trial in (("best", result.best), ("default", result.default)):
        if trial is not None:
            figures |= {f"{name}_map7": trial.map7 or 0.0, f"{name}_share_of_ceiling": trial.share_of_ceiling or 0.0}
    if result.gain is not None:
        figures["gain_over_default"] = result.gain
    runs.log_metrics(figures)
    runs.log_text(result.as_csv(), "trials.csv")
    for name, figure in draw(study.optuna).items():
        runs.client.log_figure(runs.run_id, figure, f"plots/{name}.png")
    runs.tag(comparison=result.comparison(), **{"mlflow.note.content": f"{result.comparison()}."})


def _candidate(
    steps: Steps, study: Study, runs: StudyRuns, recipe: Recipe, best: Tried, target: Month, options: TuneOptions
) -> TrainResult:
    """Register what the best trial makes for the target, unless that was done."""
    made_of = {"trial": best.trial, "recipe": recipe.model_dump(mode="json")}
    before = study.optuna.user_attrs.get(_CANDIDATE)
    if before and before["made_of"] == made_of:
        made = read_record(TrainResult, before["result"])
        version = None if made.version is None else registered(steps.settings).get(made.version)
        if version is not None and version.run_id == made.run_id:
            log.info("version %d was made of trial %d before", made.version, best.trial)
            return made
    # a recipe as it is may have been trained before, and would come out the same
    result = steps.train(target, recipe, anyway=not best.as_is, promote=options.promote).result
    study.optuna.set_user_attr(_CANDIDATE, {"made_of": made_of, "result": plain(result)})
    runs.tag(candidate_version=str(result.version), promoted=str(result.promoted).lower())
    if result.version is not None:
        name = steps.settings.mlflow.registered_model
        runs.client.set_model_version_tag(name, str(result.version), "study", study.name)
    return result
