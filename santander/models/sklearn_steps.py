"""A scikit-learn pipeline as a recipe writes it: classes by name with their parameters, the last one a classifier."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from santander.errors import InputError, telling_line

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
    """An unfitted pipeline. Steps that draw at random and are not told otherwise get ``seed``.

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
        raise InputError(f"scikit-learn has no class {name}") from None
    if not (isinstance(found, type) and issubclass(found, BaseEstimator)):
        raise InputError(f"{name} is not an estimator of scikit-learn")
    return found
