"""Training from the tables: which months are there, the fits of a recipe, and how the judged one does on the gate month."""

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from santander.config.settings import Settings
from santander.evaluation.judgement import Judgement, judge
from santander.evaluation.oracle import oracle_of
from santander.lake.added import known_additions
from santander.lake.lake import Lake
from santander.lake.past import table_versions
from santander.models.blend import Blend
from santander.models.level import Level
from santander.models.month_weight import ALIKE
from santander.schema.months import Month
from santander.training.candidate import Candidate
from santander.training.collect import Retrieve, collect_month, training_data
from santander.training.fitting import fit_candidate
from santander.training.labelled import labelled_months
from santander.training.plan import FitName, MonthPlan, plan_months
from santander.training.recipe import Recipe

log = logging.getLogger(__name__)

EXAMPLE_ROWS = 5

Blending = Callable[[Recipe, MonthPlan], Candidate]
"""Makes the candidate of a recipe of the kind ``blend``."""


@dataclass(frozen=True)
class TrainReport:
    """A candidate and, unless its judged fit is switched off, what that fit reached on the gate month."""

    candidate: Candidate
    judgement: Judgement | None
    example: pa.Table
    """Some rows of features, as the model is given them."""
    versions: Mapping[str, int | None] = field(default_factory=dict)
    """The Delta version of each table when reading began."""


def train(
    settings: Settings,
    lake: Lake,
    retrieve: Retrieve,
    recipe: Recipe,
    target: Month | None = None,
    *,
    blend: Blending,
    to_judge: Collection[str] = (),
) -> TrainReport:
    """Fit a recipe for the month ``target``, by default the month after the last one whose additions are known.

    ``blend`` makes the candidate of a recipe of that kind; ``to_judge`` are families of features that others need who are judged
    on the same month. Raises InputError, which names the missing months.
    """
    labelled = labelled_months(lake)
    plan = plan_months(recipe, target or (labelled[-1] + 1 if labelled else Month(1, 1)), labelled)
    blended = blend(recipe, plan) if recipe.model is Blend else None
    own = blended.families if blended else recipe.families
    versions = table_versions(lake, own)
    weights = dict.fromkeys(plan.months, ALIKE)
    with training_data(settings, lake, retrieve.also(own), weights, everyone=blended is None) as training:
        candidate = blended or fit_candidate(recipe, plan, training, Level(known_additions(lake)))
        example = training.example(EXAMPLE_ROWS)
    if FitName.JUDGED not in candidate.fits:
        return TrainReport(candidate, None, example, versions)
    gate = collect_month(lake, retrieve.also(own.union(to_judge)), plan.gate)
    fit = candidate.fits[FitName.JUDGED]
    oracle = oracle_of(settings.data / "raw", gate.month, gate.customers, gate.buyers)
    if table_versions(lake, own) != versions:
        log.warning("tables were written while the model was trained: it may not be of the versions that its run names")
    return TrainReport(candidate, judge(fit.model, fit.baseline, gate, oracle, fit.chances), example, versions)
