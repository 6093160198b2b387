"""What a registered version calls when MLflow serves it: load a fit, rank rows of features.

The file that MLflow stores with a version (``registry/served_model.py``) imports this module and nothing else of the package,
so this name and the two below keep their meaning (docs/adr/0038-rooms.md).
"""

from pathlib import Path

import pandas as pd
import pyarrow as pa

from santander.models.kinds import load_recommender
from santander.models.list_check import checked_lists
from santander.models.recommender import Recommender
from santander.schema.products import PRODUCT_NAMES


def load_fit(folder: Path) -> Recommender:
    """Return the model that lies in ``folder``."""
    return load_recommender(folder)


def recommend(model: Recommender, rows: pd.DataFrame) -> pd.DataFrame:
    """Return a row per row of features: ``products`` (names, the likeliest first) and their ``scores``.

    Raises WrongLists when the model's lists are not what lists must be.
    """
    scores, ranks = checked_lists(model, pa.Table.from_pandas(rows, preserve_index=False))
    lists = [[bit for bit in row if bit >= 0] for row in ranks.tolist()]
    return pd.DataFrame(
        {
            "products": [[PRODUCT_NAMES[bit] for bit in bits] for bits in lists],
            "scores": [scores[i, bits].astype(float).tolist() for i, bits in enumerate(lists)],
        }
    )
