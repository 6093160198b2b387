"""A registered version on a month it has not seen, beside the baseline of its own fit months."""

from dataclasses import dataclass

from santander.config.settings import Settings
from santander.errors import InputError
from santander.evaluation.figures import EvaluationDetails
from santander.evaluation.judgement import Judgement, judge
from santander.evaluation.oracle import oracle_of
from santander.lake.lake import Lake
from santander.registry.contest import month_with_all_rows
from santander.registry.registration import log_judgement
from santander.registry.tracking import experiment_id, open_tracking
from santander.registry.versions import RegisteredVersion
from santander.schema.months import Month
from santander.schema.records import Inline
from santander.training.candidate import Fit
from santander.training.collect import Retrieve, collect_month
from santander.training.plan import FitName


@dataclass(frozen=True)
class AssessmentPayload:
    """The JSON object of ``evaluate``."""

    details: Inline[EvaluationDetails]
    version: int
    fit: FitName
    fit_months: tuple[Month, ...]


@dataclass(frozen=True)
class Assessment:
    """What a fit of a version reached on a month."""

    version: int
    fit: Fit
    judgement: Judgement

    @property
    def title(self) -> str:
        """Which fit of which version was judged, in one line."""
        return f"version {self.version}, its {self.fit.name} fit of {min(self.fit.weights)} to {self.fit.last_month}"

    def payload(self) -> AssessmentPayload:
        """The evaluation by product and segment, and what was judged."""
        details = self.judgement.evaluation.details()
        return AssessmentPayload(details, self.version, self.fit.name, tuple(self.fit.weights))


def assess(
    settings: Settings, lake: Lake, retrieve: Retrieve, registered: RegisteredVersion, month: Month | None = None
) -> Assessment:
    """Judge the fit of a version that saw the most without the month, and log it as a run of its own.

    A version carries a fit up to the month before its target and one that ends a month earlier, so it can be judged on
    that month too. Raises InputError when the month, or a later one, is among the months of every fit,
    and for a month that cannot be judged on.
    """
    chosen = month_with_all_rows(lake, month)
    fit = registered.candidate.fit_to_judge(chosen)
    if fit is None:
        first = min(min(fit.seen) for fit in registered.candidate.fits.values())
        last = max(max(fit.seen) for fit in registered.candidate.fits.values())
        raise InputError(
            f"version {registered.number} was fitted on months from {first} to {last}: judging it on {chosen} would flatter it"
        )
    judged = collect_month(lake, retrieve, chosen)
    oracle = oracle_of(settings.data / "raw", chosen, judged.rows.num_rows, judged.buyers)
    assessment = Assessment(registered.number, fit, judge(fit.model, fit.baseline, judged, oracle))
    _log(settings, registered, assessment)
    return assessment


def _log(settings: Settings, registered: RegisteredVersion, assessment: Assessment) -> None:
    client = open_tracking(settings)
    import mlflow

    name = f"version {registered.number} on {assessment.judgement.evaluation.month}"
    with mlflow.start_run(experiment_id=experiment_id(settings, client), run_name=name):
        tags = {"version": registered.number, "fit": assessment.fit.name, "trained_by": registered.run_id}
        mlflow.set_tags({**tags, "month": str(assessment.judgement.evaluation.month)})
        log_judgement(registered.candidate, assessment.judgement)
