"""The model as MLflow serves it. MLflow stores this file and runs it to load the model: nothing is pickled.

Input: a row per customer, a column per feature of the declaration, all as double, missing as NaN. Output: a row per
customer, ``products`` (names, the likeliest first) and ``scores`` (of these products, NaN where the model has none).
"""

import json
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
import pyarrow as pa
from mlflow.pyfunc.model import PythonModel, PythonModelContext

from santander.models.kinds import load_recommender
from santander.models.list_check import checked_lists
from santander.schema.products import PRODUCT_NAMES


class ServedRecommender(PythonModel):
    """The scoring fit of a registered version behind MLflow's interface."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the fit that the version scores with."""
        folder = Path(context.artifacts["candidate"])
        scoring = json.loads((folder / "candidate.json").read_text())["scoring"]
        self._model = load_recommender(folder / "fits" / scoring / "model")

    def predict(
        self,
        context: PythonModelContext,  # noqa: ARG002  (the signature is MLflow's)
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> pd.DataFrame:
        """Lists and scores of the customers; raises WrongLists."""
        features = pa.Table.from_pandas(model_input, preserve_index=False)
        scores, ranks = checked_lists(self._model, features)
        lists = [[bit for bit in row if bit >= 0] for row in ranks.tolist()]
        return pd.DataFrame(
            {
                "products": [[PRODUCT_NAMES[bit] for bit in bits] for bits in lists],
                "scores": [scores[i, bits].astype(float).tolist() for i, bits in enumerate(lists)],
            }
        )


mlflow.models.set_model(ServedRecommender())
