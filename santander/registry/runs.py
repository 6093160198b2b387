"""Runs of MLflow: what a run was made from, runs within runs, and which training a recorded step was."""

import json
import logging
import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from santander.config.family_files import own_families
from santander.config.settings import Settings
from santander.engine.startup import StoredVersion
from santander.lake.lake import Lake
from santander.lake.past import table_versions
from santander.registry.tracking import experiment_id, has_registry, open_tracking, unless_missing
from santander.registry.versions import registered
from santander.schema.catalogue import Table
from santander.schema.features import FEATURE_SET
from santander.schema.records import plain

if TYPE_CHECKING:
    from _typeshed import DataclassInstance
    from mlflow import MlflowClient
    from mlflow.data.dataset import Dataset

    from santander.ledger.step_ledger import StepRun
    from santander.training.candidate import Candidate
    from santander.training.trained import TrainResult

_PASSWORD = re.compile(r"(://[^:/@\s\"]*:)[^@/\s\"]+(?=@)|(password=)[^,\s\"]+")
"""In an address ``scheme://user:password@host``, or as an option ``password=...``."""


def git_sha() -> str:
    """Return the commit of the checkout, with ``+`` when files differ; else what GIT_SHA of an image says, else "unknown"."""
    commit = _git("rev-parse", "HEAD")
    if not commit:
        return os.environ.get("GIT_SHA") or "unknown"
    return commit + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")


def origin_tags(versions: Mapping[str, int | None], sha: str) -> dict[str, str]:
    """Return the tags of a run's origin: feature service, version of each table read, commit of the code."""
    read = {f"delta.{name}": str(version) for name, version in versions.items()}
    return {"feature_service": FEATURE_SET, **read, "git_sha": sha}


FAMILY_FILE = "family."
"""Beginning of a tag with the fingerprint of a family's file."""


def family_tags(candidate: "Candidate") -> dict[str, str]:
    """Return tags that tell by which file each of a candidate's families was made; one without a file has none."""
    return {
        f"{FAMILY_FILE}{family.name}": family.fingerprint
        for family in (own_families() if candidate.families else ())
        if family.name in candidate.families
    }


def datasets(lake: Lake, versions: Mapping[str, int | None]) -> list["Dataset"]:
    """These tables as MLflow names what a run read: name, version, place. No data are read for it."""
    from mlflow.data.delta_dataset_source import DeltaDatasetSource
    from mlflow.data.meta_dataset import MetaDataset

    return [
        MetaDataset(DeltaDatasetSource(path=str(lake.place / name), delta_table_version=version), name, f"v{version}")  # type: ignore[abstract]
        for name, version in versions.items()
        if version is not None
    ]


def settings_dump(settings: Settings) -> Mapping[str, Any]:
    """The settings as plain values, without the passwords that addresses of servers may hold."""
    masked: Mapping[str, Any] = json.loads(_PASSWORD.sub(r"\1\2***", settings.model_dump_json()))
    return masked


def _git(*arguments: str) -> str | None:
    """Return what git prints in the folder of the code; None without git or outside a checkout of this code."""
    package = Path(__file__).resolve().parent.parent
    if not (package.parent / ".git").exists():
        return None
    try:
        command = ["git", *arguments]
        done = subprocess.run(command, cwd=package, capture_output=True, text=True, check=True, timeout=20)  # noqa: S603
        return done.stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None


LONGEST_PARAMETER = 6000
"""Characters that MLflow keeps of one."""


@dataclass(frozen=True)
class ParentRun:
    """An open run that has others below it."""

    run_id: str
    client: "MlflowClient"
    experiment: str

    def child(self, name: str, params: Mapping[str, Any], record: "DataclassInstance") -> None:
        """Log a finished run below this one, with the numbers of the record, which took its ``seconds`` until now."""
        from mlflow.entities import Metric, Param

        now = int(time.time() * 1000)
        figures = {key: float(value) for key, value in plain(record).items() if isinstance(value, int | float)}
        started = now - round(figures["seconds"] * 1000)
        tags = {"mlflow.parentRunId": self.run_id}
        run_id = self.client.create_run(self.experiment, start_time=started, tags=tags, run_name=name).info.run_id
        self.client.log_batch(
            run_id,
            [Metric(key, value, now, 0) for key, value in figures.items()],
            [Param(key, str(value)[:LONGEST_PARAMETER]) for key, value in params.items()],
        )
        self.client.set_terminated(run_id, end_time=now)

    def log_text(self, text: str, name: str) -> None:
        """A file beside the figures of all."""
        self.client.log_text(self.run_id, text, name)

    def log_metrics(self, metrics: Mapping[str, float]) -> None:
        """Figures of all together."""
        for key, value in metrics.items():
            self.client.log_metric(self.run_id, key, value)


@contextmanager
def parent_run(
    settings: Settings, lake: Lake, title: str, params: Mapping[str, Any], tags: Mapping[str, str]
) -> Iterator[ParentRun]:
    """A run for what is compared, with its origin; it ends as failed when the block does not end well."""
    run_id = begin_run(settings, lake, title, tags)
    client = open_tracking(settings)
    for key, value in params.items():
        client.log_param(run_id, key, str(value)[:LONGEST_PARAMETER])
    ended = "FAILED"
    try:
        yield ParentRun(run_id, client, experiment_id(settings, client))
        ended = "FINISHED"
    finally:
        client.set_terminated(run_id, status=ended)


def begin_run(settings: Settings, lake: Lake, title: str, tags: Mapping[str, str]) -> str:
    """Begin a run with its origin and the settings, and return its id."""
    client, origin = open_tracking(settings), origin_tags(table_versions(lake), git_sha())
    run_id = client.create_run(experiment_id(settings, client), run_name=title, tags={**origin, **tags}).info.run_id
    client.log_dict(run_id, dict(settings_dump(settings)), "settings.json")
    return str(run_id)


log = logging.getLogger(__name__)

_CLOCKS_DIFFER_SECONDS = 300.0
"""By how much the clock of a tracking server may differ from ours."""


def training_here(settings: Settings, runs: "Sequence[StepRun[TrainResult]]") -> "StepRun[TrainResult] | None":
    """The first of these trainings whose version is in the registry of the settings; None, which is logged, where none is."""
    if not runs:
        return None
    found = registered(settings)
    for run in runs:
        if _is_of(found, run):
            return run
    last = runs[0].result
    log.info("train: version %s, trained for %s before, is not in this registry: training anew", last.version, runs[0].month)
    return None


def _is_of(found: Mapping[int, StoredVersion], run: "StepRun[TrainResult]") -> bool:
    """Whether the version of a training is among those found, made by the run that the training names.

    Earlier releases recorded none: theirs is the version of that number that was registered for that month while they ran.
    """
    version = None if run.result.version is None else found.get(run.result.version)
    if version is None:
        return False
    if run.result.run_id is not None:
        return version.run_id == run.result.run_id
    ended = run.finished_at.timestamp()
    began = ended - run.seconds
    return (
        version.target == run.month and began - _CLOCKS_DIFFER_SECONDS <= version.registered_at <= ended + _CLOCKS_DIFFER_SECONDS
    )


def versions_named_by_models(settings: Settings, tables: list[Table]) -> dict[str, dict[int, list[int]]]:
    """For each table the versions of it that models name, each with the numbers of those models; empty without a registry."""
    named: dict[str, dict[int, list[int]]] = {table.name: {} for table in tables}
    if not has_registry(settings):
        return named
    client = open_tracking(settings)
    for model in client.search_model_versions(f"name = '{settings.mlflow.registered_model}'"):
        run = unless_missing(client.get_run, str(model.run_id))
        for name, versions in named.items():
            # a run that was deleted for good took with it what it named
            text = "" if run is None else run.data.tags.get(f"delta.{name}", "")
            if text.isdigit():
                versions.setdefault(int(text), []).append(int(model.version))
    return named
