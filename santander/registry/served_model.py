"""The model as MLflow serves it. MLflow stores this file and runs it to load the model: nothing is pickled.

Input: a row per customer, a column per feature. Output: ``products`` (names, the likeliest first) and their ``scores``. It
outlives the layout of the package: it imports ``santander.models.served`` alone, a name that stays.
"""

import json
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow.pyfunc.model import PythonModel, PythonModelContext

from santander.models.served import load_fit, recommend


class ServedRecommender(PythonModel):
    """The scoring fit of a registered version behind MLflow's interface."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the fit that the version scores with."""
        folder = Path(context.artifacts["candidate"])
        scoring = json.loads((folder / "candidate.json").read_text())["scoring"]
        self._model = load_fit(folder / "fits" / scoring / "model")

    def predict(
        self,
        context: PythonModelContext,  # noqa: ARG002  (the signature is MLflow's)
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> pd.DataFrame:
        """Lists and scores of the customers; raises WrongLists."""
        return recommend(self._model, model_input)


mlflow.models.set_model(ServedRecommender())
