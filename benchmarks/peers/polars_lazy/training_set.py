"""The rows that are fitted on, Polars: customers who added something, joined to the features of the same month."""

from pathlib import Path

import polars as pl


def training_set(customers: Path, features: Path, months: list[str], out: Path) -> None:
    """Write (customer, month) with what was added, as a bitmask, and the features, of the months named."""
    parts = []
    for month in sorted(months):
        folder = f"snapshot_date={month}-28"
        held = pl.scan_parquet(customers / folder / "*.parquet").select("customer_id", "holdings")
        known = pl.scan_parquet(features / folder / "*.parquet").filter(pl.col("holdings_lag_1").is_not_null())
        joined = known.join(held, on="customer_id", how="inner")
        added = (pl.col("holdings") & ~pl.col("holdings_lag_1")).alias("added")
        date = pl.lit(f"{month}-28").str.to_date().alias("snapshot_date")
        parts.append(joined.with_columns(added, date).filter(pl.col("added") != 0).drop("holdings"))
    pl.concat(parts).sink_parquet(out, engine="streaming", maintain_order=False)
