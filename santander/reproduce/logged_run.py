"""What a training run logged: enough to train it again, the model to compare with, and what is not as it was then."""

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from santander.config.family_files import own_families
from santander.config.settings import Settings
from santander.errors import InputError, SantanderError
from santander.lake.family_tables import named_table
from santander.registry.packing import unpack
from santander.registry.runs import FAMILY_FILE, git_sha, settings_dump
from santander.registry.tracking import has_registry, open_tracking, unless_missing
from santander.registry.versions import PACKED, VERSIONS_THERE
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE, PARTITION, Table
from santander.schema.months import Month
from santander.schema.own_family import Entity
from santander.training.candidate import Candidate
from santander.training.recipe import Recipe

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

_BY_VERSION = f"name a version by --version; {VERSIONS_THERE}"
READ = (CUSTOMERS, FEATURES_TABLE)
"""The tables whose versions every run logs, as tags ``delta.<table>``; beside them are those of families."""


@dataclass(frozen=True)
class LoggedRun:
    """A training run, the version that it made, and the candidate that the version carries."""

    run_id: str
    version: int
    ended_at: dt.datetime
    target: Month
    recipe: Recipe
    candidate: Candidate
    tables: Mapping[Table, int]
    feature_service: str
    git_sha: str
    settings: Mapping[str, Any]
    packages: Mapping[str, str]
    """Packages of the model and the versions that it was trained with."""
    files: Mapping[str, str]
    """Fingerprints of the files by which its families of features were made."""
    map7: float | None
    """What the judged fit reached on the gate month; None where nothing was judged."""


def logged_run(settings: Settings, run_id: str | None, version: int | None) -> LoggedRun:
    """Read a training run by its id, or by the number of the version that it made.

    Raises InputError for a run that is not there or did not train, SantanderError for one that is no longer whole.
    """
    if (run_id is None) == (version is None):
        raise InputError("name a run by its id, or a version by --version", hint=VERSIONS_THERE)
    name = settings.mlflow.registered_model
    if not has_registry(settings):
        raise InputError(
            f"nothing was ever trained here: there is no {f'run {run_id}' if run_id else f'version {version}'}",
            hint="run 'santander train' first",
        )
    client = open_tracking(settings)
    number, run = _by_version(client, name, version) if version is not None else _by_run(client, name, str(run_id))
    id_, tags = str(run.info.run_id), run.data.tags
    lacking = [tag for tag in ("target", *(f"delta.{table.name}" for table in READ)) if not tags.get(tag)]
    if lacking or not all(tags[f"delta.{table.name}"].isdigit() for table in READ):
        raise InputError(
            f"run {id_} is no training run of ours: it logged no {', '.join(lacking) or 'versions of tables'}", hint=_BY_VERSION
        )
    model = _download(f"models:/{name}/{number}", f"the model of version {number}")
    try:
        recipe = Recipe(**json.loads(_download(f"runs:/{id_}/recipe.json", "the recipe").read_text()))
        logged = json.loads(_download(f"runs:/{id_}/settings.json", "the settings").read_text())
        candidate = unpack(model / PACKED)
    except (ValidationError, ValueError, KeyError, OSError) as error:
        raise SantanderError(f"run {id_}: what it logged cannot be read: {' '.join(str(error).split())}") from None
    return LoggedRun(
        run_id=id_,
        version=number,
        ended_at=dt.datetime.fromtimestamp((run.info.end_time or run.info.start_time) / 1000, dt.UTC),
        target=Month.parse(tags["target"]),
        recipe=recipe,
        candidate=candidate,
        tables={table: int(tags[f"delta.{table.name}"]) for table in (*READ, *family_tables_of(candidate))},
        files={tag.removeprefix(FAMILY_FILE): text for tag, text in tags.items() if tag.startswith(FAMILY_FILE)},
        feature_service=tags.get("feature_service", ""),
        git_sha=tags.get("git_sha", "unknown"),
        settings=logged,
        packages=_packages(model / "requirements.txt"),
        map7=run.data.metrics.get("map7"),
    )


def family_tables_of(candidate: Candidate) -> Iterator[Table]:
    """Return the tables of a candidate's families, with the columns that it read."""
    families = {name: facts for fit in candidate.fits.values() for name, facts in fit.model.families.items()}
    for name, facts in sorted(families.items()):
        entity = Entity(facts.entity)
        features = tuple((feature, each.type) for feature, each in facts.features.items())
        columns = ((entity.value, entity.type), (PARTITION, "date"), *features)
        yield replace(named_table(name), key=(entity.value, PARTITION), columns=columns)


def _by_version(client: "MlflowClient", name: str, version: int) -> "tuple[int, Run]":
    found = unless_missing(client.get_model_version, name, str(version))
    run = None if found is None else unless_missing(client.get_run, str(found.run_id))
    if run is None:
        raise InputError(f"'{name}' has no version {version}, or its run was deleted", hint=VERSIONS_THERE)
    return version, run


def _by_run(client: "MlflowClient", name: str, run_id: str) -> "tuple[int, Run]":
    from mlflow.exceptions import MlflowException

    try:
        run = client.get_run(run_id)
    except MlflowException as error:
        if error.error_code not in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}:
            raise
        raise InputError(f"there is no run {run_id}", example=run_id, hint=_BY_VERSION) from None
    made = [int(v.version) for v in client.search_model_versions(f"name = '{name}'") if v.run_id == run.info.run_id]
    if not made:
        raise InputError(f"run {run_id} made no version of '{name}': there is nothing to compare with", hint=_BY_VERSION)
    return min(made), run


def _download(address: str, what: str) -> Path:
    import mlflow
    from mlflow.exceptions import MlflowException

    try:
        return Path(mlflow.artifacts.download_artifacts(address))
    except (MlflowException, OSError) as error:
        raise SantanderError(f"{what} ({address}) is no longer there: {' '.join(str(error).split())}") from None


def _packages(file: Path) -> dict[str, str]:
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    pairs = (line.partition("==") for line in lines)
    return {name.strip(): version.strip() for name, is_pinned, version in pairs if is_pinned}


MATTER = ("master", "spark", "gate", "training")
"""Settings that may change a booster or how it is judged. All others say where things lie or are part of the recipe."""


def differences(settings: Settings, run: LoggedRun) -> list[str]:
    """A line for each: the code, packages, settings."""
    found = [*_of_code(run), *_of_packages(run), *_of_settings(settings, run), *_of_families(run)]
    return [f"changed since: {each}" for each in found]


def _of_code(run: LoggedRun) -> Iterator[str]:
    now = git_sha()
    if now != run.git_sha or now.endswith("+"):
        yield f"code: trained by {run.git_sha}, now {now}" + (" (+: files differ from the commit)" if "+" in now else "")


def _of_packages(run: LoggedRun) -> Iterator[str]:
    for name, then in run.packages.items():
        try:
            now = version(name)
        except PackageNotFoundError:
            now = "missing"
        if now != then:
            yield f"package {name}: trained with {then}, now {now}"


def _of_families(run: LoggedRun) -> Iterator[str]:
    if run.files:
        files = {family.name: family for family in own_families()}
        for name, then in run.files.items():
            if name not in files:
                yield f"family {name}: its file is gone; its rows are those that the run read"
            elif files[name].fingerprint != then:
                yield f"family {name}: {files[name].file} makes other rows than it did; those that the run read are taken"


def _of_settings(settings: Settings, run: LoggedRun) -> Iterator[str]:
    now = settings_dump(settings)
    for name in MATTER:
        yield from _differing(name, run.settings.get(name), now[name])


def _differing(name: str, then: Any, now: Any) -> Iterator[str]:
    if isinstance(then, Mapping) and isinstance(now, Mapping):
        for key in now:
            # a setting that did not exist then had no say
            if key in then:
                yield from _differing(f"{name}.{key}", then[key], now[key])
    elif then != now:
        yield f"setting {name}: was {then}, is {now}"
