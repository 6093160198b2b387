"""A contest on a month that neither has seen: which month, whom the challenger meets, or one version judged alone.

A version must be sound before: of features that this code makes, scoring everybody, with a scoring fit that ranks much as its
judged fit does. The scoring fit itself cannot be judged, as nobody knows yet what is added in its month.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from santander.config.sections import GateSettings
from santander.config.settings import Settings
from santander.errors import InputError, SantanderError
from santander.evaluation.average_precision import Precisions
from santander.evaluation.chance_figures import Calibration
from santander.evaluation.figures import Evaluation
from santander.evaluation.judged_chances import JudgedChances
from santander.evaluation.judgement import Judgement, MonthToJudge, judge
from santander.evaluation.oracle import oracle_of
from santander.evaluation.ranked import Asked, Ranked, Whom
from santander.evaluation.resampling import PairedDifference, compare_slices, paired_difference
from santander.lake.lake import Lake
from santander.models.chances import Chances
from santander.models.list_check import WrongLists
from santander.models.ranking import NO_PRODUCT, Ranks
from santander.models.recommender import Recommender
from santander.registry.gate import Ages, Contest, Verdict, decide
from santander.registry.registration import log_judgement
from santander.registry.tracking import experiment_id, open_tracking
from santander.registry.versions import RegisteredVersion
from santander.schema.features import FEATURE_SET
from santander.schema.months import Month
from santander.schema.records import Inline
from santander.training.candidate import Fit
from santander.training.collect import Retrieve, collect_month
from santander.training.labelled import labelled_months
from santander.training.plan import FitName


class UnsoundModel(SantanderError):
    """A model that must not score, whatever it reaches."""


def check_features(settings: Settings, number: int) -> None:
    """Raise UnsoundModel for a version that was fitted on another feature service than this code has."""
    tags = open_tracking(settings).get_model_version(settings.mlflow.registered_model, str(number)).tags
    if (service := tags.get("feature_service")) != FEATURE_SET:
        raise UnsoundModel(
            f"version {number} was fitted on the feature service {service or 'of no name'}, this code has {FEATURE_SET}",
            hint="retrain by 'santander train'",
        )


def sound_lists(
    judged: MonthToJudge, models: Mapping[str, Recommender], chances: Mapping[str, Chances] = MappingProxyType({})
) -> list[Ranked]:
    """The lists of models, by what to call them, for buyers and sample; raises UnsoundModel where scores or a list are wrong.

    A model in ``chances`` gives chances too, of everybody.
    """
    try:
        return judged.rank(*(Asked(model, Whom.SAMPLE, whose, chances=chances.get(whose)) for whose, model in models.items()))
    except WrongLists as wrong:
        raise UnsoundModel(str(wrong)) from wrong


def mean_overlap(one: Ranks, other: Ranks) -> float:
    """The share of products that two lists of the same customer have in common, over all customers; 1 when all are empty."""
    common = np.bitwise_count(_sets(one) & _sets(other)).sum()
    listed = (one != NO_PRODUCT).sum()
    return float(common / listed) if listed else 1.0


def _sets(ranks: Ranks) -> npt.NDArray[np.int64]:
    """The products of each list as a bitmask."""
    bit = np.maximum(ranks, 0).astype(np.int64)
    return np.asarray(np.where(ranks == NO_PRODUCT, 0, np.int64(1) << bit).sum(axis=1), dtype=np.int64)


RowsOf = Callable[[Month | None], MonthToJudge]
"""Gives the rows of a month to judge on; None: of the last month that can be judged on."""


@dataclass(frozen=True)
class Lists:
    """What the lists of a version are worth, and what those of its scoring fit have in common with them."""

    precisions: Precisions
    """For each buyer of the month."""
    overlap: float = 1.0
    chances: Calibration | None = None
    """Whether the chances hold, of everybody and all products together; None for a version that gives none."""


def hindrance(version: RegisteredVersion, month: Month) -> str | None:
    """Why a version cannot be judged on a month, in one sentence; None when it can."""
    candidate = version.candidate
    if candidate.fit_to_judge(month) is not None:
        return None
    if FitName.JUDGED not in candidate.fits and month == candidate.gate:
        return f"version {version.number} is not judged: the judged fit of its recipe is switched off"
    return f"version {version.number} has seen {month} or later months and cannot be judged on it"


def lists_of(version: RegisteredVersion, judged: MonthToJudge, judgement: Judgement | None = None) -> Lists:
    """The lists that a challenger is judged by; raises UnsoundModel also for the fit that would score.

    ``judgement`` is of the same fit on the same month, where there is one: then chances need not be asked for once more.
    """
    candidate = version.candidate
    fit = candidate.fit_to_judge(judged.month) or candidate.scoring
    fits = [fit] if candidate.scoring is fit else [fit, candidate.scoring]
    name, *_ = names = [f"version {version.number}: its {each.name} fit" for each in fits]
    asked = {name: fit.chances.at(judged.month)} if judgement is None and fit.chances is not None else {}
    ranked = sound_lists(judged, {name: each.model for name, each in zip(names, fits, strict=True)}, asked)
    found = None if judgement is None else judgement.evaluation.chances
    if asked:
        found = JudgedChances.of(ranked[0], judged).figures(())
    chances = None if found is None else found.calibration
    return Lists(ranked[0].precisions, mean_overlap(ranked[0].sample, ranked[-1].sample), chances)


def no_contest(challenger: RegisteredVersion, holder: RegisteredVersion, month: Month) -> str | None:
    """Why the two are not compared on a month, in one sentence; None when they are."""
    if (reason := hindrance(challenger, month)) is not None:
        return reason
    if (reason := hindrance(holder, month)) is not None:
        return f"champion: {reason}"
    if same_model(challenger, holder) and not gives_other_chances(challenger, holder):
        return f"it is the same model as champion {holder.number}, file by file: nothing to promote"
    return None


def same_model(challenger: RegisteredVersion, holder: RegisteredVersion) -> bool:
    """Whether the two would give the same lists, file by file."""
    return challenger.model.fingerprint == holder.model.fingerprint


def gives_other_chances(challenger: RegisteredVersion, holder: RegisteredVersion) -> bool:
    """Whether the challenger has chances that are not those of the champion, as of an earlier release or other settings."""
    now, then = challenger.candidate.scoring.chances, holder.candidate.scoring.chances
    return now is not None and (then is None or now.fingerprint != then.fingerprint)


def compare(
    rule: GateSettings,
    challenger: RegisteredVersion,
    holder: RegisteredVersion,
    judged: MonthToJudge,
    lists: Lists,
    refit: Fit | None = None,
) -> Verdict:
    """Score the champion on the customers the challenger was judged on, and decide. Raises UnsoundModel for the champion.

    ``refit`` is the champion's recipe fitted anew (``refit.py``): then slices and gain are compared with that.
    """
    month = judged.month
    own_fit, blind = challenger.candidate.fit_to_judge(month), holder.candidate.fit_to_judge(month)
    if (reason := no_contest(challenger, holder, month)) is not None or own_fit is None or blind is None:
        return Verdict(False, str(reason), month=month)
    own, recipe = lists.precisions, holder.candidate.recipe.name
    models = {f"champion {holder.number}: its {blind.name} fit": blind.model}
    if refit is not None:
        models[f"champion {holder.number}: its recipe fitted anew up to {refit.last_month}"] = refit.model
    champion, *others = (ranked.precisions for ranked in sound_lists(judged, models))
    fresh = others[0] if others else None

    def against(other: Precisions) -> PairedDifference:
        return paired_difference(other, own, rule.resamples, rule.seed, judged.customers)

    verdict = decide(
        against(champion),
        contest_of(challenger, holder),
        rule,
        compare_slices(judged, champion if fresh is None else fresh, own, rule),
        month,
        None if fresh is None else against(fresh),
        Ages(own_fit.last_month, blind.last_month, None if refit is None else refit.last_month),
        (f"version {challenger.number} ({challenger.candidate.recipe.name})", f"champion {holder.number} ({recipe})"),
        lists.chances,
    )
    if verdict.promoted and same_model(challenger, holder):
        had = "no chances" if holder.candidate.scoring.chances is None else "other chances"
        return replace(verdict, reason=f"{verdict.reason}; it is the same model, and the champion has {had}")
    if verdict.promoted and lists.overlap < rule.min_overlap:
        alike = f"{lists.overlap:.0%} of their lists in common, {rule.min_overlap:.0%} needed"
        return replace(verdict, promoted=False, reason=f"the promoted fit ranks unlike the judged one: {alike}")
    return verdict


def contest_of(challenger: RegisteredVersion, holder: RegisteredVersion) -> Contest:
    """A refresh is the champion's recipe with fit months that end later, or the champion's very model with other chances.

    Anything else must win as a new recipe does.
    """
    if same_model(challenger, holder):
        return Contest.REFRESH
    one, other = challenger.candidate, holder.candidate
    same_recipe = one.recipe.fingerprint == other.recipe.fingerprint
    later = one.scoring.last_month > other.scoring.last_month
    return Contest.REFRESH if same_recipe and later else Contest.NEW_RECIPE


def month_to_judge(lake: Lake, retrieve: Retrieve, month: Month | None) -> MonthToJudge:
    """The rows of a month as ``month_with_all_rows`` names it."""
    return collect_month(lake, retrieve, month_with_all_rows(lake, month))


def month_with_all_rows(lake: Lake, month: Month | None) -> Month:
    """Return the month, by default the last with known additions; raises InputError where it cannot be judged on."""
    from santander.ledger.step_ledger import Origins, StepLedger, stale_features
    from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE

    labelled = labelled_months(lake)
    month = month or max(labelled, default=None)
    if month is None or month not in labelled:
        known = f"known are {labelled[0]} to {labelled[-1]}" if labelled else "none are known"
        line = (
            f"additions of {month or 'any month'} are not known: it takes products of two months in a row, and features; {known}"
        )
        raise InputError(
            line, month=month, hint="choose one of these with --month" if labelled else "ingest two such months first"
        )
    rows, features = (lake.rows_by_month(table).get(month, 0) for table in (CUSTOMERS, FEATURES_TABLE))
    if rows != features or stale_features(Origins(lake), StepLedger(lake), [month]):
        raise InputError(
            f"features of {month} are out of date ({features:,} of {rows:,} customers)",
            month=month,
            hint=f"run 'santander features --month {month}' first",
        )
    return month


@dataclass(frozen=True)
class Assessment:
    """What a fit of a version reached on a month: the JSON object of ``evaluate``."""

    evaluation: Inline[Evaluation]
    version: int
    fit: FitName
    fit_months: tuple[Month, ...]

    @property
    def title(self) -> str:
        """Which fit of which version was judged, in one line."""
        return f"version {self.version}, its {self.fit} fit of {min(self.fit_months)} to {max(self.fit_months)}"


def assess(
    settings: Settings, lake: Lake, retrieve: Retrieve, registered: RegisteredVersion, month: Month | None = None
) -> Assessment:
    """Judge the fit of a version that saw the most without the month, and log it as a run of its own.

    Raises InputError for a month that every fit has seen, or a later one, and for one that cannot be judged on.
    """
    chosen = month_with_all_rows(lake, month)
    fit = registered.candidate.fit_to_judge(chosen)
    if fit is None:
        first = min(min(fit.seen) for fit in registered.candidate.fits.values())
        last = max(max(fit.seen) for fit in registered.candidate.fits.values())
        raise InputError(
            f"version {registered.number} was fitted on months from {first} to {last}: judging it on {chosen} would flatter it",
            month=chosen,
            hint=f"choose a month after {last} with --month, or another version",
        )
    judged = collect_month(lake, retrieve.also(registered.candidate.families), chosen)
    oracle = oracle_of(settings.data / "raw", chosen, judged.customers, judged.buyers)
    judgement = judge(fit.model, fit.baseline, judged, oracle, fit.chances)
    client = open_tracking(settings)
    import mlflow

    name = f"version {registered.number} on {chosen}"
    with mlflow.start_run(experiment_id=experiment_id(settings, client), run_name=name):
        tags = {"version": registered.number, "fit": fit.name, "trained_by": registered.run_id, "month": str(chosen)}
        mlflow.set_tags(tags)
        log_judgement(settings, registered.candidate, judgement)
    return Assessment(judgement.evaluation, registered.number, fit.name, tuple(fit.weights))
