"""What lies beside the snapshots that are kept and nothing needs: files that no manifest names, months beyond those kept."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from santander.ledger.published import known_published, serving_folder
from santander.schema.months import Month
from santander.serving.snapshot.folders import LOCK, folder_of, months_in, remove_snapshot, staging_folder
from santander.serving.snapshot.manifest import NAME, BrokenSnapshot
from santander.serving.snapshot.reading import file_below, read_manifest
from santander.serving.snapshot.writing import paths_in, remove_unnamed
from santander.storage.places import Place, remove_tree, size_of

if TYPE_CHECKING:
    from santander.config.settings import Settings
    from santander.lake.lake import Lake


@dataclass(frozen=True, slots=True)
class TidiedSnapshots:
    """What was removed, or would be."""

    months: int
    """Snapshots that are kept."""
    deleted: int
    """Files."""
    bytes_freed: int


def beyond_those_kept(settings: "Settings", current: Month) -> list[Month]:
    """Return the months whose snapshots are more than are kept: the oldest, never the one that is served."""
    others = [month for month in months_in(serving_folder(settings.data)) if month != current]
    return others[: max(len(others) + 1 - settings.serving.months_kept, 0)]


def tidy_snapshots(settings: "Settings", lake: "Lake", *, dry_run: bool) -> TidiedSnapshots:
    """Remove what nothing needs; no month where it is not known which one is served."""
    with lake.lock(LOCK):
        current = known_published(settings.data)
        gone = [] if current is None else beyond_those_kept(settings, current.month)
        kept = [month for month in months_in(serving_folder(settings.data)) if month not in gone]
        doomed = [file for folder in (staging_folder(settings), *_folders(settings, gone)) for file in _files(folder)]
        doomed += [file for folder in _folders(settings, kept) for file in _unnamed(folder, remove=False)]
        freed = sum(size_of(file) for file in doomed)
        if not dry_run:
            remove_tree(staging_folder(settings))
            for folder in _folders(settings, gone):
                remove_snapshot(folder)
            for folder in _folders(settings, kept):
                _unnamed(folder, remove=True)
    return TidiedSnapshots(len(kept), len(doomed), freed)


def _folders(settings: "Settings", months: list[Month]) -> list[Place]:
    return [folder_of(settings.data, month) for month in months]


def _files(folder: Place) -> list[Place]:
    return [file_below(folder, path) for path in sorted(paths_in(folder))]


def _unnamed(folder: Place, *, remove: bool) -> list[Place]:
    """Return the files that the manifest does not name; none of a snapshot without a manifest that can be read."""
    try:
        manifest, _ = read_manifest(folder)
    except BrokenSnapshot:
        return []
    if remove:
        remove_unnamed(folder, manifest)
        return []
    return [file_below(folder, path) for path in sorted(paths_in(folder).difference(manifest.files, {NAME}))]
