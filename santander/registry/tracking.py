"""MLflow as this project opens it: the registry's address, its client, the view that reviewers begin with.

A saved view is a tag of the experiment; the page lists it under "Views" and opens it with ``?viewStateShareKey=review``.
"""

import json
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from santander.config.settings import Settings
from santander.errors import SantanderError
from santander.logs.terminal import take_over
from santander.relocation.settle import remember, settle
from santander.storage.spelling import file_address, path_of_sqlite, sqlite_address

if TYPE_CHECKING:
    from mlflow import MlflowClient

T = TypeVar("T")

_MAGIC = b"SQLite format 3\0"


def check_sqlite(file: Path) -> None:
    """Raise SantanderError that names the file when there is something in its place that is no database of SQLite."""
    if not file.exists():
        return
    if not file.is_file():
        raise SantanderError(f"{file} should be an SQLite database and is a folder", hint="move it away")
    with file.open("rb") as opened:
        begins = opened.read(len(_MAGIC))
    if begins and begins != _MAGIC:
        raise SantanderError(
            f"{file} should be an SQLite database and is not one", hint="restore it, or move it away to begin anew"
        )


_KIND, _VIEW = "mlflow.experimentKind", "mlflow.sharedViewState.review"

_SHOWN = {
    "tags.`promoted`": 90,
    "metrics.`map7`": 100,
    "metrics.`share_of_ceiling`": 130,
    "metrics.`gain_over_baseline`": 150,
    "metrics.`champion`": 100,
    "metrics.`gain_over_champion`": 160,
    "metrics.`gain_over_champion_lower`": 200,
    "tags.`verdict`": 420,
    "params.`kind`": 110,
}
"""The columns of the view, as the page names them, with their widths in pixels."""


def experiment_tags() -> dict[str, str]:
    """The tags that an experiment of ours has from its first run on."""
    state = {
        "searchFilter": "",
        "orderByKey": "attributes.start_time",
        "orderByAsc": False,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "datasetsFilter": [],
        "modelVersionFilter": "All Runs",
        "selectedColumns": list(_SHOWN),
        "columnOrder": list(_SHOWN),
        "columnWidths": _SHOWN,
    }
    view = {"name": "Review", "createdAt": 0, "updatedAt": 0, "state": json.dumps(state)}
    return {_KIND: "custom_model_development", _VIEW: json.dumps(view)}


_UNLESS_NAMED = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    # seven times with ever longer pauses, as MLflow has it, keep who waits for a dead server waiting for minutes
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
}


def tracking_uri(settings: Settings) -> str:
    """The setting, else MLFLOW_TRACKING_URI, else ``<state>/mlflow.db``."""
    named = settings.mlflow.tracking_uri or os.environ.get("MLFLOW_TRACKING_URI")
    return named or sqlite_address(settings.state / "mlflow.db")


def has_registry(settings: Settings) -> bool:
    """Whether there can be a registry at all: without its file nothing was ever registered, and MLflow need not start."""
    file = path_of_sqlite(tracking_uri(settings))
    return file is None or file.exists()


def open_tracking(settings: Settings) -> "MlflowClient":
    """Point MLflow at the place, without telemetry, and return a client of it."""
    os.environ.update({name: os.environ.get(name, value) for name, value in _UNLESS_NAMED.items()})
    settings.state.mkdir(parents=True, exist_ok=True)
    settle(settings)
    remember(settings)
    import mlflow

    for library in ("mlflow", "alembic"):
        take_over(library)
    for message in (".*Add type hints to the `predict` method.*", ".*`noload`` loader strategy.*"):
        warnings.filterwarnings("ignore", message=message)
    uri = tracking_uri(settings)
    if (file := path_of_sqlite(uri)) is not None:
        check_sqlite(file)
    named_by_user = os.environ.get("MLFLOW_TRACKING_URI")
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    if named_by_user is None:
        # MLflow writes its choice to the environment, where other settings of this process would take it for the user's
        os.environ.pop("MLFLOW_TRACKING_URI", None)
    if file is None:
        return mlflow.MlflowClient(uri, uri)
    with _named(file):
        return mlflow.MlflowClient(uri, uri)


@contextmanager
def _named(file: Path) -> Iterator[None]:
    """Raise what keeps MLflow from opening its file as a SantanderError that names the file and the remedy."""
    import mlflow
    from alembic.util.exc import CommandError
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import DatabaseError, OperationalError

    try:
        yield
    except OperationalError as error:
        raise SantanderError(
            f"{file} cannot be used: {error.orig}", hint="see that no other process holds it and that it can be written"
        ) from error
    except DatabaseError as error:
        raise SantanderError(
            f"{file} cannot be read as a database: {error.orig}", hint="restore it, or move it away to begin anew"
        ) from error
    except (MlflowException, CommandError) as error:
        if isinstance(error, MlflowException) and "database schema" not in str(error):
            raise
        raise SantanderError(
            f"{file} is of another release of MLflow than {mlflow.__version__}",
            hint=f"copy it, then run 'mlflow db upgrade {sqlite_address(file)}'; "
            "if a later release wrote it, name another --state-dir",
        ) from error


def unless_missing(ask: Callable[..., T], *arguments: str) -> T | None:
    """Return what MLflow answers; None where it has no such thing. Any other failure to find out is raised."""
    from mlflow.exceptions import MlflowException

    try:
        return ask(*arguments)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return None


def experiment_id(settings: Settings, client: "MlflowClient") -> str:
    """The experiment of the settings, made on first use; artifacts of a local one lie in ``<state>/mlartifacts``."""
    tags = experiment_tags()
    found = client.get_experiment_by_name(settings.mlflow.experiment)
    if found is not None:
        for name in tags.keys() - found.tags.keys():
            client.set_experiment_tag(found.experiment_id, name, tags[name])
        return str(found.experiment_id)
    local = tracking_uri(settings).startswith("sqlite:")
    location = file_address(settings.state / "mlartifacts") if local else None
    return str(client.create_experiment(settings.mlflow.experiment, artifact_location=location, tags=tags))
