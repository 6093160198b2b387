"""Scoring a month, DuckDB: bitmasks expanded in SQL, fetched as Arrow, a block of customers at a time."""

from pathlib import Path

import duckdb
import numpy as np
import pyarrow.parquet as pq
from peers.lists import Model, parts_of

_BLOCK = 131_072
_LAGS = [f"holdings_lag_{lag}" for lag in range(1, 6)]


def scoring(features: Path, month: str, model_folder: Path, out: Path) -> dict[str, float]:
    """Write the lists of all customers of the month; the seconds of the predict alone."""
    model = Model.read(model_folder)
    source = f"read_parquet('{features}/snapshot_date={month}-28/*.parquet', hive_partitioning = false)"
    columns = ", ".join(f"coalesce(({_column(name)})::FLOAT, 'nan'::FLOAT) AS \"{name}\"" for name in model.columns)
    seconds = 0.0
    writer: pq.ParquetWriter | None = None
    with duckdb.connect() as con:
        con.execute("SET preserve_insertion_order = false")
        query = f"SELECT customer_id AS its_id, owned AS its_products, {columns} FROM {source}"
        for block in con.sql(query).to_arrow_reader(_BLOCK):
            matrix = np.column_stack([block.column(name).to_numpy(zero_copy_only=False) for name in model.columns])
            lists, taken = model.lists(block.column("its_id").to_numpy(), block.column("its_products").to_numpy(), matrix)
            seconds += taken
            writer = writer or pq.ParquetWriter(out, lists.schema)
            writer.write_table(lists)
    if writer is not None:
        writer.close()
    return {"predict": seconds}


def _column(name: str) -> str:
    group, bit = parts_of(name)
    if bit is None:
        return f"{group}::FLOAT"
    if group == "lag_1_bits":
        return f"(({_LAGS[0]} >> {bit}) & 1)"
    if group == "months_held":
        held = " + ".join(f"coalesce(({lag} >> {bit}) & 1, 0)" for lag in _LAGS)
        return f"if(months_known > 0, {held}, NULL)"
    raise ValueError(f"no peer knows the model column {name}")
