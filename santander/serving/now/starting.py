"""How a process begins that does nothing but serve."""

import importlib

import pyarrow as pa

from santander.models.lean import without


def import_lean() -> None:
    """Import what scores without scikit-learn and pandas, which nobody needs who serves boosted trees.

    They take 67 MB and 2 s of a processor: XGBoost has estimators for the one, Arrow looks for numbers of the other, once, and
    does without it from then on. So no process that makes frames may call this. A model of scikit-learn still imports it.
    """
    with without("sklearn", "pandas"):
        importlib.import_module("xgboost")
        pa.array([0.5])
