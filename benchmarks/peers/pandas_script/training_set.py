"""The rows that are fitted on, pandas: customers who added something, merged with the features of the same month."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
from peers.pandas_script.features import read_month


def training_set(customers: Path, features: Path, months: list[str], out: Path) -> None:
    """Write (customer, month) with what was added, as a bitmask, and the features, of the months named."""
    parts = []
    for month in sorted(months):
        folder = f"snapshot_date={month}-28"
        known = read_month(features / folder).dropna(subset="holdings_lag_1")
        rows = known.merge(read_month(customers / folder, ["customer_id", "holdings"]).dropna(), on="customer_id")
        rows["added"] = (rows["holdings"].astype("int32") & ~rows["holdings_lag_1"].astype("int32")).astype("int32")
        date = (
            pd.array([f"{month}-28"], "string")
            .repeat(len(rows))
            .astype(pd.ArrowDtype(pa.string()))
            .astype(pd.ArrowDtype(pa.date32()))
        )
        parts.append(rows.assign(snapshot_date=date)[rows["added"] != 0].drop(columns="holdings"))
    pd.concat(parts).to_parquet(out, index=False)
