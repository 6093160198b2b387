"""The steps of the walk, each with what it depends on: run it, or skip it because nothing it was made from has changed.

``run`` skips what is up to date; a verb of its own does its step in any case. Both record what they did.
"""

import logging
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from santander.engine.memory import footprint
from santander.errors import InputError
from santander.features import build
from santander.ingest.adding import MergeReport
from santander.ingest.ingestion import IngestReport
from santander.lake.lake import Lake
from santander.lake.person_steps import carrying_persons
from santander.ledger.staleness import Origins, refuse_stale_features, stale_features, stale_months
from santander.ledger.step_ledger import StepLedger, fingerprint_of
from santander.ledger.steps import BUILD, INGEST, SCORE, SUBMIT, NoResult, ScoreResult, Step, SubmitResult, validation_of
from santander.ledger.versions import version_of
from santander.pipeline.taking_in import TakenIn, TakingIn
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE, RECOMMENDATIONS, Table
from santander.schema.months import Month
from santander.scoring import batch, submission
from santander.storage.places import Place
from santander.training.trained import TRAIN, TrainResult

if TYPE_CHECKING:
    from feast import FeatureStore
    from pyspark.sql import SparkSession

    from santander.config.settings import Settings
    from santander.engine.on_demand import SessionOnDemand
    from santander.registry.versions import VersionId
    from santander.training.recipe import Recipe

log = logging.getLogger("santander.run")

R_co = TypeVar("R_co", covariant=True)


@dataclass(frozen=True)
class StepOutcome(Generic[R_co]):
    """What a step did: the months it worked on, the months it found up to date, seconds, and its result."""

    step: Step[Any]
    done: Sequence[Month]
    up_to_date: Sequence[Month]
    seconds: float
    result: R_co


@dataclass(frozen=True, slots=True)
class BuiltFeatures:
    """The feature rows that were built, by month."""

    rows: Mapping[Month, int]


class Steps:
    """The steps over one lake and one session."""

    def __init__(self, settings: "Settings", session: "SparkSession | SessionOnDemand", *, force: bool = False) -> None:
        """Steps with these settings; with ``force`` the data folder of a synthetic bank takes files that are not of it."""
        self.settings = settings
        self.lake = Lake(settings, session)
        self.ledger = StepLedger(self.lake)
        self.taking_in = TakingIn(settings, self.lake, self.ledger, force=force)

    @cached_property
    def store(self) -> "FeatureStore":
        """The feature store, opened when a step first retrieves something: importing Feast takes seconds."""
        from santander.store.access import open_store

        return open_store(self.settings, self.lake)

    # --- ingest --------------------------------------------------------------------------------------------------

    @carrying_persons
    def ingest(
        self,
        files: Sequence[Place],
        *,
        allow_shrink: bool = False,
        replace_others: bool = False,
        not_to_replace: Collection[Month] = (),
    ) -> IngestReport:
        """Ingest landing files, up to date or not; raises WouldReplace for a month in ``not_to_replace``."""
        return self.taking_in.replace(
            files, allow_shrink=allow_shrink, replace_others=replace_others, not_to_replace=not_to_replace
        )

    @carrying_persons
    def merge(self, files: Sequence[Place]) -> MergeReport:
        """Add the rows of landing files to months that are there."""
        return self.taking_in.merge(files)

    @carrying_persons
    def ingest_new(self, files: Sequence[Place]) -> StepOutcome[TakenIn]:
        """Ingest the files that are not up to date; what came from other files since is not undone."""
        started = time.monotonic()
        taken = self.taking_in.new(files)
        rest = [month for month in self.lake.months(CUSTOMERS) if month not in taken.months]
        return StepOutcome(INGEST, taken.months, rest, time.monotonic() - started, taken)

    # --- features ------------------------------------------------------------------------------------------------

    @carrying_persons
    def build_features(self, months: Sequence[Month], *, anyway: bool) -> StepOutcome[BuiltFeatures]:
        """Build the features of these months, of those out of date only unless ``anyway``."""
        started = time.monotonic()
        origins = Origins(self.lake)
        prints = {month: origins.of_features(month) for month in months}
        behind = stale_features(origins, self.ledger, months)
        stale = [month for month in months if anyway or month not in origins.features or month in behind]
        rows: dict[Month, int] = {}
        if stale:
            chosen = self.settings.features
            tasks = chosen.tasks or self.lake.cores()
            rows = build.build_features(self.lake, stale, chosen.months_per_commit, tasks)
            self.ledger.record(BUILD, [(m, prints[m], rows[m]) for m in stale], time.monotonic() - started, NoResult())
        fresh = [month for month in months if month not in stale]
        _say_up_to_date(BUILD, fresh)
        return StepOutcome(BUILD, stale, fresh, time.monotonic() - started, BuiltFeatures(rows))

    def refuse_stale_features(self, months: Sequence[Month]) -> None:
        """Raise InputError when the features of a month were built from other customers than there are now."""
        refuse_stale_features(self.lake, months)

    # --- validate ------------------------------------------------------------------------------------------------

    @carrying_persons
    def validate(self, table: Table, months: Sequence[Month]) -> StepOutcome[NoResult]:
        """Validate what was not validated as it is now; raises CriticalRuleBroken, and then again until it is mended."""
        from santander.quality import validation
        from santander.quality.own_suites import own_suites

        started = time.monotonic()
        step = validation_of(table.name)
        suite = own_suites().get(table.name)
        # only where there is one: months that were validated without stay up to date
        of_user = {"suite": suite.fingerprint, "suites": version_of("suites")} if suite else {}
        origins = Origins(self.lake)
        prints = {
            month: fingerprint_of(
                version=version_of("validate"),
                settings=self.settings.quality.model_dump(),
                rows=_validated_rows(table, origins, month),
                **of_user,
            )
            for month in months
        }
        due = [month for month in months if not self.ledger.is_current(step, month, prints[month])]
        if due:
            report = validation.validate(self.settings, self.lake, due, [table.name])
            broken = {result.month for result in report.critical}
            rows = self.lake.rows_by_month(table)
            if passed := [(m, prints[m], rows[m]) for m in due if m not in broken]:
                self.ledger.record(step, passed, time.monotonic() - started, NoResult())
            report.raise_if_critical()
        fresh = [month for month in months if month not in due]
        _say_up_to_date(step, fresh)
        return StepOutcome(step, due, fresh, time.monotonic() - started, NoResult())

    # --- train ---------------------------------------------------------------------------------------------------

    @carrying_persons
    def train(
        self, target: Month | None, recipe: "Recipe", *, anyway: bool, promote: bool | None = None
    ) -> StepOutcome[TrainResult]:
        """Train a recipe for a target month, register it and let it meet the champion, unless that was done already.

        With ``promote`` False (None: the setting ``gate.automatic``) it waits as challenger.
        """
        from santander.registry.recorded_training import training_here
        from santander.registry.versions import champion_number
        from santander.training.labelled import labelled_months
        from santander.training.plan import plan_months

        started = time.monotonic()
        labelled = labelled_months(self.lake)
        target = target or (labelled[-1] + 1 if labelled else max(self.lake.months(CUSTOMERS)))
        plan = plan_months(recipe, target, labelled)
        self.refuse_stale_features([*plan.months, plan.gate])
        fingerprint = self._train_fingerprint([*plan.months, plan.gate], recipe)
        self.refuse_unfit_champion(promote=promote)
        # not only the last: another recipe that was tried since, or a rollback, is no reason to train this one again
        before = None if anyway else training_here(self.settings, self.ledger.runs_on(TRAIN, target, fingerprint))
        holder = champion_number(self.settings)
        if before and holder is not None:
            _say_up_to_date(TRAIN, [target])
            return StepOutcome(TRAIN, [], [target], time.monotonic() - started, _with_champion(before.result, holder))
        from santander.registry.blending import blend_candidate
        from santander.registry.decisions import refuse_outdated_table
        from santander.registry.promotion import register_candidate
        from santander.registry.versions import registered
        from santander.training.collect import refuse_too_large_fit, through
        from santander.training.train import train

        refuse_outdated_table(self.lake)
        refuse_too_large_fit(self.lake, plan.months, plan.gate, TRAIN.name)
        report = train(
            self.settings, self.lake, through(self.store), recipe, target, blend=partial(blend_candidate, self.settings)
        )
        promotion = register_candidate(self.settings, self.lake, report, promote=promote)
        evaluation = report.judgement.evaluation if report.judgement else None
        result = TrainResult(
            evaluation=evaluation.figures() if evaluation else None,
            target=target,
            recipe=recipe.name,
            version=promotion.version,
            run_id=registered(self.settings)[promotion.version].run_id,
            champion=promotion.champion,
            promoted=promotion.verdict.promoted,
            reason=promotion.verdict.reason,
        )
        customers = evaluation.customers if evaluation else 0
        self.ledger.record(TRAIN, [(target, fingerprint, customers)], time.monotonic() - started, result)
        return StepOutcome(TRAIN, [target], [], time.monotonic() - started, result)

    def refuse_unfit_champion(self, *, promote: bool | None) -> None:
        """Raise ChampionUnfit, with the remedy, where a candidate would be trained to meet a champion that cannot score."""
        from santander.registry.standing import ChampionUnfit, standing

        meets_it = self.settings.gate.automatic if promote is None else promote
        if meets_it and (told := standing(self.settings).told) is not None:
            raise ChampionUnfit(f"nothing is trained to meet the champion: {told}")

    def _train_fingerprint(self, months: Sequence[Month], recipe: "Recipe") -> str:
        features, customers = self.lake.fingerprints(FEATURES_TABLE), self.lake.fingerprints(CUSTOMERS)
        return fingerprint_of(
            version=version_of(TRAIN.name, recipe.model.__module__),
            recipe=recipe.fingerprint,
            gate=self.settings.gate.model_dump(exclude={"automatic"}),
            features={str(month): features.get(month) for month in months},
            customers={str(month): customers.get(month) for month in months},
        )

    # --- score and submit ----------------------------------------------------------------------------------------

    @carrying_persons
    def score(self, month: Month, *, anyway: bool) -> StepOutcome[ScoreResult]:
        """Recommend by the champion, unless the month's recommendations were made by it from the same rows."""
        from santander.registry.champion import version_for
        from santander.registry.versions import load_to_score

        started = time.monotonic()
        self.refuse_stale_features([month])
        chosen = version_for(self.settings, month)
        fingerprint = Origins(self.lake).of_recommendations(month, chosen.run_id)
        last = self.ledger.last(SCORE, month)
        if not anyway and last and last.fingerprint == fingerprint and month in self.lake.months(RECOMMENDATIONS):
            _say_up_to_date(SCORE, [month])
            return StepOutcome(SCORE, [], [month], time.monotonic() - started, last.result)
        self.lake.budget.require(footprint.SCORE, self.lake.rows_by_month(CUSTOMERS).get(month, 0), str(month))
        version = load_to_score(self.settings, chosen.number, f"version {chosen.number}")
        fit = version.candidate.fit_to_judge(month)
        if fit is None:
            raise InputError(f"version {version.number} has seen {month} or later months: train for {month} first")
        rows = batch.score_month(self.lake, self.store, fit.model, version.number, month)
        customers = self.lake.rows_by_month(CUSTOMERS)[month]
        result = ScoreResult(month, customers, rows, version.number, chosen.run_id)
        self.ledger.record(SCORE, [(month, fingerprint, rows)], time.monotonic() - started, result)
        log.info("score: %s customers of %s have their lists from version %s", f"{customers:,}", month, version.number)
        return StepOutcome(SCORE, [month], [], time.monotonic() - started, result)

    def stale_scores(self) -> list[Month]:
        """Scored months whose recommendations a later correction has put out of date."""
        return stale_months(self.lake, self.ledger)[RECOMMENDATIONS.name]

    @carrying_persons
    def submit(self, month: Month, *, anyway: bool) -> StepOutcome[SubmitResult]:
        """Write the submission file of a scored month, unless it was written from the same recommendations.

        Raises InputError when the customers or features changed since the month was scored.
        """
        started = time.monotonic()
        scored = self.ledger.last(SCORE, month)
        if scored and scored.fingerprint != Origins(self.lake).of_recommendations(month, scored.result.run_id):
            raise InputError(f"recommendations of {month} are out of date: run 'santander score --month {month}' first")
        fingerprint = fingerprint_of(
            version=version_of(SUBMIT.name), recommendations=self.lake.fingerprints(RECOMMENDATIONS).get(month)
        )
        last = self.ledger.last(SUBMIT, month)
        # where it lies is told by the folder as it is named now: what the ledger says may be of before a move
        lies = self.settings.data / submission.FOLDER / submission.name_of(month)
        if not anyway and last and last.fingerprint == fingerprint and lies.is_file():
            _say_up_to_date(SUBMIT, [month])
            return StepOutcome(SUBMIT, [], [month], time.monotonic() - started, replace(last.result, file=str(lies)))
        file, customers = submission.write_submission(self.lake, month, self.settings.data / submission.FOLDER)
        result = SubmitResult(month, str(file), customers)
        noted = replace(result, file=f"{submission.FOLDER}/{submission.name_of(month)}")
        self.ledger.record(SUBMIT, [(month, fingerprint, customers)], time.monotonic() - started, noted)
        return StepOutcome(SUBMIT, [month], [], time.monotonic() - started, result)

    def scored_by(self, month: Month) -> "VersionId":
        """The version whose lists the month's recommendations are; raises InputError where no run of ours says so."""
        from santander.registry.versions import VersionId

        scored = self.ledger.last(SCORE, month)
        if scored is None or scored.result.model_version is None or scored.result.run_id is None:
            raise InputError(f"no model is known to have scored {month}: run 'santander score --month {month}' first")
        return VersionId(scored.result.model_version, scored.result.run_id)


def _validated_rows(table: Table, origins: Origins, month: Month) -> list[str | None]:
    """What the rules of a month look at, other than the usual figures of earlier months."""
    if table is CUSTOMERS:
        return [origins.customers.get(m) for m in (month, month - 1)]
    return [origins.features.get(month), origins.of_features(month)]


def _with_champion(result: TrainResult, holder: int) -> TrainResult:
    """What a training left, with the champion there is now: a person may have promoted another or gone back since."""
    if result.champion == holder:
        return result
    since = f"{result.reason}; since then version {holder} has become champion"
    return replace(result, champion=holder, promoted=result.version == holder, reason=since)


def _say_up_to_date(step: Step[Any], months: Sequence[Month]) -> None:
    if months:
        log.info("%s: up to date: %s", step, ", ".join(map(str, months)))
