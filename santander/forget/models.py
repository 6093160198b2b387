"""Registered models and persons: which versions were trained on them, and the examples of input that versions carry.

An example is the feature rows of a few customers without their ids. Whose they are cannot be told any more, so every
example goes. So do the champions' recipes that were fitted anew for a contest and kept (``registry/refit.py``): nothing
scores by them, and the next contest makes them again.
"""

import logging
import re
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from santander.registry.refit import KeptRefits
from santander.registry.tracking import has_registry, open_tracking

if TYPE_CHECKING:
    from santander.config.settings import Settings

log = logging.getLogger(__name__)

_MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")
_FITTED_ON = ("fit_months.", "validation_months")
_EXAMPLE = "input_example"
_DESCRIPTION = "MLmodel"
_SAYS_EXAMPLE = "saved_input_example_info"


def versions_trained_on(settings: "Settings", months: Collection[str]) -> list[int]:
    """Numbers of the versions that were fitted or tuned on one of these months, by the tags of each version."""
    if not months or not has_registry(settings):
        return []
    found = open_tracking(settings).search_model_versions(f"name = '{settings.mlflow.registered_model}'")
    return sorted(int(version.version) for version in found if _fit_months(version.tags) & set(months))


def remove_examples(settings: "Settings") -> tuple[list[str], list[str]]:
    """Remove the input examples of every version and all kept refits: what was removed, and what could not be."""
    refits = KeptRefits(settings.state).remove()
    removed = [f"{refits} refits of champions"] if refits else []
    if not has_registry(settings):
        return removed, []
    client = open_tracking(settings)
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    left: list[str] = []
    for version in client.search_model_versions(f"name = '{settings.mlflow.registered_model}'"):
        name = f"version {version.version}"
        try:
            address = client.get_model_version_download_uri(version.name, str(version.version))
            examples = _remove_from(get_artifact_repository(address))
        except Exception as error:  # noqa: BLE001  (any server may refuse in its own way; the person is told which version)
            log.warning("%s: its input example could not be removed: %s", name, error)
            left.append(f"input example of model {name}")
        else:
            removed += [f"{name}: {example}" for example in examples]
    return removed, left


def _remove_from(artifacts: Any) -> list[str]:
    """Remove the examples of one version, whose folder ``artifacts`` is an ArtifactRepository of MLflow, local or remote."""
    import yaml

    examples = [file.path for file in artifacts.list_artifacts() if _EXAMPLE in file.path and not file.is_dir]
    if not examples:
        return []
    with tempfile.TemporaryDirectory(prefix="santander-") as scratch:
        file = Path(artifacts.download_artifacts(_DESCRIPTION, scratch))
        described = yaml.safe_load(file.read_text(encoding="utf-8"))
        if described.pop(_SAYS_EXAMPLE, None) is not None:
            file.write_text(yaml.safe_dump(described), encoding="utf-8")
            artifacts.log_artifact(str(file))
    for example in examples:
        artifacts.delete_artifacts(example)
    return examples


def _fit_months(tags: dict[str, str]) -> set[str]:
    return {month for name, text in tags.items() if name.startswith(_FITTED_ON) for month in _MONTH.findall(text)}
