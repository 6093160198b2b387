"""A family in PySpark, as an example: one row a customer, from twelve months of holdings (docs/tutorial-own-feature.md).

The features that come with the code see five months; this family remembers for each group of products the last addition of
a year, and how long ago the customer last held any of them.
"""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from santander.schema.products import PRODUCTS

ENTITY = "customer_id"
MONTHS = 12
MEANING = "How long ago a customer last added, and last held, something of a group of products, within a year"
FEATURES = [
    "since_added_account smallint [1, 11] Months since the last addition of an account; null without one in the year",
    "since_added_savings smallint [1, 11] Months since the last addition of a deposit, fund, plan or security",
    "since_added_credit smallint [1, 11] Months since the last addition of a mortgage, loan, credit card or guarantee",
    "since_added_income smallint [1, 11] Months since the last addition of payroll, pension deposit or direct debit",
    "additions_in_year smallint [0, 264] Products added from month to month, all together",
    "since_held_savings smallint [1, 12] Months since a deposit, fund, plan or security was held; null if not in the year",
    "since_held_credit smallint [1, 12] Months since a mortgage, loan, credit card or guarantee was held",
    "since_held_income smallint [1, 12] Months since payroll, pension deposit or direct debit was held",
]
REASON = "began {additions_in_year} products in the last twelve months"
REASON_ES = "contrató {additions_in_year} productos en los últimos doce meses"

ACCOUNT = {
    "saving_account", "current_account", "payroll_account", "junior_account", "mas_particular_account", "particular_account",
    "particular_plus_account", "e_account", "home_account",
}  # fmt: skip
SAVINGS = {"short_term_deposit", "medium_term_deposit", "long_term_deposit", "funds", "pension_plan", "securities"}
CREDIT = {"mortgage", "loan", "credit_card", "guarantee"}
INCOME = {"payroll", "pension_deposit", "direct_debit"}


def features(customers: DataFrame, history: DataFrame) -> DataFrame:
    """Return one row for each customer of the year before."""
    # Who was away for a month has a gap: an addition needs two months that follow each other.
    in_order = Window.partitionBy("customer_id").orderBy(F.col("months_before").desc())
    follows = F.lag("months_before").over(in_order) == F.col("months_before") + 1
    moves = history.select(
        "customer_id", "months_before", "holdings", F.when(follows, F.lag("holdings").over(in_order)).alias("held_before")
    )
    added = F.col("holdings").bitwiseAND(F.bitwise_not("held_before"))
    held = F.col("holdings")
    return moves.groupBy("customer_id").agg(
        _last(added, ACCOUNT).alias("since_added_account"),
        _last(added, SAVINGS).alias("since_added_savings"),
        _last(added, CREDIT).alias("since_added_credit"),
        _last(added, INCOME).alias("since_added_income"),
        F.sum(F.bit_count(added)).cast("smallint").alias("additions_in_year"),
        _last(held, SAVINGS).alias("since_held_savings"),
        _last(held, CREDIT).alias("since_held_credit"),
        _last(held, INCOME).alias("since_held_income"),
    )


def _last(products: Column, group: set[str]) -> Column:
    """Return how many months ago a bitmask of products last had one of the group."""
    mask = sum(product.mask for product in PRODUCTS if product.name in group)
    return F.min(F.when(products.bitwiseAND(F.lit(mask)) != 0, F.col("months_before"))).cast("smallint")
