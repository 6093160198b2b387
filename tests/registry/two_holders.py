"""A bank in which history tells what age, segment and activity cannot, so a model that sees it beats the baseline."""

import pyarrow as pa

from santander.evaluation.judgement import MonthToJudge, judge
from santander.models.month_weight import ALIKE
from santander.models.training_set import TrainingSet
from santander.schema.months import Month
from santander.training.candidate import Candidate
from santander.training.fitting import fit_candidate
from santander.training.plan import plan_months
from santander.training.recipe import Fits, MonthsBefore, Recipe
from santander.training.train import TrainReport
from tests.models.toy_world import MASK, buyers_of, population_of, rows_to_judge

_ALIKE = {"age": 40, "segment": 2, "is_active": True, "months_known": 1}
SAVER = {**_ALIKE, "holdings_lag_1": MASK["funds"], "owned": MASK["funds"]}
"""Adds securities."""
WORKER = {**_ALIKE, "holdings_lag_1": MASK["payroll"], "owned": MASK["payroll"]}
"""Adds a credit card, one in ten adds a loan."""

HABITS = [(SAVER, MASK["securities"], 30), (WORKER, MASK["credit_card"], 36), (WORKER, MASK["loan"], 4)]
EVERYONE = 400

FIRST = Month(2016, 1)


def month_of_buyers(month: Month) -> TrainingSet:
    """One month of both kinds of customers."""
    # some more loans in some months: fits of other months are other models, with the same lists
    habits = [(who, added, number + (added == MASK["loan"]) * (month.index % 3)) for who, added, number in HABITS]
    bought = [(who, added) for who, added, number in habits for _ in range(number)]
    counted = [(month, who, added, number) for who, added, number in habits]
    nothing = (month, SAVER, 0, EVERYONE - len(bought))
    return TrainingSet(
        buyers_of((month, customer, who, added) for customer, (who, added) in enumerate(bought, start=1)),
        population_of([*counted, nothing]),
        {month: ALIKE},
    )


def gate_month(month: Month) -> MonthToJudge:
    """The same habits in the month a candidate is judged on."""
    bought = [(who, added) for who, added, number in HABITS for _ in range(number)]
    customers = [*bought, *([(SAVER, 0)] * (EVERYONE - len(bought)))]
    return MonthToJudge.in_driver(month, rows_to_judge(customers))


def recipe(kind: str = "xgboost", **changes: object) -> Recipe:
    """A recipe that takes a fraction of a second to fit."""
    boosted = {"columns": ["profile", "lag_1_bits"], "rounds": 6, "max_depth": 2, "eta": 0.5, **changes}
    return Recipe(
        name=f"small_{kind}",
        kind=kind,
        months=(MonthsBefore(first=1, last=2),),
        fits=Fits(rounds=False, judged=True, promoted=True),
        settings=boosted if kind == "xgboost" else {},
    )


def training_before(target: Month) -> TrainingSet:
    """Both kinds of customers in every month before the target."""
    months = [FIRST + step for step in range(target.index - FIRST.index)]
    parts = [month_of_buyers(month) for month in months]
    return TrainingSet(
        pa.concat_tables(part.buyers for part in parts),
        pa.concat_tables(part.population for part in parts),
        dict.fromkeys(months, ALIKE),
    )


def candidate_for(target: Month, made_by: Recipe) -> Candidate:
    """A candidate fitted on the months before the target."""
    training = training_before(target)
    return fit_candidate(made_by, plan_months(made_by, target, sorted(training.weights)), training)


def report_for(target: Month, made_by: Recipe) -> TrainReport:
    """A candidate fitted on the months before the target and judged on the one before it."""
    candidate = candidate_for(target, made_by)
    gate = gate_month(target - 1)
    fit = candidate.fit_to_judge(gate.month)
    assert fit is not None
    return TrainReport(candidate, judge(fit.model, fit.baseline, gate), month_of_buyers(target - 1).example(3))
