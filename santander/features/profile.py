"""The profile family: who the customer is in the month itself, texts read as numbers, missing income imputed."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

ENOUGH_KNOWN_INCOMES = 50
NO_KEY = -1


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
    The medians are settled for each (province, segment) first, so that the many rows are joined once.
    """
    from pyspark.sql import functions as F

    settled = _settled_incomes(month_rows)
    in_group = (_key("province_code") == F.col("its_province")) & (_key("segment") == F.col("its_segment"))
    return (
        month_rows.join(F.broadcast(settled), on=in_group, how="left")
        .withColumn("income_imputed", F.col("household_income").isNull())
        .withColumn("household_income", F.coalesce("household_income", "settled_income"))
        .drop("its_province", "its_segment", "settled_income")
    )


def _settled_incomes(month_rows: "DataFrame") -> "DataFrame":
    """(its_province, its_segment, settled_income), one row per group of the month; an unknown key is NO_KEY."""
    from pyspark.sql import functions as F

    keyed = month_rows.select(_key("province_code").alias("province"), _key("segment").alias("segment"), "household_income")
    median, known = F.median("household_income"), F.count("household_income")
    of_group = keyed.groupBy("province", "segment").agg(median.alias("group_income"), known.alias("group_known"))
    of_segment = keyed.groupBy(F.col("segment").alias("the_segment")).agg(
        median.alias("segment_income"), known.alias("segment_known")
    )
    of_month = keyed.agg(median.alias("month_income"))

    def enough(known: str, key: str) -> "Column":
        return (F.col(known) >= ENOUGH_KNOWN_INCOMES) & (F.col(key) != NO_KEY)

    income = F.when(enough("group_known", "province") & (F.col("segment") != NO_KEY), F.col("group_income"))
    income = income.when(enough("segment_known", "segment"), F.col("segment_income")).otherwise(F.col("month_income"))
    return (
        of_group.join(of_segment, on=F.col("segment") == F.col("the_segment"), how="inner")
        .join(of_month, how="cross")
        .select(F.col("province").alias("its_province"), F.col("segment").alias("its_segment"), income.alias("settled_income"))
    )


def _key(name: str) -> "Column":
    from pyspark.sql import functions as F

    return F.coalesce(F.col(name).cast("int"), F.lit(NO_KEY))
