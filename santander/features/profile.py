"""The profile family: who the customer is in the month itself, texts read as numbers, missing income imputed."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

ENOUGH_KNOWN_INCOMES = 50


def profile_columns() -> "list[Column]":
    """The features of the family but the income, from the columns of ``customers``."""
    from pyspark.sql import functions as F

    return [
        F.col("age"),
        (F.col("sex") == "H").alias("is_woman"),
        F.col("seniority_months"),
        F.col("is_new"),
        F.col("is_active"),
        F.substring("segment", 2, 1).cast("tinyint").alias("segment"),
        base_36("employment_status"),
        base_36("channel"),
        base_36("country"),
        F.col("province_code"),
        base_36("relation_type"),
        base_36("relation_kind"),
        (F.col("primary_status") == 99).alias("left_during_month"),
        F.col("is_resident"),
        F.col("is_foreign_born"),
        F.col("is_deceased"),
    ]


def base_36(name: str) -> "Column":
    """A code of digits and capital letters as the number it writes in base 36: reversible, and new codes need no list."""
    from pyspark.sql import functions as F

    return F.conv(F.col(name), 36, 10).cast("int").alias(name)


def with_imputed_income(month_rows: "DataFrame") -> "DataFrame":
    """Replace an unknown income by a median of the same month's rows, and add the flag ``income_imputed``.

    The median is that of the customer's (province, segment); where fewer than 50 incomes are known there, of the segment;
    where fewer than 50 are known there too, of the month. Null only where the month knows no income at all.
    """
    from pyspark.sql import functions as F

    known = month_rows.where("household_income IS NOT NULL")
    median = F.median("household_income")
    enough = F.count("*") >= ENOUGH_KNOWN_INCOMES
    of_province = (
        known.groupBy("province_code", "segment")
        .agg(median.alias("province_income"), enough.alias("enough"))
        .where("enough")
        .select(F.col("province_code").alias("its_province"), F.col("segment").alias("its_segment"), "province_income")
    )
    of_segment = (
        known.groupBy("segment")
        .agg(median.alias("segment_income"), enough.alias("enough"))
        .where("enough")
        .select(F.col("segment").alias("the_segment"), "segment_income")
    )
    of_month = known.agg(median.alias("month_income"))
    in_province = (F.col("province_code") == F.col("its_province")) & (F.col("segment") == F.col("its_segment"))
    return (
        month_rows.join(F.broadcast(of_province), on=in_province, how="left")
        .join(F.broadcast(of_segment), on=F.col("segment") == F.col("the_segment"), how="left")
        .join(F.broadcast(of_month), how="cross")
        .withColumn("income_imputed", F.col("household_income").isNull())
        .withColumn("household_income", F.coalesce("household_income", "province_income", "segment_income", "month_income"))
        .drop("its_province", "its_segment", "province_income", "the_segment", "segment_income", "month_income")
    )
