"""Customers out of all snapshots that are kept, and out of their copies: rows go, files of earlier manifests too."""

import logging
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from santander.ledger.published import Published, known_published, name_published, serving_folder
from santander.schema.months import Month
from santander.serving.snapshot.folders import LOCK, copied, copies, folder_of, months_in, remove_snapshot, staging_folder
from santander.serving.snapshot.manifest import BrokenSnapshot, Manifest
from santander.serving.snapshot.reading import Snapshot, file_below, open_snapshot, read_manifest
from santander.serving.snapshot.writing import Staging
from santander.storage.places import Place, open_read, remove_tree

if TYPE_CHECKING:
    from santander.config.settings import Settings
    from santander.lake.lake import Lake

log = logging.getLogger(__name__)

Ids = npt.NDArray[np.int64]


def forget_in_snapshots(settings: "Settings", lake: "Lake", ids: Ids, *, dry_run: bool) -> list[str]:
    """Rewrite the snapshots that have one of these customers; return their folders.

    One that cannot be read is removed, as nobody can say who is in it. Local copies go whole: they are copied again.
    """
    with lake.lock(LOCK):
        having = [month for month in months_in(serving_folder(settings.data)) if _has(folder_of(settings.data, month), ids)]
        copied_with = [
            copies(settings) / str(month) for month in months_in(copies(settings)) if _has(copies(settings) / str(month), ids)
        ]
        if not dry_run:
            remove_tree(staging_folder(settings))
            for month in having:
                _rewrite(settings, month, ids)
            for folder in copied_with:
                shutil.rmtree(folder)
    return [str(folder_of(settings.data, month)) for month in having] + list(map(str, copied_with))


def _has(folder: Place, ids: Ids) -> bool:
    """Whether one of these customers is in a snapshot, or that cannot be told."""
    try:
        manifest, _ = read_manifest(folder)
        with open_read(file_below(folder, manifest.parts["ids"])) as source:
            there = np.load(source, allow_pickle=False)
    except (BrokenSnapshot, OSError, ValueError, KeyError):
        return True
    return bool(np.isin(there, ids).any())


def _rewrite(settings: "Settings", month: Month, ids: Ids) -> None:
    folder = folder_of(settings.data, month)
    with tempfile.TemporaryDirectory(prefix="santander-") as scratch:
        try:
            local = folder if isinstance(folder, Path) else copied(folder, Path(scratch))
            snapshot = open_snapshot(local)
        except BrokenSnapshot as error:
            remove_snapshot(folder)
            log.warning("%s: the snapshot is removed, as nobody can say who is in it", error.fault)
            return
        try:
            manifest, staging = _without(snapshot, ids, Staging(staging_folder(settings)))
            digest = staging.place(folder, manifest)
        finally:
            remove_tree(staging_folder(settings))
    if (current := known_published(settings.data)) is not None and current.month == month:
        name_published(settings.data, Published(month, digest))


def _without(snapshot: Snapshot, ids: Ids, staging: Staging) -> tuple[Manifest, Staging]:
    """Write the rows of all others."""
    stays = ~np.isin(snapshot.ids, ids)
    by_customer = ["ids", "features", "recommendations", *(["offers"] if snapshot.offers is not None else [])]
    for part in snapshot.manifest.parts:
        if part in by_customer:
            staging.array(part, snapshot.array(part)[stays])
        else:
            staging.keep(snapshot.folder, snapshot.manifest, part)
    return replace(snapshot.manifest, customers=int(stays.sum()), parts=staging.parts, files=staging.files), staging
