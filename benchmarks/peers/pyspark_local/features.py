"""The table features, PySpark: lag columns by a window over each customer's months, medians joined by broadcast."""

import math
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

from peers.pyspark_local.session import session

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

_ENOUGH = 50
LAGS = [f"holdings_lag_{lag}" for lag in range(1, 6)]


def features(customers: Path, out: Path, months: list[str] | None = None) -> None:
    """Write the features of the months (all when None), a folder each."""
    from pyspark.sql import functions as F

    with session() as spark:
        rows = spark.read.parquet(str(customers)).withColumn("month", F.year("snapshot_date") * 12 + F.month("snapshot_date"))
        if months is not None:
            numbers = [int(month[:4]) * 12 + int(month[5:]) for month in months]
            rows = rows.where(F.col("month").between(min(numbers) - 5, max(numbers)))
        built = _with_income(_with_lags(rows))
        if months is not None:
            built = built.where(F.col("snapshot_date").isin([f"{month}-28" for month in months]))
        built.select("*", *_history(), *_season()).drop("month", "last", "active").write.partitionBy("snapshot_date").parquet(
            str(out), mode="overwrite"
        )
    for marker in [*out.glob("_*"), *out.glob(".*"), *out.glob("*/.*")]:
        marker.unlink()


def _base_36(name: str) -> "Column":
    from pyspark.sql import functions as F

    return F.conv(F.col(name), 36, 10).cast("int").alias(name)


def _with_lags(rows: "DataFrame") -> "DataFrame":
    """The profile as numbers, and what was held up to five months before: the k-th row before, or none if it is older."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    profile = rows.select(
        "customer_id", "snapshot_date", "month", "holdings", "age", (F.col("sex") == "H").alias("is_woman"), "seniority_months",
        "is_new", "is_active", F.substring("segment", 2, 1).cast("tinyint").alias("segment"), _base_36("employment_status"),
        _base_36("channel"), _base_36("country"), "province_code", _base_36("relation_type"), _base_36("relation_kind"),
        (F.col("primary_status") == 99).alias("left_during_month"), "is_resident", "is_foreign_born", "is_deceased",
        "household_income",
    )  # fmt: skip
    by_customer = Window.partitionBy("customer_id").orderBy("month")
    before = [F.lag(F.struct("month", "holdings"), steps).over(by_customer).alias(f"before_{steps}") for steps in range(1, 6)]
    last = F.lag(F.struct("month", "relation_type", "is_active"), 1).over(by_customer).alias("before")
    looked = profile.select("*", *before, last)
    held = [
        F.coalesce(*(F.when(F.col(f"before_{steps}.month") == F.col("month") - lag, F.col(f"before_{steps}.holdings"))
                     for steps in range(1, lag + 1))).alias(name)
        for lag, name in enumerate(LAGS, 1)
    ]  # fmt: skip
    was_there = F.col("before.month") == F.col("month") - 1
    return looked.select(
        *(name for name in profile.columns if name != "holdings"),
        *held,
        F.when(was_there, F.col("before.relation_type")).alias("last"),
        F.when(was_there, F.col("before.is_active")).alias("active"),
    )


def _with_income(rows: "DataFrame") -> "DataFrame":
    """An unknown income from the month's medians: of (province, segment) where 50 are known, of the segment, of the month."""
    from pyspark.sql import functions as F

    province, segment = (
        F.coalesce(F.col("province_code").cast("int"), F.lit(-1)),
        F.coalesce(F.col("segment").cast("int"), F.lit(-1)),
    )
    known = rows.select("snapshot_date", province.alias("p"), segment.alias("s"), "household_income")
    median, count = F.median("household_income"), F.count("household_income")
    of_group = known.groupBy("snapshot_date", "p", "s").agg(median.alias("gm"), count.alias("gn"))
    of_segment = known.groupBy("snapshot_date", "s").agg(median.alias("sm"), count.alias("sn"))
    of_month = known.groupBy("snapshot_date").agg(median.alias("mm"))
    enough_there = (F.col("gn") >= _ENOUGH) & (F.col("p") != -1) & (F.col("s") != -1)
    enough_in_segment = (F.col("sn") >= _ENOUGH) & (F.col("s") != -1)
    settled = (
        of_group.join(of_segment, ["snapshot_date", "s"])
        .join(of_month, ["snapshot_date"])
        .select(
            "snapshot_date",
            "p",
            "s",
            F.when(enough_there, F.col("gm")).when(enough_in_segment, F.col("sm")).otherwise(F.col("mm")).alias("m"),
        )
    )
    return (
        rows.withColumns({"p": province, "s": segment})
        .join(F.broadcast(settled), ["snapshot_date", "p", "s"], "left")
        .withColumn("income_imputed", F.col("household_income").isNull())
        .withColumn("household_income", F.coalesce("household_income", "m"))
        .drop("p", "s", "m")
    )


def _history() -> "list[Column]":
    from pyspark.sql import functions as F

    lags = [F.col(name) for name in LAGS]

    def total(columns: "list[Column]") -> "Column":
        return reduce(lambda one, other: one + other, columns)

    def bits(masks: "list[Column]") -> "Column":
        return total([F.coalesce(F.bit_count(mask), F.lit(0)) for mask in masks]).cast("smallint")

    added = [lags[k].bitwiseAND(F.bitwise_not(lags[k + 1])) for k in range(4)]
    at = [F.coalesce(mask, F.lit(0)) for mask in added]
    latest = [reduce(lambda rest, newer: rest.bitwiseAND(F.bitwise_not(newer)), at[:k], mask) for k, mask in enumerate(at)]
    return [
        F.coalesce(*lags, F.lit(0)).alias("owned"),
        total([lag.isNotNull().cast("int") for lag in lags]).cast("tinyint").alias("months_known"),
        F.bit_count(lags[0]).cast("tinyint").alias("products_held"),
        bits(added).alias("additions"),
        bits([lags[k + 1].bitwiseAND(F.bitwise_not(lags[k])) for k in range(4)]).alias("closures"),
        bits([lags[k].bitwiseAND(lags[k + 1]) for k in range(4)]).alias("continuations"),
        latest[0].bitwiseOR(latest[2]).alias("months_since_added_bit_0"),
        latest[1].bitwiseOR(latest[2]).alias("months_since_added_bit_1"),
        latest[3].alias("months_since_added_bit_2"),
        F.col("last").alias("relation_type_last"),
        F.col("active").alias("was_active"),
    ]


def _season() -> "list[Column]":
    from pyspark.sql import functions as F

    month = F.month("snapshot_date")

    def of_year(wave: Callable[[float], float]) -> "Column":
        pairs = [(F.lit(n), F.lit(round(wave(2 * math.pi * (n - 1) / 12), 6))) for n in range(1, 13)]
        return F.create_map(*(each for pair in pairs for each in pair))[month]

    return [
        month.cast("tinyint").alias("month_of_year"),
        of_year(math.sin).alias("season_sine"),
        of_year(math.cos).alias("season_cosine"),
    ]
