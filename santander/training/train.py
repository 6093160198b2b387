"""Training from the tables: which months are there, the fits of a recipe, and how the judged one does on the gate month."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from santander.bank.months import Month
from santander.evaluation.judgement import Judgement, judge
from santander.evaluation.oracle import oracle_of
from santander.lake import Lake
from santander.models.month_weight import ALIKE
from santander.training.candidate import Candidate
from santander.training.collect import Retrieve, collect_month, labelled_months, training_data
from santander.training.fitting import fit_candidate
from santander.training.plan import FitName, plan_months
from santander.training.recipe import Recipe

if TYPE_CHECKING:
    from santander.settings import Settings


EXAMPLE_ROWS = 5


@dataclass(frozen=True)
class TrainReport:
    """A candidate and, unless its judged fit is switched off, what that fit reached on the gate month."""

    candidate: Candidate
    judgement: Judgement | None
    example: pa.Table
    """Some rows of features, as the model is given them."""


def train(settings: "Settings", lake: Lake, retrieve: Retrieve, recipe: Recipe, target: Month | None = None) -> TrainReport:
    """Fit a recipe for the month ``target``, by default the month after the last one whose additions are known.

    Raises InputError when the months at hand are too few for the recipe, and says which are missing.
    """
    labelled = labelled_months(lake)
    plan = plan_months(recipe, target or (labelled[-1] + 1 if labelled else Month(1, 1)), labelled)
    with training_data(settings, lake, retrieve, dict.fromkeys(plan.months, ALIKE)) as training:
        candidate = fit_candidate(recipe, plan, training)
        if FitName.JUDGED not in candidate.fits:
            return TrainReport(candidate, None, training.example(EXAMPLE_ROWS))
    gate = collect_month(lake, retrieve, plan.gate)
    fit = candidate.fits[FitName.JUDGED]
    oracle = oracle_of(settings.data / "raw", gate.month, gate.rows.num_rows, gate.buyers)
    return TrainReport(candidate, judge(fit.model, fit.baseline, gate, oracle), gate.rows.slice(0, EXAMPLE_ROWS))
