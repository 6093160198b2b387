"""The rows that are fitted on, PySpark: customers who added something, joined to the features of the same month."""

from pathlib import Path

from peers.pyspark_local.session import session


def training_set(customers: Path, features: Path, months: list[str], out: Path) -> None:
    """Write (customer, month) with what was added, as a bitmask, and the features, of the months named."""
    from pyspark.sql import functions as F

    dates = [f"{month}-28" for month in months]
    with session() as spark:
        held, known = (
            spark.read.parquet(str(table)).where(F.col("snapshot_date").isin(dates)) for table in (customers, features)
        )
        rows = known.join(held.select("customer_id", "snapshot_date", "holdings"), ["customer_id", "snapshot_date"])
        added = F.col("holdings").bitwiseAND(F.bitwise_not("holdings_lag_1"))
        rows.withColumn("added", added).where("added <> 0").drop("holdings").write.parquet(str(out), mode="overwrite")
