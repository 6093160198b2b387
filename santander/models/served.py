"""What a registered version calls when MLflow serves it: load a fit, rank rows of features.

The file that MLflow stores with a version imports this module alone, so its name and functions stay as they are (ADR 38).
"""

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from santander.errors import InputError
from santander.models.kinds import load_recommender
from santander.models.list_check import checked_lists
from santander.models.recommender import Recommender
from santander.schema.products import PRODUCT_NAMES

_READ_BY_THE_CHECK = ("customer_id", "owned")
"""Columns by which lists are checked: owned products are in none, and an error names the customer where there is one."""


def load_fit(folder: Path) -> Recommender:
    """Return the model that lies in ``folder``."""
    return load_recommender(folder)


def recommend(model: Recommender, rows: pd.DataFrame) -> pd.DataFrame:
    """Return a row per row of features: ``products`` (names, the likeliest first) and their ``scores``.

    Features have any numeric or boolean type and any of pandas' ways to be missing. Raises InputError for others, WrongLists.
    """
    read = {*model.feature_names, *_READ_BY_THE_CHECK}
    scores, ranks = checked_lists(model, pa.table({name: _numbers(name, rows[name]) for name in map(str, rows) if name in read}))
    lists = [[bit for bit in row if bit >= 0] for row in ranks.tolist()]
    return pd.DataFrame(
        {
            "products": [[PRODUCT_NAMES[bit] for bit in bits] for bits in lists],
            "scores": [scores[i, bits].astype(float).tolist() for i, bits in enumerate(lists)],
        }
    )


def _numbers(name: str, values: "pd.Series[Any]") -> pa.Array:
    """The values with their nulls; nothing but nulls, of which pandas tells no type, as double."""
    try:
        column = pa.array(values, from_pandas=True)
    except (pa.ArrowException, TypeError, OverflowError):
        column = None
    if column is not None and pa.types.is_null(column.type):
        return column.cast(pa.float64())
    if column is None or not (
        pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or pa.types.is_boolean(column.type)
    ):
        example = next(repr(value) for value in values if not isinstance(value, int | float | None))
        raise InputError(f"feature {name} must be numbers or true and false, and holds {example}", column=name, hint="cast it")
    return column
