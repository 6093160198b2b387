"""Rows of the table ``quarantine`` from staged lines: whole lines, duplicates, and single values of lines that were kept."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from santander.ingest.accounting import MonthCount
from santander.ingest.duplicates import REASON as DUPLICATE
from santander.ingest.duplicates import Duplicate
from santander.ingest.reading import line_texts
from santander.ingest.staging import StagedFiles
from santander.lake.ingestions import UNKNOWN_MONTH
from santander.schema.catalogue import QUARANTINE

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame


def quarantined_rows(
    staged: StagedFiles, counts: Sequence[MonthCount] | None, duplicates: Sequence[Duplicate], ingestion_id: str
) -> "DataFrame":
    """All rows that this ingest quarantines, with the columns of the table; a surplus duplicate counts once, as a row.

    Without ``counts`` a whole line has the month of its own text, whether the file has records of that month or not.
    """
    from pyspark.sql import functions as F

    session = staged.lines.sparkSession
    numbers = [[each.line for each in duplicates if each.file_index == index] for index in range(len(staged.files))]
    texts = [line_texts(file, of_file) for file, of_file in zip(staged.files, numbers, strict=True)]
    repeated = session.createDataFrame(
        [(each.file_index, each.line, each.month, texts[each.file_index][each.line], each.customer_id) for each in duplicates],
        "file_index int, line bigint, month string, raw string, customer_id bigint",
    )
    whole_lines = staged.lines.where("row_reason IS NOT NULL").select(
        "file_index",
        "line",
        F.col("row_month").alias("month") if counts is None else _month_or_unknown(counts),
        F.lit("row").alias("scope"),
        F.col("row_reason").alias("reason"),
        F.lit(None).cast("string").alias("column"),
        F.col("row_raw").alias("raw"),
        F.col("row_customer_id").alias("customer_id"),
    )
    surplus = repeated.withColumns({"scope": F.lit("row"), "reason": F.lit(DUPLICATE), "column": F.lit(None).cast("string")})
    place = repeated.select(F.col("file_index").alias("surplus_file"), F.col("line").alias("surplus_line"))
    same_line = (F.col("file_index") == F.col("surplus_file")) & (F.col("line") == F.col("surplus_line"))
    values = (
        staged.lines.where("row_reason IS NULL AND bad_values IS NOT NULL")
        .join(F.broadcast(place), on=same_line, how="left_anti")
        .withColumn("month", F.date_format("snapshot_date", "yyyy-MM"))
        .select("file_index", "line", "month", "customer_id", F.lit("value").alias("scope"), F.explode("bad_values").alias("bad"))
        .select("file_index", "line", "month", "customer_id", "scope", "bad.*")
    )
    origin = session.createDataFrame(
        [(index, file.name, file.sha256) for index, file in enumerate(staged.files)],
        "origin_index int, file string, file_sha256 string",
    )
    rows = whole_lines.unionByName(surplus).unionByName(values)
    return (
        rows.join(F.broadcast(origin), on=F.col("file_index") == F.col("origin_index"), how="inner")
        .withColumn("ingestion_id", F.lit(ingestion_id))
        .withColumn("resolved_by", F.lit(None).cast("string"))
        .select(*(name for name, _ in QUARANTINE.columns))
    )


def _month_or_unknown(counts: Sequence[MonthCount]) -> "Column":
    """The month a quarantined line counts under, as ``count_lines`` decided."""
    from pyspark.sql import functions as F

    month = F.lit(UNKNOWN_MONTH)
    for index in sorted({count.file_index for count in counts}):
        known = [count.month for count in counts if count.file_index == index and count.is_dated]
        month = F.when((F.col("file_index") == index) & F.col("row_month").isin(known), F.col("row_month")).otherwise(month)
    return month.alias("month")
