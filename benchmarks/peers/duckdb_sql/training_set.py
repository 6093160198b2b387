"""The rows that are fitted on, DuckDB: customers who added something, joined to the features of the same month."""

from pathlib import Path

import duckdb


def training_set(customers: Path, features: Path, months: list[str], out: Path) -> None:
    """Write (customer, month) with what was added, as a bitmask, and the features, of the months named."""
    held, known = (
        ", ".join(f"'{table}/snapshot_date={month}-28/*.parquet'" for month in months) for table in (customers, features)
    )
    with duckdb.connect() as con:
        con.execute("SET preserve_insertion_order = false")
        con.execute(f"""
            COPY (
                SELECT features.*, holdings & ~holdings_lag_1 AS added
                FROM read_parquet([{known}], hive_partitioning = true) features
                JOIN read_parquet([{held}], hive_partitioning = true) customers USING (customer_id, snapshot_date)
                WHERE holdings & ~holdings_lag_1 <> 0
            ) TO '{out}' (FORMAT parquet)""")
