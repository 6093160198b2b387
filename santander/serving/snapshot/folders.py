"""The folders of snapshots: one a month below the data folder, local copies of those in a bucket, and one to write in."""

import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from santander.errors import InputError
from santander.ledger.published import FOLDER, Published, serving_folder
from santander.schema.months import Month
from santander.serving.snapshot.manifest import NAME, Manifest
from santander.serving.snapshot.reading import check_files, file_below, file_facts, stored_manifest
from santander.serving.snapshot.writing import remove_unnamed
from santander.storage.bucket import BucketPath, told_of
from santander.storage.places import Place, names_in, open_read, remove_tree, whole_file

if TYPE_CHECKING:
    from santander.config.settings import Settings

LOCK = "serving"


def folder_of(data: Place, month: Month) -> Place:
    """Return the folder of the snapshot of a month."""
    return serving_folder(data) / str(month)


def months_in(folder: Place) -> list[Month]:
    """Return the months that have a folder of their own below this one, in order."""
    months = []
    for name in names_in(folder):
        with suppress(InputError):
            months.append(Month.parse(name))
    return sorted(months)


def copies(settings: "Settings") -> Path:
    """Return the local folder of the copies of snapshots that lie in a bucket."""
    return settings.state / "serving" / "snapshots"


def staging_folder(settings: "Settings") -> Path:
    """Return the local folder where a snapshot is written: on the disk of a local data folder, from where files are moved."""
    data = settings.data
    return data / FOLDER / ".staging" if isinstance(data, Path) else settings.state / "serving" / "staging"


def local_folder(settings: "Settings", snapshot: Published) -> Path:
    """Return the local folder of the snapshot that is served: of one in a bucket its copy, which is brought up to date.

    Copies of months that the bucket does not keep any more are removed. Raises BrokenSnapshot where what arrived is not what was
    written.
    """
    folder = folder_of(settings.data, snapshot.month)
    if isinstance(folder, Path):
        return folder
    copy = copied(folder, copies(settings) / str(snapshot.month))
    for month in set(months_in(copies(settings))).difference(months_in(serving_folder(settings.data))):
        remove_tree(copies(settings) / str(month))
    return copy


def copied(source: BucketPath, target: Path) -> Path:
    """Copy a snapshot to a local folder, its manifest last, but for the files that are there already; remove all others."""
    described = stored_manifest(source)
    manifest = Manifest.read(described, source / NAME)
    check_files(source, manifest, verify=False)
    for path, stored in manifest.files.items():
        there = target / path
        if there.is_file() and file_facts(there) == stored:
            continue
        with told_of(source), open_read(file_below(source, path)) as whole, whole_file(there) as out:
            shutil.copyfileobj(whole, out)
    check_files(target, manifest, verify=True)
    with whole_file(target / NAME) as out:
        out.write(described)
    remove_unnamed(target, manifest)
    return target


def remove_snapshot(folder: Place) -> None:
    """Remove a snapshot, its manifest first: what is left of one that could not be removed whole is no snapshot."""
    (folder / NAME).unlink(missing_ok=True)
    remove_tree(folder)
