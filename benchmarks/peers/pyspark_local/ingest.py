"""Landing files to monthly parquet, PySpark: columns of expressions over the csv reader, written by month."""

import shutil
from collections.abc import Iterable
from functools import partial, reduce
from operator import or_
from pathlib import Path
from typing import TYPE_CHECKING

from peers.pyspark_local.session import session
from peers.rules import COLUMNS, HOLDS, PROFILE_COLUMNS, Column, columns_of, landing_files, silent
from peers.settling import Doubts, Key, doubtful_lines, settle

if TYPE_CHECKING:
    from pyspark.sql import Column as Expression
    from pyspark.sql import DataFrame, SparkSession

_IN_DOUBT = "snapshot_date=__HIVE_DEFAULT_PARTITION__"
"""Where rows without a date are written: a row in doubt gets none."""


def ingest(raw: Path, out: Path) -> None:
    """Write customers by month, quarantine and the counts of each month."""
    target = out / "customers"
    files = landing_files(raw)
    with session() as spark:
        everything = reduce(lambda one, other: one.unionByName(other), (_rows(spark, path) for path in files))
        everything.write.partitionBy("snapshot_date").parquet(str(target), mode="overwrite")
        for marker in [*target.glob("_*"), *target.glob(".*"), *target.glob("*/.*")]:
            marker.unlink()
        doubts: Doubts = {}
        if (target / _IN_DOUBT).is_dir():
            shutil.rmtree(target / _IN_DOUBT)
            doubts = {index: doubtful_lines(path) for index, path in enumerate(files)}
        settle(raw, out, doubts, partial(_repeated, spark, target), partial(_leave_out, spark, target))


def _rows(spark: "SparkSession", path: Path) -> "DataFrame":
    """Rows of customers; the snapshot date is null where the line is in doubt."""
    from pyspark.sql import functions as F

    columns = columns_of(path)
    schema = ", ".join(f"{column.source} string" for column in columns)
    lines = spark.read.csv(str(path), schema=schema, header=True, nullValue="\x00", emptyValue="", escape='"')
    texts = lines.select([F.coalesce(F.trim(column.source), F.lit("")).alias(f"t_{column.name}") for column in columns])
    values = texts.select("*", *(_value(column).alias(column.name) for column in columns))
    in_doubt = reduce(or_, (F.col(column.name).isNull() & ~_is_silent(column) for column in columns))
    if len(columns) == len(COLUMNS):
        flags = [F.col(name) for name in HOLDS]
        held = reduce(lambda one, other: one.bitwiseOR(other), (F.when(f, 1 << bit).otherwise(0) for bit, f in enumerate(flags)))
    else:
        flags, held = [F.lit(None).cast("boolean").alias(name) for name in HOLDS], F.lit(None).cast("int")
    return values.select(
        F.when(~in_doubt, F.col("snapshot_date")).alias("snapshot_date"),
        *(F.col(column.name) for column in PROFILE_COLUMNS[1:]),
        *flags,
        held.alias("holdings"),
    )


def _is_silent(column: Column) -> "Expression":
    from pyspark.sql import functions as F

    return F.col(f"t_{column.name}").isin(silent(column)) if silent(column) else F.lit(False)


def _value(column: Column) -> "Expression":
    """The typed value of a trimmed text, null where it is silent or breaks its rule."""
    from pyspark.sql import functions as F

    text = F.col(f"t_{column.name}")
    if column.type == "boolean":
        no, yes = ("0", "1") if column.values == ("0", "1") else ("N", "S")
        return F.when(text == no, F.lit(False)).when(text == yes, F.lit(True))
    legal = text.rlike(f"^(?:{column.pattern})$") & ~_is_silent(column)
    if column.type == "string":
        return F.when(legal, F.substring(text, 1, 1) if column.first_character_only else text)
    value = text.try_cast(column.type)
    if column.low is not None:
        legal &= value >= column.low
    if column.high is not None:
        legal &= value <= column.high
    return F.when(legal, value)


def _repeated(spark: "SparkSession", target: Path, more: Iterable[Key]) -> list[Key]:
    """Keys that occur more than once."""
    from pyspark.sql import functions as F

    keys = spark.read.parquet(str(target)).select(F.col("snapshot_date").cast("string").alias("date"), "customer_id")
    if others := list(more):
        keys = keys.unionByName(spark.createDataFrame(others, "date string, customer_id bigint"))
    return [(row["date"], row["customer_id"]) for row in keys.groupBy("date", "customer_id").count().where("count > 1").collect()]


def _leave_out(spark: "SparkSession", target: Path, date: str, customers: set[int]) -> None:
    """Write a month anew without some customers."""
    from pyspark.sql import functions as F

    folder, kept = target / f"snapshot_date={date}", target.parent / f"kept_{date}"
    spark.read.parquet(str(folder)).where(~F.col("customer_id").isin(list(customers))).write.parquet(str(kept))
    shutil.rmtree(folder)
    kept.rename(folder)
    for marker in [*folder.glob("_*"), *folder.glob(".*")]:
        marker.unlink()
