"""The lists of a month, held to what a list must be; which product is the best one no audit can tell."""

from santander.audit.engine import Engine, literal
from santander.audit.features import Rows, expected_owned
from santander.audit.findings import Findings
from santander.audit.live import parquet
from santander.audit.rules import PRODUCTS

LONGEST = 7


def compare_recommendations(engine: Engine, findings: Findings, files: list[str], rows_of: Rows) -> None:
    """Count the customers whose list breaks a rule: length, ranks, repeated, unknown and owned products, no list at all.

    A product without a score is one that its model leaves out, and is due all the same.
    """
    if rows_of(findings.month) is None:
        findings.expect("recommendations", "customers of the month", "none", "lists without customers")
        return
    bits = ", ".join(f"({literal(name)}, {1 << bit})" for bit, (_, name) in enumerate(PRODUCTS))
    row = engine.row(f"""
        WITH masks(product, mask) AS (VALUES {bits}),
        lists AS (
          SELECT customer_id, count(*) AS length, count(DISTINCT product) AS products, min(rank) AS first, max(rank) AS last,
            count(DISTINCT rank) AS ranks, bit_or(coalesce(mask, 0)) AS listed, count_if(mask IS NULL) AS unknown,
            count_if(isnan(score)) AS unscored
          FROM {parquet(files)} LEFT JOIN masks USING (product) GROUP BY customer_id),
        owners AS ({expected_owned(findings.month, rows_of)}),
        pairs AS (SELECT *, least({LONGEST}, {len(PRODUCTS)} - bit_count(owned)) AS due
          FROM owners FULL JOIN lists USING (customer_id))
        SELECT
          count_if(length IS NULL AND due > 0) AS 'customers without a list',
          count_if(owned IS NULL) AS 'lists of nobody',
          count_if(length <> due) AS 'lists of another length',
          count_if(first <> 1 OR last <> length OR ranks <> length) AS 'lists with other ranks than 1 to their length',
          count_if(products <> length) AS 'lists that repeat a product',
          count_if(unknown > 0) AS 'lists with an unknown product',
          count_if(unscored > 0) AS 'lists with a score that is no number',
          count_if(listed & owned <> 0) AS 'lists with an owned product'
        FROM pairs""")
    findings.compare("recommendations", dict.fromkeys(row, 0), row)
