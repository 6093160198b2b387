"""What a run was made from: the code's commit, the settings, the version of every table it read."""

import json
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from santander.config.settings import Settings
from santander.lake.lake import Lake
from santander.lake.versions_read import TABLES_READ
from santander.schema.features import FEATURE_SET

if TYPE_CHECKING:
    from mlflow.data.dataset import Dataset

_PASSWORD = re.compile(r"(://[^:/@\s\"]*:)[^@/\s\"]+(?=@)|(password=)[^,\s\"]+")
"""In an address ``scheme://user:password@host``, or as an option ``password=...``."""


def git_sha() -> str:
    """The commit of the checkout the code runs from, with ``+`` when files differ from it.

    Without a checkout or without git it is what GIT_SHA says (an image built from a checkout sets it), else "unknown".
    """
    commit = _git("rev-parse", "HEAD")
    if not commit:
        return os.environ.get("GIT_SHA") or "unknown"
    return commit + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")


def origin_tags(versions: Mapping[str, int | None], sha: str) -> dict[str, str]:
    """What tags of a run say of its origin: the feature service, the version of each table read, the commit of the code."""
    read = {f"delta.{name}": str(version) for name, version in versions.items()}
    return {"feature_service": FEATURE_SET, **read, "git_sha": sha}


def datasets(lake: Lake, versions: Mapping[str, int | None]) -> list["Dataset"]:
    """These tables as MLflow names what a run read: name, version, place. No data are read for it."""
    from mlflow.data.delta_dataset_source import DeltaDatasetSource
    from mlflow.data.meta_dataset import MetaDataset

    places = {table.name: lake.path(table) for table in TABLES_READ}
    return [
        MetaDataset(DeltaDatasetSource(path=places[name], delta_table_version=version), name, f"v{version}")  # type: ignore[abstract]
        for name, version in versions.items()
        if version is not None
    ]


def settings_dump(settings: Settings) -> Mapping[str, Any]:
    """The settings as plain values, without the passwords that addresses of servers may hold."""
    masked: Mapping[str, Any] = json.loads(_PASSWORD.sub(r"\1\2***", settings.model_dump_json()))
    return masked


def _git(*arguments: str) -> str | None:
    """What git prints in the folder of the code; None without git or outside a checkout of this code."""
    package = Path(__file__).resolve().parent.parent
    if not (package.parent / ".git").exists():
        return None
    try:
        command = ["git", *arguments]
        done = subprocess.run(command, cwd=package, capture_output=True, text=True, check=True, timeout=20)  # noqa: S603
        return done.stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
