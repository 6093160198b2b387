"""Scoring a month, Polars: bitmasks expanded by expressions, a block of customers at a time."""

from pathlib import Path

import numpy as np
import polars as pl
from peers.lists import BLOCK, Model, parts_of, write_lists
from peers.polars_lazy.features import LAGS


def scoring(features: Path, month: str, model_folder: Path, out: Path) -> dict[str, float]:
    """Write the lists of all customers of the month; the seconds of the predict alone."""
    model = Model.read(model_folder)
    rows = pl.read_parquet(features / f"snapshot_date={month}-28" / "*.parquet", hive_partitioning=False)
    return write_lists(model, (_block(model, block) for block in rows.iter_slices(BLOCK)), out)


def _block(model: Model, rows: pl.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    matrix = rows.select([_column(name).cast(pl.Float32).fill_null(float("nan")) for name in model.columns]).to_numpy()
    return rows["customer_id"].to_numpy(), rows["owned"].to_numpy(), matrix


def _column(name: str) -> pl.Expr:
    group, bit = parts_of(name)
    if bit is None:
        return pl.col(group).alias(name)
    if group == "lag_1_bits":
        return ((pl.col(LAGS[0]) // (1 << bit)) & 1).alias(name)
    if group == "months_held":
        held = pl.sum_horizontal([((pl.col(lag) // (1 << bit)) & 1) for lag in LAGS])
        return pl.when(pl.col("months_known") > 0).then(held).alias(name)
    raise ValueError(f"no peer knows the model column {name}")
