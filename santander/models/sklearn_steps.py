"""A scikit-learn pipeline: as a recipe writes it, and fitted, as a file of skops, which holds no code."""

import hashlib
import io
import json
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator

from santander.errors import InputError, SantanderError, telling_line

DEFAULTS: dict[str, Any] = {"early_stopping": False}
"""What a step gets that has such a parameter and is not told otherwise. Early stopping holds back examples at random, and
months are what this project validates on."""

_PLACE = "sklearn."


class Step(BaseModel):
    """A class of scikit-learn and its parameters. A parameter that is itself an estimator is written in the same way."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)

    name: str = Field(alias="class")
    parameters: dict[str, Any] = Field(default_factory=dict)

    @field_validator("name")
    @classmethod
    def _of_sklearn(cls, name: str) -> str:
        if not name.startswith(_PLACE):
            raise ValueError(f"'{name}' is not a class of scikit-learn: its name begins with 'sklearn.'")
        return name


def pipeline_of(steps: Sequence[Step], seed: int) -> Any:
    """Return an unfitted pipeline; steps that draw at random and are not told otherwise get ``seed``.

    Raises InputError for a class that is not there, a wrong parameter, and a last step that gives no probabilities.
    """
    from sklearn.pipeline import make_pipeline

    made = [_estimator(step, seed) for step in steps]
    if not hasattr(made[-1], "predict_proba"):
        raise InputError(f"{steps[-1].name} as set gives no probabilities (predict_proba): it cannot be the last step")
    if without := [step.name for step, one in zip(steps[:-1], made[:-1], strict=True) if not hasattr(one, "transform")]:
        raise InputError(f"{', '.join(without)} transforms nothing: only the last step may be a classifier")
    return make_pipeline(*made)


def _estimator(step: Step, seed: int) -> Any:
    parameters = {name: _value(value, seed) for name, value in step.parameters.items()}
    kind = _class_named(step.name)
    try:
        estimator = kind(**parameters)
        of_its_own = estimator.get_params(deep=False)
    except TypeError as error:
        raise InputError(f"{step.name}: {telling_line(error)}") from None
    given = {**DEFAULTS, "random_state": seed}
    return estimator.set_params(**{n: value for n, value in given.items() if n in of_its_own and n not in parameters})


def _value(value: Any, seed: int) -> Any:
    if isinstance(value, dict) and "class" in value:
        return _estimator(Step(**value), seed)
    return value


def _class_named(name: str) -> Any:
    from sklearn.base import BaseEstimator

    module, _, own_name = name.rpartition(".")
    try:
        found = getattr(import_module(module), own_name)
    except (ImportError, AttributeError):
        raise InputError(
            f"scikit-learn has no class {name}", hint="name a class such as sklearn.ensemble.RandomForestClassifier"
        ) from None
    if not (isinstance(found, type) and issubclass(found, BaseEstimator)):
        raise InputError(
            f"{name} is not an estimator of scikit-learn", hint="name a class such as sklearn.ensemble.RandomForestClassifier"
        )
    return found


_SCHEMA = "schema.json"
_OF_THE_MOMENT = {"__id__", "n_threads"}
"""Addresses in memory, and how many threads made the bins: they tell nothing of the model."""


def write_estimator(estimator: Any, file: Path) -> None:
    """Write a fitted estimator."""
    from skops.io import dump

    dump(estimator, file)


def read_estimator(file: Path) -> Any:
    """Read an estimator; raises SantanderError that names the types which are neither scikit-learn's nor numpy's."""
    from skops.io import get_untrusted_types, load

    named = get_untrusted_types(file=file)
    if refused := sorted(name for name in named if not is_allowed(name)):
        raise SantanderError(f"{file} is not loaded: it names {', '.join(refused)}, which no model of scikit-learn consists of")
    return load(file, trusted=named)


def is_allowed(name: str) -> bool:
    """Whether skops may make an object of this type: a class that scikit-learn defines itself, or a number type of numpy."""
    module, _, own_name = name.rpartition(".")
    if module.split(".")[0] not in {"sklearn", "numpy"}:
        return False
    try:
        found = getattr(import_module(module), own_name)
    except (ImportError, AttributeError):
        return False
    if not isinstance(found, type):
        return False
    return found.__module__.startswith("sklearn.") or issubclass(found, np.generic | np.dtype)


def telling_part(file: Path) -> bytes:
    """Return the part of a file that is the model: skops writes the time and addresses in memory into its archives."""
    with ZipFile(file) as archive:
        arrays = {name: _digest(name, archive.read(name)) for name in archive.namelist() if name != _SCHEMA}
        schema = json.loads(archive.read(_SCHEMA))
    return json.dumps(_lasting(schema, arrays), sort_keys=True).encode()


def _digest(name: str, content: bytes) -> str:
    """A hash of an array; field by field where it has fields, because the bytes between them are anything."""
    if name.endswith(".npy"):
        array = np.load(io.BytesIO(content), allow_pickle=False)
        if array.dtype.names:
            content = b"".join(np.ascontiguousarray(array[field]).tobytes() for field in array.dtype.names)
    return hashlib.sha256(content).hexdigest()


def _lasting(node: Any, arrays: dict[str, str]) -> Any:
    if isinstance(node, dict):
        return {
            name: arrays.get(value, value) if name == "file" and isinstance(value, str) else _lasting(value, arrays)
            for name, value in node.items()
            if name not in _OF_THE_MOMENT
        }
    return [_lasting(value, arrays) for value in node] if isinstance(node, list) else node
