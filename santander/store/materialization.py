"""Putting one month online: pack, write through Feast, and take out who is no longer there."""

import contextlib
import datetime as dt
import io
import logging
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from santander.errors import InputError
from santander.lake.lake import Lake
from santander.ledger.own_families import refuse_unfit_families
from santander.ledger.step_ledger import StepLedger, refuse_stale_features
from santander.ledger.steps import BUILD
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE, ONLINE_FEATURES, PARTITION
from santander.schema.months import Month
from santander.store.access import retrieve
from santander.store.online_layout import layout_with, remember_layout
from santander.store.packing import ONLINE_VIEW, packed_frame
from santander.store.serving import withdraw

if TYPE_CHECKING:
    from feast import FeatureStore

log = logging.getLogger(__name__)


def month_to_serve(lake: Lake, asked: Month | None) -> Month:
    """The month asked for, else the latest with features; raises InputError when it has none. Needs no session."""
    there = lake.months(FEATURES_TABLE)
    if not there:
        raise InputError("there are no features to materialize yet", hint="run 'santander features' first")
    if asked is not None and asked not in there:
        raise InputError(
            f"month {asked} has no features to materialize", month=asked, hint=f"choose one of {there[0]} to {there[-1]}"
        )
    return asked or there[-1]


def refuse_unfit_features(lake: Lake, month: Month, families: Collection[str] = ()) -> None:
    """Raise InputError for features of a month that are out of date by what the ledger knows; what it does not know passes.

    Those of a user's families must have been built, and be up to date.

    Raises OtherProducts or ForeignTable where the customers have other products than this code: bits would mean others.
    """
    if lake.exists(CUSTOMERS):
        lake.delta(CUSTOMERS)
    if StepLedger(lake).last(BUILD, month) is not None:
        refuse_stale_features(lake, [month])
    refuse_unfit_families(lake, families, [month])


def materialize_month(lake: Lake, store: "FeatureStore", month: Month, families: Collection[str] = ()) -> int:
    """Serve the features of ``month``, those of a user's ``families`` too, online and nothing else; returns how many customers.

    The order is what makes a run that is cut off harmless: who is not in the month is withdrawn before the table that
    names them is replaced, and rows are written after it. So whoever is online is always named in ``online_features``,
    and the same command run again ends with exactly the customers of the month. Raises InputError for a month without
    features, RowCountMismatch when the packed table would not hold a row for each of them.
    """
    with lake.carrying_persons(), lake.lock("online"):
        expected = lake.rows_by_month(FEATURES_TABLE)[month_to_serve(lake, month)]
        features, layout = lake.read_months(FEATURES_TABLE, [month]), layout_with(families)
        if families:
            features = retrieve(store, features.select("customer_id", PARTITION), months=[month], families=families)
        if lake.exists(ONLINE_FEATURES):
            gone = withdraw(store, _departed(lake, month))
            log.info("%s customers without features in %s taken out", f"{gone:,}", month)
        lake.replace_where(ONLINE_FEATURES, packed_frame(features, layout), "true", expected, {"month": str(month)})
        log.info("writing %s customers of %s online", f"{expected:,}", month)
        remember_layout(store.config.online_store, layout)
        moment = dt.datetime.combine(month.snapshot, dt.time(), tzinfo=dt.UTC)
        with contextlib.redirect_stdout(io.StringIO()):  # feast prints what the line above says
            store.materialize(moment, moment, feature_views=[ONLINE_VIEW])
    return expected


def _departed(lake: Lake, month: Month) -> Iterator[int]:
    """Customers who are online, as far as ``online_features`` knows, and have no features in the month."""
    from pyspark.sql import functions as F

    there = lake.read_months(FEATURES_TABLE, [month]).select("customer_id").alias("there")
    online = lake.read(ONLINE_FEATURES).select("customer_id").alias("online")
    gone = online.join(there, F.col("online.customer_id") == F.col("there.customer_id"), how="left_anti")
    return (row["customer_id"] for row in gone.toLocalIterator())
