"""Time-ordered cross-validation: a recipe judged on each of the last months by a fit of months before it alone."""

import logging
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from santander.evaluation.buyers import buyers_of_month
from santander.evaluation.figures import EvaluationFigures
from santander.evaluation.oracle import oracle_of
from santander.lake.lake import Lake
from santander.models.month_weight import ALIKE
from santander.models.training_set import TrainingData
from santander.schema.months import Month
from santander.schema.records import Inline
from santander.training.collect import Retrieve, training_data
from santander.training.fitting import fit_candidate
from santander.training.folds import PlannedFold, Window, months_of
from santander.training.plan import FitName
from santander.training.recipe import Recipe

if TYPE_CHECKING:
    from rich.table import Table

    from santander.config.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FoldResult(EvaluationFigures):
    """What a recipe reached in one month; ``baseline`` is the popularity of the same fit months."""

    rounds: int | None = None
    fit_months: tuple[Month, ...] = ()
    validation: Month | None = None
    """The month that chose the number of rounds; None without a search."""
    seconds: float = 0.0

    def parameters(self, recipe: Recipe) -> dict[str, Any]:
        """Parameters of the fold, as a run names them."""
        return {
            "recipe": recipe.name,
            "kind": recipe.kind,
            "judged_on": str(self.month),
            "months": " ".join(map(str, self.fit_months)),
            "validation_month": str(self.validation or "none"),
        }


@dataclass(frozen=True)
class Spread:
    """Mean and sample standard deviation of a figure over the folds."""

    mean: float
    deviation: float


@dataclass(frozen=True)
class FoldsSummary:
    """Mean and spread over the folds: of MAP@7, of its share of the ceiling, and of the gain over the baseline."""

    map7: Spread
    share_of_ceiling: Spread
    gain_over_baseline: Spread

    def metrics(self) -> dict[str, float]:
        """Mean and spread by name, as a run names them."""
        return {f"{name}_{part}": value for name, spread in asdict(self).items() for part, value in spread.items()}


@dataclass(frozen=True)
class CrossValidationPayload:
    """The JSON object of ``train --cv``: each fold, then mean and spread over them."""

    run_id: str
    """The MLflow run that the folds are logged to."""
    recipe: str
    window: Window
    folds: Sequence[FoldResult]
    summary: Inline[FoldsSummary]


def summary_of(folds: Sequence[FoldResult]) -> FoldsSummary:
    """Return mean and spread over the folds."""
    return FoldsSummary(
        map7=_spread([fold.map7 for fold in folds]),
        share_of_ceiling=_spread([fold.share_of_ceiling or 0.0 for fold in folds]),
        gain_over_baseline=_spread([fold.gain_over_baseline or 0.0 for fold in folds]),
    )


def _spread(values: Sequence[float]) -> Spread:
    return Spread(statistics.mean(values), statistics.stdev(values))


def cross_validate(
    settings: "Settings",
    lake: Lake,
    retrieve: Retrieve,
    planned: Sequence[PlannedFold],
    report: Callable[[FoldResult], None] = lambda _fold: None,
) -> list[FoldResult]:
    """Fit and judge each fold, from one training set; ``report`` is called with each as soon as it is there."""
    families = {name for fold in planned for name in fold.recipe.families}
    with training_data(settings, lake, retrieve.also(families), dict.fromkeys(months_of(planned), ALIKE)) as training:
        results = []
        for fold in planned:
            result = judge_fold(settings, training, fold)
            log.info("fold %s: MAP@7 %.6f, %.3f of the ceiling", fold.month, result.map7, result.share_of_ceiling)
            report(result)
            results.append(result)
    return results


def judge_fold(settings: "Settings", training: TrainingData, fold: PlannedFold) -> FoldResult:
    """Fit one fold and judge it on its month."""
    started = time.monotonic()
    fit = fit_candidate(fold.recipe, fold.plan, training).fits[FitName.JUDGED]
    seconds = time.monotonic() - started
    judged = buyers_of_month(training, fold.month)
    return FoldResult(
        month=fold.month,
        customers=judged.customers,
        buyers=judged.buyers,
        map7=judged.map7(fit.model),
        baseline=judged.map7(fit.baseline),
        ceiling=judged.ceiling,
        oracle=oracle_of(settings.data / "raw", fold.month, judged.customers, judged.buyers),
        rounds=fit.model.rounds,
        fit_months=tuple(fit.weights),
        validation=fit.validation,
        seconds=seconds,
    )


def table_of(title: str, folds: Sequence[FoldResult]) -> "Table":
    """A row a fold in order of time, then mean and spread."""
    from rich.table import Table

    with_oracle = any(fold.oracle is not None for fold in folds)
    table = Table("judged on", title=title)
    headings = ("fitted on", "MAP@7", "ceiling", "of ceiling", *(("of oracle",) if with_oracle else ()), "baseline", "gain", "s")
    for heading in headings:
        table.add_column(heading, justify="right")
    for fold in folds:
        oracle = (f"{fold.share_of_oracle:.3f}" if fold.share_of_oracle else "",) if with_oracle else ()
        figures = (f"{fold.map7:.6f}", f"{fold.ceiling:.6f}", f"{fold.share_of_ceiling:.3f}", *oracle)
        against = (f"{fold.baseline:.6f}", f"{fold.gain_over_baseline:+.1%}", f"{fold.seconds:.0f}")
        table.add_row(str(fold.month), _span(fold), *figures, *against)
    table.add_section()
    summary = summary_of(folds)
    map7, share, gain = summary.map7, summary.share_of_ceiling, summary.gain_over_baseline
    blank = ("",) if with_oracle else ()
    table.add_row("mean", "", f"{map7.mean:.6f}", "", f"{share.mean:.3f}", *blank, "", f"{gain.mean:+.1%}", "")
    table.add_row("spread", "", f"{map7.deviation:.6f}", "", f"{share.deviation:.3f}", *blank, "", f"{gain.deviation:.1%}", "")
    return table


def _span(fold: FoldResult) -> str:
    """Number of fitted months, from the first to the last."""
    return f"{len(fold.fit_months)}: {fold.fit_months[0]} to {fold.fit_months[-1]}"
