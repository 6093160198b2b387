"""Registered versions: finding one by number or alias, and loading what it carries."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from santander.errors import InputError, SantanderError, telling_line
from santander.registry.local_registry import StoredVersion, stored_model
from santander.registry.tracking import has_registry, open_tracking

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

    from santander.config.settings import Settings
    from santander.models.recommender import Recommender
    from santander.training.candidate import Candidate

CHAMPION = "champion"
CHALLENGER = "challenger"
PACKED = "artifacts/candidate"
"""Where a version's model folder holds the packed candidate."""


class NoChampion(SantanderError):
    """No version has the alias champion yet."""

    def __init__(self, model: str) -> None:
        super().__init__(f"'{model}' has no champion yet: run 'santander train' first")


@dataclass(frozen=True)
class RegisteredVersion:
    """A loaded version of the registered model."""

    number: int
    run_id: str
    candidate: "Candidate"

    @property
    def model(self) -> "Recommender":
        """The model that scores."""
        return self.candidate.scoring.model


@dataclass(frozen=True)
class VersionId:
    """A registered version by number, and the run that made it: a number alone may come back in another registry."""

    number: int
    run_id: str


def champion_number(settings: "Settings") -> int | None:
    """The champion's version; None when there is none. Any failure to find out is raised, never taken for none."""
    return _number_of(settings, CHAMPION)


def number_named(settings: "Settings", version: int | None, alias: str | None, default: str = CHAMPION) -> int:
    """The number of a version named by number or by alias; raises InputError for both, and for one that is not there."""
    if version is not None and alias is not None:
        raise InputError("give a version or an alias, not both")
    if version is not None:
        _found(settings, version)
        return version
    number = _number_of(settings, alias or default)
    if number is None:
        raise InputError(f"no version of '{settings.mlflow.registered_model}' has the alias '{alias or default}'")
    return number


def load_version(settings: "Settings", number: int) -> RegisteredVersion:
    """Load a version by number; raises InputError for one that is not there."""
    from santander.registry.packing import FACTS, unpack

    stored = stored_model(settings)
    version = stored.versions.get(number) if stored else None
    folder = version.folder() if version else None
    if version and folder and (folder / PACKED / FACTS).is_file():
        return RegisteredVersion(number, str(version.run_id), unpack(folder / PACKED))
    run_id = _found(settings, number).run_id
    import mlflow

    folder = Path(mlflow.artifacts.download_artifacts(f"models:/{settings.mlflow.registered_model}/{number}"))
    return RegisteredVersion(number, str(run_id), unpack(folder / PACKED))


def load_to_score(settings: "Settings", number: int, name: str) -> RegisteredVersion:
    """Load a version; raises InputError for one that is not there, else SantanderError that says why it does not load."""
    try:
        return load_version(settings, number)
    except InputError:
        raise
    except Exception as error:
        raise SantanderError(f"{name} does not load: {telling_line(error)}") from error


def registered(settings: "Settings") -> Mapping[int, StoredVersion]:
    """Every version of the registered model by number; none where nothing was ever registered."""
    if not has_registry(settings):
        return {}
    if (stored := stored_model(settings)) is not None:
        return stored.versions
    found = open_tracking(settings).search_model_versions(f"name = '{settings.mlflow.registered_model}'")
    return {int(v.version): StoredVersion(int(v.version), v.run_id, v.tags, v.source, v.creation_timestamp / 1000) for v in found}


def _found(settings: "Settings", number: int) -> "ModelVersion":
    """What the registry says of a version; raises InputError for one that is not there."""
    missing = InputError(f"'{settings.mlflow.registered_model}' has no version {number}")
    if not has_registry(settings):
        raise missing
    client = open_tracking(settings)
    from mlflow.exceptions import MlflowException

    try:
        return client.get_model_version(settings.mlflow.registered_model, str(number))
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        raise missing from None


def _number_of(settings: "Settings", alias: str) -> int | None:
    if not has_registry(settings):
        return None
    if (stored := stored_model(settings)) is not None:
        return stored.aliases.get(alias)
    client = open_tracking(settings)
    from mlflow.exceptions import MlflowException

    try:
        model = client.get_registered_model(settings.mlflow.registered_model)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return None
    number = model.aliases.get(alias)
    return None if number is None else int(number)
