"""The champion: whether it can score, the command that sets it right where not, and which version scores a month.

Its version may be deleted in MLflow's pages, its files by hand. Then nothing scores: nobody decided on another version.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from santander.engine.startup import StoredVersion
from santander.errors import SantanderError
from santander.lake.table_schema import OutdatedTable
from santander.registry.tracking import has_registry, open_tracking, unless_missing
from santander.registry.versions import (
    CHAMPION,
    PACKED,
    NoChampion,
    RegisteredVersion,
    VersionId,
    champion_number,
    load_to_score,
    load_version,
    number_named,
    registered,
)
from santander.storage.spelling import path_of_file

if TYPE_CHECKING:
    from santander.config.settings import Settings
    from santander.lake.lake import Lake
    from santander.schema.months import Month

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Standing:
    """The version that the alias champion names (None: none), and what keeps it from scoring, with the remedy."""

    champion: int | None
    problem: str | None = None
    remedy: str | None = None

    @property
    def message(self) -> str | None:
        """Problem and remedy in one line; None where nothing is wrong."""
        return None if self.problem is None else f"{self.problem}: {self.remedy}"


class ChampionUnfit(SantanderError):
    """The alias champion names a version that cannot score, or was taken away."""


def sound_champion(settings: "Settings") -> int:
    """The number of the champion, which can score; raises NoChampion, or ChampionUnfit with the remedy."""
    found = standing(settings)
    if found.message is not None:
        raise ChampionUnfit(found.message, hint=found.remedy)
    if found.champion is None:
        raise NoChampion(settings.mlflow.registered_model)
    return found.champion


def standing(settings: "Settings") -> Standing:
    """Return who is champion and whether it can score. No model is loaded; a registry in a local file is read without MLflow."""
    number, found = champion_number(settings), registered(settings)
    problem = _lost_alias(settings, found) if number is None else complaint(settings, found, number)
    return Standing(number) if problem is None else Standing(number, problem, _remedy(settings, found, number))


def complaint(settings: "Settings", found: Mapping[int, StoredVersion], number: int) -> str | None:
    """Why a version that an alias names cannot score, in one sentence; None where nothing is known against it."""
    version = found.get(number)
    if version is None:
        return f"champion version {number} of '{settings.mlflow.registered_model}' is gone from the registry"
    lacking = _missing_file(settings, version)
    if lacking is not None:
        return f"champion {number} does not load: it has no {lacking} (gone, or 'santander train' did not make the version)"
    if version.target is None:
        return f"champion version {number} does not say by its tag 'target' for which month it was trained"
    return None


def _missing_file(settings: "Settings", version: StoredVersion) -> str | None:
    """The first file or folder of a packed candidate that a version lacks."""
    from santander.registry.packing import FACTS

    address = version.location or ""
    if (place := path_of_file(address)) is not None:
        folder = version.folder()
        return str(place) if folder is None else _missing_below(folder / PACKED, FACTS)
    names = _listed(settings, version)
    return None if f"{PACKED}/{FACTS}" in names else f"{PACKED}/{FACTS}"


def _missing_below(packed: Path, facts: str) -> str | None:
    if not (packed / facts).is_file():
        return str(packed / facts)
    try:
        names = list(json.loads((packed / facts).read_text(encoding="utf-8"))["fits"])
    except (ValueError, KeyError, TypeError):
        return f"readable {packed / facts}"
    wanted = (packed / "fits" / name / part for name in names for part in ("model", "baseline"))
    return next((str(folder) for folder in wanted if not folder.is_dir()), None)


def _listed(settings: "Settings", version: StoredVersion) -> set[str]:
    """Return the files beside the facts of a version on a server; none where the server finds no such folder."""
    client = open_tracking(settings)
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    def listed() -> set[str]:
        address = client.get_model_version_download_uri(settings.mlflow.registered_model, str(version.number))
        return {str(file.path) for file in get_artifact_repository(address).list_artifacts(PACKED)}

    return unless_missing(listed) or set()


def _lost_alias(settings: "Settings", found: Mapping[int, StoredVersion]) -> str | None:
    """Whether there was a champion, of whom versions or decisions still tell: MLflow drops the alias of a deleted version."""
    from santander.lake.lake import Lake

    tagged = any(version.tags.get("promoted") == "true" for version in found.values())
    try:
        if not _was_decided(settings, Lake(settings), tagged=tagged):
            return None
    except OutdatedTable:
        log.debug("the table promotions is of an earlier release, which did not tell what was meant from what was done")
        if not tagged:
            return None
    return f"no version of '{settings.mlflow.registered_model}' has the alias champion any more"


def _was_decided(settings: "Settings", lake: "Lake", *, tagged: bool) -> bool:
    """Whether a promotion in this registry was done, also where the version that it made champion is deleted by now."""
    from santander.registry.decisions import champions_until, decisions

    if tagged:
        return bool(champions_until(settings, lake, None))
    # a version is deleted without its run, by which this registry is distinguished from another with the same numbers
    return any(row.promoted and _has_run(settings, row.run_id) for row in decisions(settings, lake))


def _has_run(settings: "Settings", run_id: str) -> bool:
    return has_registry(settings) and unless_missing(open_tracking(settings).get_run, run_id) is not None


def _remedy(settings: "Settings", found: Mapping[int, StoredVersion], number: int | None) -> str:
    """The command that gives the alias to a version which can score."""
    from santander.lake.lake import Lake
    from santander.registry.decisions import champion_before

    try:
        before = champion_before(settings, Lake(settings), number)
    except OutdatedTable as outdated:
        return f"{outdated}, which then says how to set the alias right"
    if before is not None and complaint(settings, found, before) is None:
        return f"'santander promote --rollback' gives the alias to version {before}, the champion before"
    sound = [each for each in sorted(found, reverse=True) if each != number and complaint(settings, found, each) is None]
    if sound:
        return f"'santander promote --version {sound[0]} --override --reason TEXT' gives the alias to version {sound[0]}"
    return "'santander train --no-promote' makes a version, 'santander promote --override --reason TEXT' then gives it the alias"


def champion(settings: "Settings") -> RegisteredVersion:
    """Load the champion; raises NoChampion when there is none, SantanderError for one that is gone or does not load."""
    number = sound_champion(settings)
    return load_to_score(settings, number, f"champion {number}")


def version_for(settings: "Settings", month: "Month") -> VersionId:
    """Return the version that scores a month: the champion, unless it was trained for a later month.

    Then it is the version promoted last for this month or an earlier one, if there is one. Raises NoChampion, and ChampionUnfit
    where the champion cannot score: no other version scores in its place.
    """
    number = sound_champion(settings)
    found = registered(settings)
    in_time = {n: v for n, v in found.items() if v.target is not None and v.target <= month}
    # by when they were promoted: a version may be promoted long after a later one; those from before the tag have their number
    promoted = {n: (v.tags.get("promoted_at", ""), n) for n, v in in_time.items() if v.tags.get("promoted") == "true"}
    chosen = number if number in in_time or not promoted else max(promoted, key=lambda n: promoted[n])
    return VersionId(chosen, str(found[chosen].run_id))


def version_named(settings: "Settings", version: int | None, alias: str | None) -> RegisteredVersion:
    """Load a version by number or by alias, by default the champion; raises InputError for one that is not there."""
    if version is None and alias in (None, CHAMPION):
        return champion(settings)
    return load_version(settings, number_named(settings, version, alias))
