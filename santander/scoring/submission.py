"""The competition's submission: every customer of a month once, Spanish product columns separated by spaces."""

from pathlib import Path
from typing import TYPE_CHECKING

from santander.bank.months import Month
from santander.bank.products import PRODUCTS
from santander.errors import InputError
from santander.lake import Lake
from santander.models.ranking import LIST_LENGTH
from santander.tables import CUSTOMERS, RECOMMENDATIONS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

STEP_VERSION = 1
HEADER = ("ncodpers", "added_products")


def write_submission(lake: Lake, month: Month, folder: Path) -> tuple[Path, int]:
    """Write ``<folder>/<month>.csv`` from the month's recommendations; the file and its number of customers.

    A customer who holds everything has an empty list and stands there all the same. Raises InputError for a month that
    was not scored.
    """
    import pyarrow.csv as pa_csv

    if month not in lake.months(RECOMMENDATIONS):
        raise InputError(f"no recommendations for {month}: run 'santander score --month {month}' first")
    lists = submission_rows(lake, month).toArrow()
    folder.mkdir(parents=True, exist_ok=True)
    path, unfinished = folder / f"{month}.csv", folder / f".{month}.csv"
    with unfinished.open("wb") as out:
        out.write((",".join(HEADER) + "\n").encode())
        pa_csv.write_csv(lists, out, pa_csv.WriteOptions(include_header=False, quoting_style="none"))
    unfinished.replace(path)
    return path, lists.num_rows


def submission_rows(lake: Lake, month: Month) -> "DataFrame":
    """(ncodpers, added_products), one row per customer of the month, by customer."""
    from pyspark.sql import functions as F

    names = F.create_map(*(F.lit(text) for product in PRODUCTS for text in (product.name, product.source)))
    at_rank = [F.max(F.when(F.col("rank") == rank, names[F.col("product")])) for rank in range(1, LIST_LENGTH + 1)]
    lists = (
        lake.read_months(RECOMMENDATIONS, [month])
        .groupBy("customer_id")
        .agg(F.concat_ws(" ", *at_rank).alias(HEADER[1]))
        .withColumnRenamed("customer_id", "listed_customer")
    )
    everyone = lake.read_months(CUSTOMERS, [month]).select("customer_id")
    return (
        everyone.join(lists, on=F.col("customer_id") == F.col("listed_customer"), how="left")
        .select(F.col("customer_id").alias(HEADER[0]), F.coalesce(HEADER[1], F.lit("")).alias(HEADER[1]))
        .orderBy(HEADER[0])
    )
