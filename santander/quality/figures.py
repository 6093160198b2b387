"""The figures of many months in few passes over the data, each one aggregation grouped by month.

One pass counts everything that the rules want of single rows, one finds customers with two rows, one follows payroll from
a month to the next, one compares a sample of the lags, and a join for each month holds its customers against those of the
month before. Great Expectations then validates figures, not rows.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import reduce
from typing import TYPE_CHECKING

from santander.lake.lake import Lake
from santander.quality.declaration import AS_IN_CUSTOMERS, PAYROLL, PENSION, STABLE
from santander.quality.rules import ROWS, Rule
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE, PARTITION, Table
from santander.schema.months import Month

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Figures = dict[Month, dict[str, int]]


def row_figures(lake: Lake, table: Table, months: Sequence[Month], rules: Sequence[Rule]) -> Figures:
    """Return the figures that the rules ask of each month's rows, in one pass."""
    aggregates = {ROWS: "count(*)"} | {name: sql for rule in rules for name, sql in rule.aggregates().items()}
    return by_month(lake.read_months(table, months), aggregates)


def by_month(frame: "DataFrame", aggregates: Mapping[str, str]) -> Figures:
    """Whole numbers per month; a sum over nothing is 0."""
    from pyspark.sql import functions as F

    found = frame.groupBy(PARTITION).agg(*(F.expr(sql).alias(name) for name, sql in aggregates.items()))
    return {
        Month.of(row.pop(PARTITION)): {name: int(value or 0) for name, value in row.items()}
        for row in found.toArrow().to_pylist()
    }


def surplus_rows(lake: Lake, table: Table, months: Sequence[Month]) -> dict[Month, int]:
    """Rows beyond the first of a key in a month: of a customer, or of what else the rows are about.

    They are counted by count_if: the embedded engine answers count(*) from the log of the table where every file holds one key,
    as in a month of one row, and then cannot aggregate the answer.
    """
    from pyspark.sql import functions as F

    keys = lake.read_months(table, months).groupBy(PARTITION, table.key[0]).agg(F.expr("count_if(true)").alias("n"))
    return {month: row["surplus"] for month, row in by_month(keys.where("n > 1"), {"surplus": "sum(n - 1)"}).items()}


def payroll_without_pension(lake: Lake, months: Sequence[Month], present: Collection[Month]) -> dict[Month, int]:
    """Customers who have payroll in the month, not in the month before, and no pension deposit in the month.

    Few customers have payroll without pension deposit, so the join is of few rows with the month before.
    """
    from pyspark.sql import functions as F

    before = sorted({month - 1 for month in months} & set(present))
    with_payroll = lake.read_months(CUSTOMERS, months).where(f"holdings & {PAYROLL} <> 0 AND holdings & {PENSION} = 0")
    without = lake.read_months(CUSTOMERS, before).where(f"holdings & {PAYROLL} = 0")
    left = with_payroll.select("customer_id", PARTITION)
    right = without.select(F.col("customer_id").alias("customer_before"), F.add_months(PARTITION, 1).alias("month_after"))
    added = left.join(
        right, on=(F.col("customer_id") == F.col("customer_before")) & (F.col(PARTITION) == F.col("month_after")), how="inner"
    )
    return {month: row["added"] for month, row in by_month(added, {"added": "count(*)"}).items()}


def lags_off(lake: Lake, months: Sequence[Month], rows: Mapping[Month, int], lags: int, sample_rows: int) -> Figures:
    """``lags_sampled`` customers of each month, and for each lag how many differ from the holdings of that month before.

    The sample is of customers whose id has one remainder: the same customers in all months, so that they can be joined.
    """
    from pyspark.sql import functions as F

    every = max(1, max(rows.get(month, 0) for month in months) // sample_rows)
    sample = f"customer_id % {every} = {max(months).index % every}"
    names = [f"holdings_lag_{lag}" for lag in range(1, lags + 1)]
    features = lake.read_months(FEATURES_TABLE, months).where(sample)
    held_in = sorted({month - lag for month in months for lag in range(1, lags + 1)} & set(rows))
    held = (
        lake.read_months(CUSTOMERS, held_in)
        .where(sample)
        .select(F.col("customer_id").alias("holder"), F.col(PARTITION).alias("held_on"), F.col("holdings").alias("held"))
    )
    each = reduce(
        lambda left, right: left.unionByName(right),
        [
            features.select(
                "customer_id",
                PARTITION,
                F.lit(lag).alias("lag"),
                F.add_months(PARTITION, -lag).alias("lag_on"),
                F.col(name).alias("known"),
            )
            for lag, name in enumerate(names, start=1)
        ],
    )
    same = (F.col("customer_id") == F.col("holder")) & (F.col("lag_on") == F.col("held_on"))
    off = {f"broken_{name}_as_held": f"count_if(lag = {lag} AND NOT (known <=> held))" for lag, name in enumerate(names, start=1)}
    return by_month(each.join(held, on=same, how="left"), {"lags_sampled": "count_if(lag = 1)"} | off)


def in_customers(lake: Lake, months: Sequence[Month]) -> Figures:
    """Return the sums that a month's features must have: the same figures of ``customers``."""
    return by_month(
        lake.read_months(CUSTOMERS, months),
        {rule.right: sql for rule in AS_IN_CUSTOMERS for sql in rule.sql.values()},
    )


def differing_columns(lake: Lake, table: Table) -> int:
    """Columns that the engine reads with another name or type than the catalogue has them, and those either lacks."""
    read = {(field.name, field.dataType.simpleString()) for field in lake.read(table).schema.fields}
    declared = {(field.name, field.dataType.simpleString()) for field in table.schema().fields}
    return len({name for name, _ in read ^ declared})


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
