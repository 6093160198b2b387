"""Scoring a month, pandas: bitmasks expanded in numpy, a block of customers at a time."""

from pathlib import Path

import numpy as np
import pandas as pd
from peers.lists import BLOCK, Model, parts_of, write_lists
from peers.pandas_script.features import LAGS, read_month


def scoring(features: Path, month: str, model_folder: Path, out: Path) -> dict[str, float]:
    """Write the lists of all customers of the month; the seconds of the predict alone."""
    model = Model.read(model_folder)
    rows = read_month(features / f"snapshot_date={month}-28")
    blocks = (rows.iloc[start : start + BLOCK] for start in range(0, len(rows), BLOCK))
    return write_lists(model, (_block(model, block) for block in blocks), out)


def _block(model: Model, rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return rows["customer_id"].to_numpy("int64"), rows["owned"].to_numpy("int32"), _matrix(rows, model)


def _matrix(block: pd.DataFrame, model: Model) -> np.ndarray:
    matrix = np.empty((len(block), len(model.columns)), np.float32)
    masks = [block[lag].fillna(0).to_numpy("int32") for lag in LAGS]
    unknown, nothing_known = block[LAGS[0]].isna().to_numpy(), (block["months_known"] == 0).to_numpy(bool)
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
