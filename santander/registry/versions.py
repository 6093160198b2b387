"""Registered versions: found by number or alias, from a local registry's file without MLflow, loaded with what they carry."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from santander.engine.startup import StoredModel, StoredVersion, read_registered_model
from santander.errors import InputError, SantanderError, telling_line
from santander.registry.tracking import check_sqlite, has_registry, open_tracking, tracking_uri, unless_missing
from santander.storage.spelling import path_of_sqlite

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

    from santander.config.settings import Settings
    from santander.models.recommender import Recommender
    from santander.training.candidate import Candidate


def stored_model(settings: "Settings") -> StoredModel | None:
    """The registered model as it stands in the registry's file; None where only MLflow can say, as of a server.

    Raises SantanderError for a file that is no database of SQLite, as opening it by MLflow would.
    """
    file = path_of_sqlite(tracking_uri(settings))
    if file is None:
        return None
    check_sqlite(file)
    return read_registered_model(file, settings.mlflow.registered_model)


CHAMPION = "champion"
CHALLENGER = "challenger"
PACKED = "artifacts/candidate"
"""Where a version's model folder holds the packed candidate."""


FAMILIES = "families"
"""Tag of a version with the names of the user's families that it reads; a version that reads none has no such tag."""


VERSIONS_THERE = "'santander models' lists those there are"
ANOTHER_CHAMPION = f"choose another by 'santander promote --version N --override --reason TEXT'; {VERSIONS_THERE}"


class NoChampion(SantanderError):
    """No version has the alias champion yet."""

    def __init__(self, model: str) -> None:
        super().__init__(f"'{model}' has no champion yet", hint="run 'santander train' first")


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
    return number_of(settings, CHAMPION)


def number_named(settings: "Settings", version: int | None, alias: str | None, default: str = CHAMPION) -> int:
    """The number of a version named by number or by alias; raises InputError for both, and for one that is not there."""
    if version is not None and alias is not None:
        raise InputError("give a version or an alias, not both", hint="leave one out")
    if version is not None:
        _found(settings, version)
        return version
    number = number_of(settings, alias or default)
    if number is None:
        raise InputError(
            f"no version of '{settings.mlflow.registered_model}' has the alias '{alias or default}'", hint=VERSIONS_THERE
        )
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
    return RegisteredVersion(number, str(run_id), unpack(fetched(settings, number) / PACKED))


def fetched(settings: "Settings", number: int) -> Path:
    """Return a folder with the files of a version, which MLflow fetches."""
    import mlflow

    open_tracking(settings)
    return Path(mlflow.artifacts.download_artifacts(f"models:/{settings.mlflow.registered_model}/{number}"))


def load_to_score(settings: "Settings", number: int, name: str) -> RegisteredVersion:
    """Load a version; raises InputError for one that is not there, else SantanderError that says why it does not load."""
    try:
        return load_version(settings, number)
    except InputError:
        raise
    except Exception as error:
        raise SantanderError(f"{name} does not load: {telling_line(error)}", hint=ANOTHER_CHAMPION) from error


def registered(settings: "Settings") -> Mapping[int, StoredVersion]:
    """Every version of the registered model by number; none where nothing was ever registered."""
    if not has_registry(settings):
        return {}
    if (stored := stored_model(settings)) is not None:
        return stored.versions
    found = open_tracking(settings).search_model_versions(f"name = '{settings.mlflow.registered_model}'")
    return {int(v.version): StoredVersion(int(v.version), v.run_id, v.tags, v.source, v.creation_timestamp / 1000) for v in found}


def families_of(settings: "Settings", number: int | None) -> frozenset[str]:
    """Return the names of the user's families that a version reads, without loading it; none of a version that is not there."""
    version = None if number is None else registered(settings).get(number)
    return frozenset(version.tags.get(FAMILIES, "").split()) if version else frozenset()


def _found(settings: "Settings", number: int) -> "ModelVersion":
    """Return a version as the registry has it; raises InputError for one that is not there."""
    name, found = settings.mlflow.registered_model, None
    if has_registry(settings):
        found = unless_missing(open_tracking(settings).get_model_version, name, str(number))
    if found is None:
        raise InputError(f"'{name}' has no version {number}", hint=VERSIONS_THERE)
    return found


def number_of(settings: "Settings", alias: str) -> int | None:
    """The version that has an alias; None when none has. Any failure to find out is raised, never taken for none."""
    if not has_registry(settings):
        return None
    if (stored := stored_model(settings)) is not None:
        return stored.aliases.get(alias)
    model = unless_missing(open_tracking(settings).get_registered_model, settings.mlflow.registered_model)
    number = None if model is None else model.aliases.get(alias)
    return None if number is None else int(number)
