"""Other files below the data folder that name persons: tables beside the lake, reports, what a killed process left."""

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from santander.forget.decoding import KEY_COLUMNS
from santander.forget.places import files_below, is_below
from santander.forget.search import is_parquet, traces_in
from santander.lake.lake import Lake
from santander.lake.staging import OF_ADDITIONS, OF_FEATURES, OF_INGEST, OF_SCORES
from santander.storage.places import Place, open_read, remove_tree, whole_file
from santander.suppression.tokens import Numbers

if TYPE_CHECKING:
    from santander.config.settings import Settings

_KEYS = {f"column {name}" for name in KEY_COLUMNS}
_UNFINISHED = re.compile(r"\..*\.([0-9]+)\.part")


def remove_leftovers(settings: "Settings") -> list[str]:
    """Remove what steps had staged and half-written files of processes that are no more; the names of those files."""
    lake = Lake(settings)
    remove_tree(lake.place / OF_INGEST.folder)
    for waiting in (OF_FEATURES, OF_ADDITIONS, OF_SCORES):
        with lake.lock(waiting.lock):  # of a step that is under way they are not left
            remove_tree(lake.place / waiting.folder)
    if not isinstance(settings.data, Path):
        return []
    dead = [
        file for file in files_below(settings.data) if (made := _UNFINISHED.fullmatch(file.name)) and not _lives(int(made[1]))
    ]
    for file in dead:
        file.unlink(missing_ok=True)
    return [str(file) for file in dead]


def clean_files(settings: "Settings", ids: Numbers, *, dry_run: bool) -> list[str]:
    """Rewrite parquet files beside the lake without the persons, remove reports that name one; the names of all of them."""
    changed = []
    for file in files_below(settings.data):
        if is_below(file, settings.data / "lake") or is_below(file, settings.state):
            continue
        is_report = is_below(file, settings.data / "quality")
        if not (is_report or _has_keys(file)):
            continue
        where = {trace.where for trace in traces_in(settings, file, ids).traces}
        if not (where if is_report else where & _KEYS):  # what else names them in such a file is no row of theirs
            continue
        changed.append(str(file))
        if dry_run:
            continue
        if is_report:
            file.unlink()  # santander validate writes it anew
        else:
            _without(file, ids)
    return changed


def _has_keys(file: Place) -> bool:
    """Whether it is a parquet file whose rows are of customers; one that cannot be read is named by the search."""
    import pyarrow.parquet as pq

    try:
        if not is_parquet(file):
            return False
        with open_read(file) as source:
            return bool(KEY_COLUMNS & set(pq.read_schema(source).names))
    except (OSError, ValueError):
        return False


def _without(file: Place, ids: Numbers) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    with open_read(file) as source:
        content = pq.read_table(source)
    for name in KEY_COLUMNS & set(content.column_names):
        content = content.filter(pc.invert(pc.is_in(content[name], pa.array(ids).cast(content[name].type))))
    with whole_file(file) as out:
        pq.write_table(content, out, compression="zstd")


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
