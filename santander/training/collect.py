"""Reads what a fit or a judgement needs from the lake and the feature store, into plain tables in the driver."""

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import pyarrow as pa

from santander.bank.months import Month
from santander.errors import SantanderError
from santander.evaluation.judgement import MonthToJudge
from santander.features.declaration import FEATURES
from santander.lake import Lake
from santander.models.training_set import TrainingSet
from santander.tables import CUSTOMERS, FEATURES_TABLE
from santander.training.labels import buyers, labels, months_with_products, population

if TYPE_CHECKING:
    from feast import FeatureStore
    from pyspark.sql import DataFrame

log = logging.getLogger(__name__)

Retrieve = Callable[["DataFrame"], "DataFrame"]
"""Adds the features of a feature service to rows of (customer_id, snapshot_date, ...), as they stood at that date."""


def through(store: "FeatureStore") -> Retrieve:
    """Retrieval from a Feast store, as of the snapshot date of each row."""
    from santander.store.access import retrieve

    return lambda rows: retrieve(store, rows)


def labelled_months(lake: Lake) -> list[Month]:
    """Months whose additions are known: products are known in it and in the month before, and its features are built."""
    known = months_with_products(lake.read(CUSTOMERS)).collect()
    with_products = {Month.of(row["snapshot_date"]) for row in known}
    with_features = set(lake.months(FEATURES_TABLE))
    labelled = [month for month in sorted(with_products) if month - 1 in with_products]
    if missing := [month for month in labelled if month not in with_features]:
        log.warning("no features yet of %s: these months are left out", ", ".join(map(str, missing)))
    return [month for month in labelled if month in with_features]


def collect_training_set(lake: Lake, retrieve: Retrieve, weights: Mapping[Month, float]) -> TrainingSet:
    """The additions of the given months with their features, and the population they happened in."""
    months = sorted(weights)
    customers, features = lake.read_months(CUSTOMERS, months), lake.read_months(FEATURES_TABLE, months)
    added = retrieve(buyers(labels(customers, features))).toArrow()
    log.info("training set: %s customers who added something in %d months", f"{added.num_rows:,}", len(months))
    return TrainingSet(_declared(added), population(customers, features).toArrow(), dict(weights))


def collect_month(lake: Lake, retrieve: Retrieve, month: Month) -> MonthToJudge:
    """All customers of a month who count for MAP@7, what they added, and what was known before, in order of customer.

    Raises SantanderError when there is none: the month, or the one before it, has no products.
    """
    customers, features = lake.read_months(CUSTOMERS, [month]), lake.read_months(FEATURES_TABLE, [month])
    rows = _declared(retrieve(labels(customers, features)).toArrow())
    if not rows.num_rows:
        raise SantanderError(f"month {month} has no customer with products in it and in {month - 1}: nothing can be judged")
    return MonthToJudge(month, rows.sort_by("customer_id"))


def _declared(rows: pa.Table) -> pa.Table:
    """The key, what was added and the declared features, nothing else; raises KeyError when one is not there."""
    return rows.select(["customer_id", "snapshot_date", "added", *(feature.name for feature in FEATURES)])
