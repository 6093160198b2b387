"""A bank so small that the right lists are known: feature rows, and three kinds of customers who never surprise."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from santander.models.boosted_trees import BoostedTreesSettings
from santander.models.groups import Start
from santander.models.month_weight import ALIKE
from santander.models.training_set import TrainingSet
from santander.schema.column_groups import ColumnGroup
from santander.schema.features import FEATURES
from santander.schema.months import Month
from santander.schema.products import PRODUCTS
from santander.schema.types import arrow_type

SMALL_TREES = BoostedTreesSettings(columns=(ColumnGroup.PROFILE, ColumnGroup.LAG_1_BITS), rounds=12, max_depth=3, eta=0.5)
"""Trees that learn this world in a second."""

FROM_GROUPS = BoostedTreesSettings(
    columns=(ColumnGroup.PROFILE, ColumnGroup.HELD_LATELY), rounds=12, max_depth=3, eta=0.5, start=Start.GROUPS, max_delta_step=2
)
"""Trees as the default recipe has them: from groups, one column a product, bounded steps."""

BIT = {product.name: product.bit for product in PRODUCTS}
MASK = {product.name: product.mask for product in PRODUCTS}

STUDENT = {"age": 21, "segment": 3, "is_active": True, "holdings_lag_1": 0, "owned": 0, "months_known": 1}
"""Adds an e-account."""
PENSIONER = {
    "age": 70,
    "segment": 2,
    "is_active": False,
    "months_known": 1,
    "holdings_lag_1": MASK["pension_deposit"],
    "owned": MASK["pension_deposit"],
}
"""Holds a pension deposit and adds a payroll."""
TAXPAYER = {
    "age": 45,
    "segment": 1,
    "is_active": True,
    "months_known": 1,
    "holdings_lag_1": MASK["current_account"],
    "owned": MASK["current_account"],
}
"""Holds a current account, adds taxes, and half as often a credit card."""


def feature_rows(rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Feature rows with the declared columns and types; what a row does not name is null."""
    listed = list(rows)
    return pa.table({f.name: pa.array([row.get(f.name) for row in listed], arrow_type(f.type)) for f in FEATURES})


def rows_to_judge(customers: Iterable[tuple[Mapping[str, Any], int]]) -> pa.Table:
    """Customers of a month, numbered from 1, and what they added."""
    listed = list(customers)
    rows = feature_rows(who for who, _ in listed).append_column("added", pa.array([added for _, added in listed], pa.int32()))
    return rows.append_column("customer_id", pa.array(range(1, len(listed) + 1), pa.int64()))


def population_of(rows: Iterable[tuple[Month, Mapping[str, Any], int, int]]) -> pa.Table:
    """Counts of customers alike: (month, who, added, customers)."""
    listed = list(rows)
    return pa.table(
        {
            "snapshot_date": pa.array([month.snapshot for month, _, _, _ in listed], pa.date32()),
            "age": pa.array([who.get("age") for _, who, _, _ in listed], pa.int16()),
            "segment": pa.array([who.get("segment") for _, who, _, _ in listed], pa.int8()),
            "is_active": pa.array([who.get("is_active") for _, who, _, _ in listed], pa.bool_()),
            "added": pa.array([added for _, _, added, _ in listed], pa.int32()),
            "customers": pa.array([customers for _, _, _, customers in listed], pa.int64()),
        }
    )


def buyers_of(rows: Iterable[tuple[Month, int, Mapping[str, Any], int]]) -> pa.Table:
    """Customers who added something: (month, customer, who, added)."""
    listed = list(rows)
    keys: dict[str, pa.Array] = {
        "customer_id": pa.array([customer for _, customer, _, _ in listed], pa.int64()),
        "snapshot_date": pa.array([month.snapshot for month, _, _, _ in listed], pa.date32()),
        "added": pa.array([added for _, _, _, added in listed], pa.int32()),
    }
    features = feature_rows(who for _, _, who, _ in listed)
    return pa.table({**keys, **{name: features[name] for name in features.column_names}})


def toy_training_set(month: Month = Month.of(dt.date(2016, 4, 28)), each: int = 60) -> TrainingSet:  # noqa: B008
    """One month: ``each`` buyers of every kind among 1,000 customers of that kind."""
    habits = [
        (STUDENT, MASK["e_account"], each),
        (PENSIONER, MASK["payroll"], each),
        (TAXPAYER, MASK["taxes"], each),
        (TAXPAYER, MASK["credit_card"], each // 2),
    ]
    buyers = [(who, added) for who, added, number in habits for _ in range(number)]
    counts = [(month, who, added, number) for who, added, number in habits]
    nothing = [(month, who, 0, 1000 - sum(n for w, _, n in habits if w is who)) for who in (STUDENT, PENSIONER, TAXPAYER)]
    return TrainingSet(
        buyers=buyers_of((month, customer, who, added) for customer, (who, added) in enumerate(buyers, start=1)),
        population=population_of(counts + nothing),
        weights={month: ALIKE},
    )


def several(*habits: tuple[Mapping[str, Any], int, int], month: Month = Month.of(dt.date(2016, 4, 28))) -> TrainingSet:  # noqa: B008
    """One month in which of every (who, added, number) so many customers add that, and nobody else is there."""
    buyers = [(who, added) for who, added, number in habits for _ in range(number)]
    return TrainingSet(
        buyers=buyers_of((month, customer, who, added) for customer, (who, added) in enumerate(buyers, start=1)),
        population=population_of((month, who, added, number) for who, added, number in habits),
        weights={month: ALIKE},
    )


def together(*parts: TrainingSet) -> TrainingSet:
    """The customers of several worlds in one."""
    return TrainingSet(
        pa.concat_tables(part.buyers for part in parts),
        pa.concat_tables(part.population for part in parts),
        {month: weight for part in parts for month, weight in part.weights.items()},
    )
