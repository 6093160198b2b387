"""Corrected records put into months of ``customers`` by key; all other rows of the month stay as they are."""

import json
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

from santander.lake.ingestions import MERGE
from santander.lake.lake import Lake
from santander.schema.catalogue import CUSTOMERS
from santander.schema.columns import PRODUCT_COLUMNS
from santander.schema.months import Month

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_COLUMNS = [name for name, _ in CUSTOMERS.columns]
_PRODUCTS = [*(column.name for column in PRODUCT_COLUMNS), "holdings"]


def merge_month(lake: Lake, corrected: "DataFrame", month: Month, *, ingestion_id: str) -> int:
    """Replace the rows of the month whose keys ``corrected`` has, add those the month lacks, and return how many were added.

    ``corrected`` has the columns of customers and one row a key. A record of a file without products, whose ``holdings``
    are null, leaves its customer the products there are.
    """
    from pyspark.sql import functions as F

    current = lake.read_months(CUSTOMERS, [month])
    keys = corrected.select(F.col("customer_id").alias("new_key"))
    others = current.join(keys, on=F.col("customer_id") == F.col("new_key"), how="left_anti")
    n_now = lake.rows_by_month(CUSTOMERS)[month]
    inserted = others.count() + corrected.count() - n_now
    lineage = {"ingestion_id": ingestion_id, "mode": MERGE, "inserted": {str(month): inserted}}
    merged = others.select(*_COLUMNS).unionByName(_with_products(corrected, current))
    lake.replace_months(CUSTOMERS, merged, {month: n_now + inserted}, lineage)
    return inserted


def inserted_by_unfinished(lake: Lake, month: Month, marked: Collection[str]) -> int:
    """Rows that merges which died before their marker have added to the month: the next replay to end accounts for them.

    Read from the lineage of the commits of ``customers`` back to the last one whose ingestion of the month is ``marked``.
    """
    total = 0
    for lineage in lineages(lake):
        if lineage.get("ingestion_id") in marked:
            break
        total += lineage.get("inserted", {}).get(str(month), 0)
    return total


def lineages(lake: Lake) -> Iterator[dict[str, Any]]:
    """The lineage of the commits of ``customers``, the last first, without those that were rolled back."""
    undone = False
    for commit in lake.delta(CUSTOMERS).history():
        if undone or commit["operation"] == "RESTORE":
            undone = not undone
            continue
        yield json.loads(commit.get("userMetadata") or "{}")


def _with_products(corrected: "DataFrame", current: "DataFrame") -> "DataFrame":
    """The corrected rows with the products that their customers have, where they bring none."""
    from pyspark.sql import functions as F

    held = current.select(F.col("customer_id").alias("held_key"), *(F.col(name).alias(f"held_{name}") for name in _PRODUCTS))
    is_bare = F.col("holdings").isNull()
    products = [F.when(is_bare, F.col(f"held_{name}")).otherwise(F.col(name)).alias(name) for name in _PRODUCTS]
    joined = corrected.join(held, on=F.col("customer_id") == F.col("held_key"), how="left")
    return joined.select(*(name for name in _COLUMNS if name not in _PRODUCTS), *products).select(*_COLUMNS)
