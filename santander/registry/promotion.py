"""A candidate becomes a version, meets the champion on the gate month, and takes its place if the gate lets it.

Fails closed: any error but "no champion yet" leaves the champion where it is. The verdict is written to the version
before the alias moves.
"""

import logging
from dataclasses import dataclass

from santander.evaluation.judgement import Judgement, judge, precisions_of
from santander.evaluation.resampling import paired_difference
from santander.lake import Lake
from santander.models.popularity import PopularitySettings
from santander.registry.gate import Contest, Verdict, decide
from santander.registry.registration import register
from santander.registry.soundness import complaint_about
from santander.registry.tracking import open_tracking
from santander.registry.versions import CHALLENGER, CHAMPION, RegisteredVersion, champion, champion_number
from santander.settings import Settings
from santander.training.candidate import Candidate, Fit
from santander.training.recipe import Recipe
from santander.training.train import TrainReport

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Promotion:
    """What became of a candidate: its version, the champion afterwards, and the verdict with its reason."""

    version: int
    champion: int
    verdict: Verdict


def register_candidate(settings: Settings, lake: Lake, report: TrainReport) -> Promotion:
    """Register a candidate and let it meet the champion; the first time its baseline is registered as champion before."""
    candidate, judgement = report.candidate, report.judgement
    if champion_number(settings) is None:
        first = baseline_candidate(candidate)
        number = register(settings, lake, first, _judged_as_baseline(first, judgement), report.example)
        _crown(settings, number, Verdict(True, "the baseline is the first champion, so that there is always a model"))
        if candidate.recipe.kind == first.recipe.kind:
            return Promotion(number, number, Verdict(True, "the first champion"))
    holder = champion(settings)
    number = register(settings, lake, candidate, judgement, report.example)
    _set_alias(settings, CHALLENGER, number)
    verdict = _examine(settings, number, report, holder)
    log.info("version %d, champion %d: %s", number, holder.number, verdict.reason)
    if verdict.promoted:
        _crown(settings, number, verdict)
        return Promotion(number, number, verdict)
    _write_verdict(settings, number, verdict)
    return Promotion(number, holder.number, verdict)


def _examine(settings: Settings, number: int, report: TrainReport, holder: RegisteredVersion) -> Verdict:
    """The verdict on a registered candidate: sound as it will be loaded, and better than the champion."""
    verdict = compare(settings, report.candidate, report.judgement, holder)
    if not verdict.promoted or report.judgement is None:
        return verdict
    complaint = complaint_about(settings, number, report.judgement.judged)
    return verdict if complaint is None else Verdict(promoted=False, reason=complaint, compared=verdict.compared)


def compare(settings: Settings, candidate: Candidate, judgement: Judgement | None, holder: RegisteredVersion) -> Verdict:
    """Score the champion anew on the customers the candidate was judged on, and decide."""
    if judgement is None:
        return Verdict(False, "not judged: the judged fit of the recipe is switched off")
    month = judgement.judged.month
    fit = holder.candidate.fit_to_judge(month)
    if fit is None:
        return Verdict(False, f"champion {holder.number} has seen {month} or later months and cannot be judged on it")
    rule = settings.gate
    compared = paired_difference(precisions_of(fit.model, judgement.judged), judgement.precisions, rule.resamples, rule.seed)
    same_recipe = holder.candidate.recipe.fingerprint == candidate.recipe.fingerprint
    later = candidate.scoring.last_month > holder.candidate.scoring.last_month
    return decide(compared, Contest.REFRESH if same_recipe and later else Contest.NEW_RECIPE, rule)


def baseline_candidate(candidate: Candidate) -> Candidate:
    """The baseline of a candidate as a candidate of its own: popularity, fitted on the same months."""
    recipe = Recipe(
        name="popularity",
        kind="popularity",
        months=candidate.recipe.months,
        fits=candidate.recipe.fits,
        settings=PopularitySettings().model_dump(),
    )
    fits = {name: Fit(name, fit.baseline, fit.baseline, fit.weights) for name, fit in candidate.fits.items()}
    return Candidate(recipe, candidate.target, fits)


def _judged_as_baseline(first: Candidate, judgement: Judgement | None) -> Judgement | None:
    if judgement is None:
        return None
    fit = first.fit_to_judge(judgement.judged.month)
    return None if fit is None else judge(fit.model, fit.baseline, judgement.judged, judgement.evaluation.oracle)


def _crown(settings: Settings, number: int, verdict: Verdict) -> None:
    _write_verdict(settings, number, verdict)
    _set_alias(settings, CHAMPION, number)


def _write_verdict(settings: Settings, number: int, verdict: Verdict) -> None:
    client, name = open_tracking(settings), settings.mlflow.registered_model
    client.set_model_version_tag(name, str(number), "promoted", str(verdict.promoted).lower())
    client.set_model_version_tag(name, str(number), "verdict", verdict.reason)


def _set_alias(settings: Settings, alias: str, number: int) -> None:
    open_tracking(settings).set_registered_model_alias(settings.mlflow.registered_model, alias, str(number))
