"""Labels: an addition is a product held in month M and not in M-1, by a customer with a row in both.

Customers without a row in M-1 would add a tenth to the buyers of June 2015 (docs/data.md, the label trap).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

KEY = ("customer_id", "snapshot_date")
GROUP = ("age", "segment", "is_active")
"""The features a customer is counted by in ``population``."""


def labels(customers: "DataFrame", features: "DataFrame", also: Sequence[str] = ()) -> "DataFrame":
    """Rows: one customer with products known in a month and in the month before; ``added`` is a bitmask, 0 for nothing.

    ``customers`` gives the products of the month, ``features`` those of the month before and the columns named by ``also``.
    """
    month, before = customers.alias("month"), features.alias("before")
    same_key = [F.col(f"month.{name}") == F.col(f"before.{name}") for name in KEY]
    held, held_before = F.col("month.holdings"), F.col("before.holdings_lag_1")
    return (
        month.join(before, on=same_key, how="inner")
        .where(held.isNotNull() & held_before.isNotNull())
        .select(
            *(F.col(f"month.{name}") for name in KEY),
            held.bitwiseAND(F.bitwise_not(held_before)).alias("added"),
            *(F.col(f"before.{name}") for name in also),
        )
    )


def population(customers: "DataFrame", features: "DataFrame") -> "DataFrame":
    """A row: the customers of one month alike in age, segment, is_active and added, and how many they are."""
    alike = labels(customers, features, also=GROUP).groupBy("snapshot_date", *GROUP, "added")
    return alike.agg(F.count(F.lit(1)).alias("customers"))


def buyers(labelled: "DataFrame", also: "Column | None" = None) -> "DataFrame":
    """The labelled rows in which something was added, and those of others who meet the condition ``also``."""
    bought = F.col("added") != 0
    return labelled.where(bought if also is None else bought | also)


def months_with_products(customers: "DataFrame") -> "DataFrame":
    """A row: one snapshot_date in which at least one customer's products are known."""
    return customers.where(F.col("holdings").isNotNull()).select("snapshot_date").distinct()
