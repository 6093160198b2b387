"""The table ``features`` from the table ``customers``, a month at a time."""

import logging
import math
from collections.abc import Collection, Sequence
from functools import reduce
from typing import TYPE_CHECKING

from santander.bank.months import Month
from santander.errors import InputError
from santander.features.declaration import FEATURE_NAMES, FEATURES
from santander.features.history import LAGS, history_columns, lag_name
from santander.features.profile import base_36, profile_columns, with_imputed_income
from santander.lake import Lake
from santander.tables import CUSTOMERS, FEATURES_TABLE

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

log = logging.getLogger("santander.features")

_TYPES = {feature.name: feature.type for feature in FEATURES}

STEP_VERSION = 1
"""Raised when the features of unchanged input would come out differently: months built before are then out of date."""


def build_features(lake: Lake, months: Sequence[Month], months_per_commit: int) -> dict[Month, int]:
    """Replace these months of ``features`` and return their rows; raises InputError for a month without customers.

    Each month is joined to the partitions of the five months before it and to nothing else, so memory grows with
    ``months_per_commit`` and not with ``months``.
    """
    present = lake.rows_by_month(CUSTOMERS)
    absent = [str(month) for month in months if not present.get(month)]
    if absent:
        raise InputError(f"no customers for {', '.join(absent)}: ingest the landing file of the month first")
    ordered = sorted(months)
    for first in range(0, len(ordered), months_per_commit):
        batch = ordered[first : first + months_per_commit]
        frames = [features_of_month(lake, month, present) for month in batch]
        union = reduce(lambda left, right: left.unionByName(right), frames)
        lake.replace_months(FEATURES_TABLE, union, {month: present[month] for month in batch})
        log.info("features: %s of %s months written, the last %s", first + len(batch), len(ordered), batch[-1])
    return {month: present[month] for month in ordered}


def features_of_month(lake: Lake, month: Month, present: Collection[Month]) -> "DataFrame":
    """Rows of ``features`` of one month; ``present`` are the months that ``customers`` has.

    The profile is narrowed to numbers before anything is joined: each join copies every column of its rows.
    """
    from pyspark.sql import functions as F

    month_rows = lake.read_months(CUSTOMERS, [month])
    profile = month_rows.select("customer_id", "snapshot_date", *profile_columns(), "household_income")
    rows = with_imputed_income(profile)
    for lag in LAGS:
        wanted = [F.col("holdings").alias(lag_name(lag))]
        if lag == 1:
            wanted += [base_36("relation_type").alias("relation_type_last"), F.col("is_active").alias("was_active")]
        if month - lag in present:
            before = lake.read_months(CUSTOMERS, [month - lag]).select(F.col("customer_id").alias("customer_before"), *wanted)
            rows = rows.join(before, on=F.col("customer_id") == F.col("customer_before"), how="left").drop("customer_before")
        else:
            rows = rows.select("*", *(F.lit(None).cast(_TYPES[name]).alias(name) for name in _names_at(lag)))
    return rows.select("*", *history_columns(), *season_columns(month)).select("customer_id", "snapshot_date", *FEATURE_NAMES)


def _names_at(lag: int) -> list[str]:
    return [lag_name(lag), "relation_type_last", "was_active"] if lag == 1 else [lag_name(lag)]


def season_columns(month: Month) -> "list[Column]":
    """The season family: constants of a month, rounded so that no engine's sine matters."""
    from pyspark.sql import functions as F

    angle = 2 * math.pi * (month.number - 1) / 12
    return [
        F.lit(month.number).cast("tinyint").alias("month_of_year"),
        F.lit(round(math.sin(angle), 6)).alias("season_sine"),
        F.lit(round(math.cos(angle), 6)).alias("season_cosine"),
    ]
