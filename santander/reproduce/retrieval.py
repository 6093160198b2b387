"""Features of earlier versions of the tables: an exact join, as the feature store reads the latest version only.

A feature row is stamped with the snapshot date of its month and there is one per customer and month, so the exact key gives
what a point-in-time retrieval as of the snapshot date gives.
"""

from collections.abc import Collection
from typing import TYPE_CHECKING

from santander.lake.past import PastLake
from santander.schema.catalogue import FEATURES_TABLE
from santander.schema.features import FEATURE_NAMES
from santander.schema.months import Month
from santander.training.collect import Retrieve
from santander.training.labels import KEY

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def as_stored(lake: PastLake) -> Retrieve:
    """Retrieval from ``features`` as that lake shows it; all of them null where a customer has no row of the month."""

    def retrieve(rows: "DataFrame", _months: Collection[Month] | None = None, /) -> "DataFrame":
        from pyspark.sql import functions as F

        same_key = [F.col(f"asked.{name}") == F.col(f"stored.{name}") for name in KEY]
        return (
            rows.alias("asked")
            .join(lake.read(FEATURES_TABLE).alias("stored"), on=same_key, how="left")
            .select(
                *(F.col(f"asked.{name}") for name in rows.columns),
                *(F.col(f"stored.{name}") for name in FEATURE_NAMES),
            )
        )

    return retrieve
