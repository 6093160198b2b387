"""Fitted scikit-learn estimators as files of skops, which hold no code, and of which only known types are loaded."""

import hashlib
import io
import json
from importlib import import_module
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np

from santander.errors import SantanderError

_SCHEMA = "schema.json"
_OF_THE_MOMENT = {"__id__", "n_threads"}
"""Addresses in memory, and how many threads made the bins: they tell nothing of the model."""


def write(estimator: Any, file: Path) -> None:
    """Write a fitted estimator."""
    from skops.io import dump

    dump(estimator, file)


def read(file: Path) -> Any:
    """Read what ``write`` wrote; raises SantanderError that names the types which are neither scikit-learn's nor numpy's."""
    from skops.io import get_untrusted_types, load

    named = get_untrusted_types(file=file)
    if refused := sorted(name for name in named if not is_allowed(name)):
        raise SantanderError(f"{file} is not loaded: it names {', '.join(refused)}, which no model of scikit-learn consists of")
    return load(file, trusted=named)


def is_allowed(name: str) -> bool:
    """Whether skops may make an object of this type: a class that scikit-learn defines, or a number type of numpy.

    Functions are refused, and so is what a module of scikit-learn has merely imported from elsewhere.
    """
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


def telling(file: Path) -> bytes:
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
