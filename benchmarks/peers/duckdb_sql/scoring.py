"""Scoring a month, DuckDB: bitmasks expanded in SQL, fetched as Arrow, a block of customers at a time."""

from functools import partial
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from peers.duckdb_sql.features import LAGS
from peers.lists import BLOCK, Model, parts_of, write_lists


def scoring(features: Path, month: str, model_folder: Path, out: Path) -> dict[str, float]:
    """Write the lists of all customers of the month; the seconds of the predict alone."""
    model = Model.read(model_folder)
    source = f"read_parquet('{features}/snapshot_date={month}-28/*.parquet', hive_partitioning = false)"
    columns = ", ".join(f"coalesce(({_column(name)})::FLOAT, 'nan'::FLOAT) AS \"{name}\"" for name in model.columns)
    with duckdb.connect() as con:
        con.execute("SET preserve_insertion_order = false")
        query = f"SELECT customer_id AS its_id, owned AS its_products, {columns} FROM {source}"
        return write_lists(model, map(partial(_block, model), con.sql(query).to_arrow_reader(BLOCK)), out)


def _block(model: Model, rows: pa.RecordBatch) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    matrix = np.column_stack([rows.column(name).to_numpy(zero_copy_only=False) for name in model.columns])
    return rows.column("its_id").to_numpy(), rows.column("its_products").to_numpy(), matrix


def _column(name: str) -> str:
    group, bit = parts_of(name)
    if bit is None:
        return f"{group}::FLOAT"
    if group == "lag_1_bits":
        return f"(({LAGS[0]} >> {bit}) & 1)"
    if group == "months_held":
        held = " + ".join(f"coalesce(({lag} >> {bit}) & 1, 0)" for lag in LAGS)
        return f"if(months_known > 0, {held}, NULL)"
    raise ValueError(f"no peer knows the model column {name}")
