"""The registered model as MLflow stores it: the candidate's files, the code that reads them, what it takes and gives."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from santander.models.packages import EVERY_MODEL, pinned
from santander.training.candidate import Candidate

if TYPE_CHECKING:
    from mlflow.models import ModelSignature

_PACKAGE = Path(__file__).resolve().parent.parent
MODEL_CODE = (
    "__init__.py",
    "errors.py",
    "former_names.py",
    "config/__init__.py",
    "config/machine.py",
    "features/__init__.py",
    "features/expansion.py",
    "schema",
    "models",
)
"""All of the package that a loaded model runs; without engine, store and command line."""


def copy_code(folder: Path) -> Path:
    """Copy the code of a loaded model below a folder and return the copied package."""
    package = folder / _PACKAGE.name
    for part in MODEL_CODE:
        source, target = _PACKAGE / part, package / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, target)
    return package


def requirements(candidate: Candidate) -> list[str]:
    """The packages that the models of a candidate need, in the versions at hand."""
    models = [model for fit in candidate.fits.values() for model in (fit.model, fit.baseline)]
    return pinned([*EVERY_MODEL, *(package for model in models for package in model.packages)])


def signature(features: Sequence[str]) -> "ModelSignature":
    """The features that a model reads in, lists and scores out.

    A feature comes as integer, boolean, double or object, by where a frame is from and whether one value in it is missing. No one
    type of MLflow takes them all, so that it checks their names, and the model their types (``santander.models.served``).
    """
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema
    from mlflow.types.schema import AnyType, Array

    return ModelSignature(
        inputs=Schema([ColSpec(AnyType(), name) for name in features]),  # type: ignore[no-untyped-call]
        outputs=Schema([ColSpec(Array(DataType.string), "products"), ColSpec(Array(DataType.double), "scores")]),
    )


def input_example(rows: pa.Table, features: Sequence[str], shown: int = 5) -> pd.DataFrame:
    """The first feature rows as doubles, missing as NaN: a form that JSON keeps."""
    first = rows.select(list(features)).slice(0, shown)
    return pd.DataFrame({name: first[name].cast(pa.float64()).to_numpy(zero_copy_only=False) for name in features})
