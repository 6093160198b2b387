"""Tables of a user's families: whose rows they hold. What the features are is the user's, so there is no second opinion of it."""

from collections.abc import Mapping, Sequence

from santander.audit.engine import Engine
from santander.audit.features import Rows
from santander.audit.findings import Findings
from santander.audit.live import parquet
from santander.schema.catalogue import Table

_KEYS = "SELECT count(*) AS rows, count(DISTINCT customer_id) AS customers, sum(customer_id) AS 'sum of customer_id' FROM"


def compare_family(
    engine: Engine, findings: Findings, table: Table, files: list[str], rows_of: Rows, customers: Mapping[str, Sequence[str]]
) -> None:
    """Compare the keys of a family's month: one row for each customer of the month, or at most one for each known entity.

    Known are the provinces or segments of ``customers``, files by month, in that month and all before.
    """
    held = parquet(files)
    findings.not_compared += [name for name, _ in table.columns if name not in table.key]
    if table.names_customers:
        if (here := rows_of(findings.month)) is None:
            findings.expect(table.name, "customers of the month", "none", "features without customers")
        else:
            findings.compare(f"{table.name} rows", engine.row(f"{_KEYS} {here}"), engine.row(f"{_KEYS} {held}"))
        return
    key = table.key[0]
    earlier = [file for month, each in customers.items() if month <= findings.month for file in each]
    known = f"SELECT {key} FROM {parquet(earlier)} WHERE {key} IS NOT NULL" if earlier else "SELECT NULL WHERE false"
    row = engine.row(f"""
        SELECT count_if({key} IS NULL) AS 'rows without a key',
          count({key}) - count(DISTINCT {key}) AS 'rows with a repeated key',
          count_if({key} IS NOT NULL AND {key} NOT IN ({known})) AS 'keys that no customer has'
        FROM {held}""")
    findings.compare(f"{table.name} rows", dict.fromkeys(row, 0), row)
