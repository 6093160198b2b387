"""Tuning from the tables to a candidate: the study goes on or begins, and its best trial is trained for the target and judged."""

import logging
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from santander.config.machine import cores
from santander.config.settings import Settings
from santander.errors import InputError, SantanderError
from santander.models.month_weight import ALIKE
from santander.pipeline.steps import Steps
from santander.registry.versions import registered
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE
from santander.schema.months import Month
from santander.schema.records import plain, read_record
from santander.training.collect import through, training_data
from santander.training.labelled import labelled_months
from santander.training.plan import plan_months
from santander.training.recipe import Fits, Recipe
from santander.training.trained import TrainResult
from santander.tune import plots
from santander.tune.ground import Ground, months_of_trials
from santander.tune.progress import announced
from santander.tune.pruning import MedianOfRecipe
from santander.tune.result import StudyResult, TrialCounts, TrialFigures, Tried, recipe_of
from santander.tune.runs import FINISHED, KILLED, StudyRuns
from santander.tune.sampling import SamplerName
from santander.tune.saving import check_name, place_for, save
from santander.tune.search import Search, SearchPlan
from santander.tune.space import Space, competing, missing_packages
from santander.tune.study import Identity, Study, open_study

log = logging.getLogger(__name__)

_CANDIDATE, _CEILING = "candidate", "ceiling"


@dataclass(frozen=True)
class Wish:
    """What is asked of a study; what is None is as the settings say."""

    trials: int
    timeout: float | None = None
    target: Month | None = None
    space: str | None = None
    sampler: SamplerName | None = None
    parallel: int | None = None
    save_as: str | None = None
    promote: bool | None = None


@dataclass(frozen=True)
class TunePayload:
    """The JSON object of ``tune``: the study, and of its best trial the version that was made."""

    study: str
    target: Month
    validation_month: Month
    ceiling: float
    trials: TrialCounts
    best: TrialFigures | None
    default: TrialFigures | None
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


@dataclass(frozen=True)
class Tuned:
    """What came of it: the study, and of its best trial the candidate as ``Steps.train`` tells of it."""

    study: StudyResult
    target: Month
    run_id: str
    candidate: TrainResult
    saved_as: Path | None

    def payload(self) -> TunePayload:
        """The JSON object of ``tune``."""
        best, default = self.study.best, self.study.default
        return TunePayload(
            study=self.study.name,
            target=self.target,
            validation_month=self.study.month,
            ceiling=self.study.ceiling,
            trials=self.study.counts(),
            best=best.figures() if best else None,
            default=default.figures() if default else None,
            gain_over_default=self.study.gain,
            version=self.candidate.version,
            promoted=self.candidate.promoted,
            reason=self.candidate.reason,
            run_id=self.run_id,
            candidate=self.candidate,
            saved_as=self.saved_as,
        )


def parallel_trials(settings: Settings, asked: int | None) -> int:
    """Trials at a time; raises InputError for several on Spark, where the workers train one model together."""
    wanted = asked or settings.tuning.parallel
    if settings.is_embedded:
        return wanted or cores()
    if wanted is not None and wanted > 1:
        raise InputError(f"{wanted} trials at a time on {settings.master}: on Spark the workers train one model together")
    return 1


def check_wish(settings: Settings, wish: Wish) -> None:
    """Raise InputError for what can be known to be wrong without tables: number of trials at a time, space, recipes, name."""
    parallel_trials(settings, wish.parallel)
    competing(Space.load(wish.space or settings.tuning.space))
    if wish.save_as is not None:
        check_name(wish.save_as)


def tune(steps: Steps, wish: Wish) -> Tuned:
    """Make the trials that a study still lacks, then train, judge and register its best.

    Raises InputError before the first trial for a space that does not fit its recipes, months that do not suffice and a
    name that cannot be saved; SantanderError when interrupted, or when no trial was completed.
    """
    settings, lake = steps.settings, steps.lake
    parallel = parallel_trials(settings, wish.parallel)
    space = Space.load(wish.space or settings.tuning.space)
    recipes = _competing(space)
    labelled = labelled_months(lake)
    target = wish.target or (labelled[-1] + 1 if labelled else max(lake.months(CUSTOMERS)))
    months = months_of_trials(recipes.values(), target, labelled)
    for recipe in recipes.values():
        plan_months(recipe.model_copy(update={"fits": Fits(rounds=False, judged=True, promoted=True)}), target, labelled)
    steps.refuse_stale_features([*months, target - 1])
    steps.refuse_unfit_champion(promote=wish.promote)
    identity = Identity.of(space, recipes, target, _rows(steps, months))
    place = None if wish.save_as is None else place_for(wish.save_as, str(identity))
    pruner = MedianOfRecipe(settings.tuning.startup_trials, settings.tuning.tolerance)
    with open_study(settings, lake, identity, pruner) as study:
        _say_what_is_there(study, wish.trials, buried=study.bury_the_dead())
        tags = {"space": space.name, "target": str(target), "validation_month": str(target - 2)}
        runs = StudyRuns.open(settings, lake, study, space, tags)
        if study.finished < wish.trials:
            try:
                with training_data(settings, lake, through(steps.store), dict.fromkeys(months, ALIKE)) as training:
                    ground = Ground.of(target, labelled, training)
                    study.optuna.set_user_attr(_CEILING, ground.judged.ceiling)
                    if parallel > 1:
                        ground = ground.with_threads(max(1, cores() // parallel))
                    _search(study, space, recipes, ground, runs, settings, wish, parallel)
            except BaseException as error:
                runs.close(KILLED)
                if isinstance(error, KeyboardInterrupt):
                    raise _interrupted(study, wish) from None
                raise
        result = StudyResult.of(study, space, target - 2, study.optuna.user_attrs[_CEILING])
        _report(study, result, runs, len(recipes))
        best = result.best
        if best is None:
            runs.close(FINISHED)
            counts = result.counts().in_words() or "none was begun"
            raise SantanderError(f"no trial of study {study.name} was completed ({counts}): nothing to train")
        try:
            recipe = recipe_of(best, recipes, space, wish.save_as)
            log.info("%s", result.comparison())
            candidate = _candidate(steps, study, runs, recipe, best, target, wish)
            if place is not None:
                save(recipe, place, study.name, f"{result.comparison()}; version {candidate.version}")
            runs.close(FINISHED)
        except BaseException as error:
            runs.close(KILLED)
            if isinstance(error, KeyboardInterrupt):
                raise _interrupted(study, wish) from None
            raise
    return Tuned(result, target, runs.run_id, candidate, place)


def _competing(space: Space) -> dict[str, Recipe]:
    recipes = competing(space)
    for name in space.recipes:
        if name not in recipes:
            log.warning("recipe %s is left out: %s is not installed", name, ", ".join(missing_packages(Recipe.load(name))))
    return recipes


def _rows(steps: Steps, months: list[Month]) -> dict[str, dict[str, Any]]:
    """Return the fingerprint of each month of each table that the trials are fitted and measured on."""
    tables = {table.name: steps.lake.fingerprints(table) for table in (CUSTOMERS, FEATURES_TABLE)}
    return {name: {str(month): prints.get(month) for month in months} for name, prints in tables.items()}


def _say_what_is_there(study: Study, wanted: int, *, buried: int) -> None:
    finished = study.finished
    if not finished and not buried:
        log.info("study %s: %d trials", study.name, wanted)
        return
    again = f", {buried} stopped in the middle made again" if buried else ""
    log.info("study %s goes on: %d of %d trials are finished%s", study.name, finished, wanted, again)


def _search(
    study: Study, space: Space, recipes: dict[str, Recipe], ground: Ground, runs: StudyRuns, settings: Settings, wish: Wish,
    parallel: int,
) -> None:  # fmt: skip
    rule = settings.tuning
    deadline = float("inf") if wish.timeout is None else time.monotonic() + wish.timeout
    plan = SearchPlan(
        sampler=wish.sampler or rule.sampler,
        seed=rule.seed,
        trials=wish.trials,
        deadline=deadline,
        parallel=parallel,
        warmup_rounds=rule.warmup_rounds,
        random_trials=rule.random_trials,
        max_failures=rule.max_failures,
    )
    with announced(study.finished, wish.trials) as announce:
        Search(study, space, recipes, ground, runs, plan, announce).run()
    if study.finished < wish.trials and time.monotonic() >= deadline:
        log.info("the time is up: %d of %d trials are finished; the same command goes on", study.finished, wish.trials)


def _report(study: Study, result: StudyResult, runs: StudyRuns, recipes: int) -> None:
    best, default = result.best, result.default
    metrics = {
        "best_map7": best.map7 if best else None,
        "best_share_of_ceiling": best.share_of_ceiling if best else None,
        "default_map7": default.map7 if default else None,
        "default_share_of_ceiling": default.share_of_ceiling if default else None,
        "gain_over_default": result.gain,
        **{f"trials_{state}": float(number) for state, number in asdict(result.counts()).items()},
    }
    importances = plots.importances_of(study.optuna, recipes)
    runs.report(metrics, {"trials.csv": result.as_csv()}, plots.draw(result, importances))
    runs.tag(comparison=result.comparison(), **{"mlflow.note.content": f"{result.comparison()}."})


def _candidate(
    steps: Steps, study: Study, runs: StudyRuns, recipe: Recipe, best: Tried, target: Month, wish: Wish
) -> TrainResult:
    """Register what the best trial makes for the target, unless that was done."""
    made_of = {"trial": best.number, "recipe": recipe.model_dump(mode="json")}
    before = study.optuna.user_attrs.get(_CANDIDATE)
    if before and before["made_of"] == made_of:
        made = read_record(TrainResult, before["result"])
        if _is_here(steps.settings, study, made):
            log.info("version %d was made of trial %d before", made.version, best.number)
            return made
    # a recipe as it is may have been trained before, and would come out the same
    result = steps.train(target, recipe, anyway=not best.as_is, promote=wish.promote).result
    study.optuna.set_user_attr(_CANDIDATE, {"made_of": made_of, "result": plain(result)})
    runs.tag(candidate_version=str(result.version), promoted=str(result.promoted).lower())
    if result.version is not None:
        runs.tag_version(steps.settings, result.version, study=study.name)
    return result


def _is_here(settings: Settings, study: Study, result: TrainResult) -> bool:
    """Whether the version that a study led to is in this registry; studies of earlier releases noted its number alone."""
    found = None if result.version is None else registered(settings).get(result.version)
    if found is None:
        return False
    return found.tags.get("study") == study.name if result.run_id is None else found.run_id == result.run_id


def _interrupted(study: Study, wish: Wish) -> SantanderError:
    return SantanderError(
        f"interrupted: {study.finished} of {wish.trials} trials of study {study.name} are finished; "
        "the same command goes on from there"
    )
