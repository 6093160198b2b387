"""Scoring a month, pandas: bitmasks expanded in numpy, a block of customers at a time."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from peers.lists import Model, parts_of
from peers.pandas_script.features import _LAGS, _read

_BLOCK = 131_072


def scoring(features: Path, month: str, model_folder: Path, out: Path) -> dict[str, float]:
    """Write the lists of all customers of the month; the seconds of the predict alone."""
    model = Model.read(model_folder)
    rows = _read(features / f"snapshot_date={month}-28")
    writer: pq.ParquetWriter | None = None
    seconds = 0.0
    for start in range(0, len(rows), _BLOCK):
        block = rows.iloc[start : start + _BLOCK]
        lists, taken = model.lists(
            block["customer_id"].to_numpy("int64"), block["owned"].to_numpy("int32"), _matrix(block, model)
        )
        seconds += taken
        writer = writer or pq.ParquetWriter(out, lists.schema)
        writer.write_table(lists)
    if writer is not None:
        writer.close()
    return {"predict": seconds}


def _matrix(block: pd.DataFrame, model: Model) -> np.ndarray:
    matrix = np.empty((len(block), len(model.columns)), np.float32)
    masks = [block[lag].fillna(0).to_numpy("int32") for lag in _LAGS]
    unknown, nothing_known = block[_LAGS[0]].isna().to_numpy(), (block["months_known"] == 0).to_numpy(bool)
    for place, name in enumerate(model.columns):
        group, bit = parts_of(name)
        if bit is None:
            matrix[:, place] = block[group].to_numpy("float32", na_value=np.nan)
        elif group == "lag_1_bits":
            matrix[:, place] = np.where(unknown, np.nan, masks[0] >> bit & 1)
        elif group == "months_held":
            matrix[:, place] = np.where(nothing_known, np.nan, sum(mask >> bit & 1 for mask in masks))
        else:
            raise ValueError(f"no peer knows the model column {name}")
    return matrix
