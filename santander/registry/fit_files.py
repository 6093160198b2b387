"""The files of the fit that scores a month, found without loading a model."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from santander.engine.startup import StoredVersion
from santander.errors import InputError
from santander.registry.packing import FACTS
from santander.registry.versions import PACKED, VersionId, fetched, registered
from santander.schema.months import Month
from santander.storage.spelling import path_of_file
from santander.training.candidate import blind_to

if TYPE_CHECKING:
    from santander.config.settings import Settings


def folder_of_fit(settings: "Settings", version: VersionId, month: Month) -> Path:
    """Return the folder of the fit by which a version scores a month, as ``Candidate.fit_to_judge`` chooses it.

    Raises InputError for a version that is gone, is of another registry or has seen the month.
    """
    stored = registered(settings).get(version.number)
    remedy = f"run 'santander score --month {month}' first"
    if stored is None or stored.run_id != version.run_id:
        raise InputError(
            f"the lists of {month} are of version {version.number}, which is gone from the registry", month=month, hint=remedy
        )
    packed = _packed(settings, stored)
    if packed is None:
        gone = f"the files of version {version.number}, which made the lists of {month}, are gone"
        raise InputError(gone, month=month, hint=remedy)
    name = blind_to(month, _months_of_fits(packed))
    if name is None:
        raise InputError(f"version {version.number} has seen {month} or later months", month=month, hint=remedy)
    return packed / "fits" / name


def _packed(settings: "Settings", stored: StoredVersion) -> Path | None:
    """Return the folder of the packed candidate, fetched where the registry keeps it elsewhere; None where it has none."""
    folder = path_of_file(stored.location or "") or fetched(settings, stored.number)
    return folder / PACKED if (folder / PACKED / FACTS).is_file() else None


def _months_of_fits(packed: Path) -> dict[str, tuple[list[Month], Month | None]]:
    """Return for each fit its months and the one that chose its rounds."""
    return {
        name: ([Month.parse(each) for each in facts["months"]], Month.parse(facts["validation"]) if facts["validation"] else None)
        for name, facts in json.loads((packed / FACTS).read_text())["fits"].items()
    }
