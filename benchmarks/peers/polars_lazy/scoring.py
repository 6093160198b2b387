"""Scoring a month, Polars: bitmasks expanded by expressions, a block of customers at a time."""

from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
from peers.lists import Model, parts_of

_BLOCK = 131_072
_LAGS = [f"holdings_lag_{lag}" for lag in range(1, 6)]


def scoring(features: Path, month: str, model_folder: Path, out: Path) -> dict[str, float]:
    """Write the lists of all customers of the month; the seconds of the predict alone."""
    model = Model.read(model_folder)
    rows = pl.read_parquet(features / f"snapshot_date={month}-28" / "*.parquet", hive_partitioning=False)
    writer: pq.ParquetWriter | None = None
    seconds = 0.0
    for block in rows.iter_slices(_BLOCK):
        matrix = block.select([_column(name).cast(pl.Float32).fill_null(float("nan")) for name in model.columns]).to_numpy()
        lists, taken = model.lists(block["customer_id"].to_numpy(), block["owned"].to_numpy(), matrix)
        seconds += taken
        writer = writer or pq.ParquetWriter(out, lists.schema)
        writer.write_table(lists)
    if writer is not None:
        writer.close()
    return {"predict": seconds}


def _column(name: str) -> pl.Expr:
    group, bit = parts_of(name)
    if bit is None:
        return pl.col(group).alias(name)
    if group == "lag_1_bits":
        return ((pl.col(_LAGS[0]) // (1 << bit)) & 1).alias(name)
    if group == "months_held":
        held = pl.sum_horizontal([((pl.col(lag) // (1 << bit)) & 1) for lag in _LAGS])
        return pl.when(pl.col("months_known") > 0).then(held).alias(name)
    raise ValueError(f"no peer knows the model column {name}")
