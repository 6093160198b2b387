"""The customers of a month held against those of the month before: who is seen again, and what of them has changed.

One join for each month, of the keys and a few columns; months whose month before is not in the table have no figures.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from santander.lake.lake import Lake
from santander.quality.declaration import STABLE
from santander.quality.figures import Figures, by_month
from santander.schema.catalogue import CUSTOMERS, PARTITION
from santander.schema.months import Month

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def month_before(lake: Lake, months: Sequence[Month], rows: Mapping[Month, int]) -> Figures:
    """For each month with a month before: ``seen_again`` customers have a row in both.

    ``not_new`` are not new, ``without_history`` of them have no row in the month before. For each column of ``STABLE``
    ``compared_<column>`` have a value in both months, and ``changed_<column>`` of them another one than before.
    ``rows`` are those of every month there is.
    """
    compared = {f"compared_{name}": f"count_if({name} IS NOT NULL AND {name}_before IS NOT NULL)" for name in STABLE}
    changed = {f"changed_{name}": f"count_if({name} <> {name}_before)" for name in STABLE}
    people = {
        "seen_again": "count(customer_before)",
        "not_new": "count_if(NOT is_new)",
        "without_history": "count_if(NOT is_new AND customer_before IS NULL)",
    }
    found: Figures = {}
    for month in months:
        if rows.get(month - 1):  # one at a time, which takes as long as all at once and holds the keys of one month
            found |= by_month(_beside_month_before(lake, month), people | compared | changed)
    return found


def _beside_month_before(lake: Lake, month: Month) -> "DataFrame":
    from pyspark.sql import functions as F

    now = lake.read_months(CUSTOMERS, [month]).select(PARTITION, "customer_id", "is_new", *STABLE)
    before = lake.read_months(CUSTOMERS, [month - 1]).select(
        F.col("customer_id").alias("customer_before"), *(F.col(name).alias(f"{name}_before") for name in STABLE)
    )
    return now.join(before, on=F.col("customer_id") == F.col("customer_before"), how="left")
