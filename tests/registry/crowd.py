"""A bank of many customers who choose at random, so that models differ by luck and the gate has something to be sure of."""

import numpy as np
import pyarrow as pa

from santander.evaluation.judgement import MonthToJudge
from santander.models.level import Level
from santander.models.month_weight import ALIKE
from santander.models.training_set import TrainingSet
from santander.registry.versions import RegisteredVersion
from santander.schema.added import MonthAdded
from santander.schema.months import Month
from santander.schema.products import N_PRODUCTS
from santander.training.fitting import fit_candidate
from santander.training.plan import plan_months
from santander.training.recipe import Fits, MonthsBefore, Recipe
from tests.models.toy_world import feature_rows, population_of

FIRST, GATE = Month(2016, 1), Month(2016, 4)
TARGET = GATE + 1
WANTED = (2, 4, 7, 11, 13, 17, 19, 22)
"""Bits of the products that anybody adds."""
BUYING_SHARE = 0.4
KEYS = ("customer_id", "snapshot_date")


def month_of(month: Month, customers: int = 1_500, taste_of: int = 1) -> pa.Table:
    """Customers of a month with what they added; what somebody adds depends on segment and on what is held.

    Another ``taste_of`` is another time: the same holdings make people add other products.
    """
    draw = np.random.default_rng(month.index)
    held = draw.random((customers, len(WANTED))) < 0.3
    segment = draw.integers(1, 4, customers)
    taste = np.random.default_rng(taste_of).normal(size=(len(WANTED), len(WANTED)))
    liking = held @ taste + np.random.default_rng(taste_of + 1).normal(size=(4, len(WANTED)))[segment]
    chosen = np.where(held, -np.inf, liking + draw.gumbel(size=liking.shape)).argmax(axis=1)
    buys = (draw.random(customers) < BUYING_SHARE) & ~held.all(axis=1)
    masks = (held * (1 << np.array(WANTED))).sum(axis=1)
    added = np.where(buys, 1 << np.array(WANTED)[chosen], 0)
    rows = feature_rows(
        {
            "age": int(draw.integers(18, 80)),
            "segment": int(segment[i]),
            "is_active": bool(draw.random() < 0.5),
            "is_new": bool(draw.random() < 0.1),
            "holdings_lag_1": int(masks[i]),
            "owned": int(masks[i]),
            "months_known": 1,
        }
        for i in range(customers)
    )
    keys = {
        "customer_id": pa.array(np.arange(1, customers + 1)),
        "snapshot_date": pa.array([month.snapshot] * customers, pa.date32()),
        "added": pa.array(added, pa.int32()),
    }
    return pa.table({**keys, **{name: rows[name] for name in rows.column_names}})


def training_set(taste_of: int = 1, *, everybody: bool = False) -> TrainingSet:
    """The months before the target; with ``everybody`` those who added nothing too, so that fits give chances."""
    months = [FIRST + step for step in range(TARGET.index - FIRST.index)]
    rows = pa.concat_tables(month_of(month, taste_of=taste_of) for month in months)
    counted = population_of(
        (Month.of(row["snapshot_date"]), row, row["added"], 1)
        for row in rows.select(["snapshot_date", "age", "segment", "is_active", "added"]).to_pylist()
    )
    bought = pa.compute.not_equal(rows["added"], 0)
    others = rows.filter(pa.compute.invert(bought))
    others = others.append_column("stands_for", pa.repeat(pa.scalar(1.0), others.num_rows)) if everybody else None
    return TrainingSet(rows.filter(bought), counted, dict.fromkeys(months, ALIKE), others=others)


def level_of(training: TrainingSet) -> Level | None:
    """How often each product was added in each month; None, which leaves chances out, where only buyers are known."""
    if training.others is None:
        return None
    months = {month: training.of_months({month: ALIKE}) for month in training.weights}
    added = {month: (part.population["customers"].to_numpy().sum(), part.counts().tolist()) for month, part in months.items()}
    return Level({month: MonthAdded(int(customers), tuple(counts)) for month, (customers, counts) in added.items()})


def gate_rows(customers: int = 6_000) -> MonthToJudge:
    """The month both sides are judged on; of other customers than the fits saw."""
    return MonthToJudge.in_driver(GATE, month_of(GATE, customers))


def version(number: int, training: TrainingSet, **settings: object) -> RegisteredVersion:
    """A version fitted for the target, as it would be loaded. Each tree sees some of the columns, which the seed decides on."""
    values = {"columns": ["profile", "lag_1_bits"], "rounds": 15, "max_depth": 3, "eta": 0.3, "colsample_bytree": 0.4, **settings}
    recipe = Recipe(
        name="crowd",
        kind="xgboost",
        months=(MonthsBefore(first=1, last=3),),
        fits=Fits(rounds=False, judged=True, promoted=True),
        settings=values,
    )
    plan = plan_months(recipe, TARGET, sorted(training.weights))
    return RegisteredVersion(number, "no run", fit_candidate(recipe, plan, training, level_of(training)))


assert max(WANTED) < N_PRODUCTS
