"""Other files that name persons: tables beside the lake, reports, logs of runs, refused rows, what a killed process left."""

import io
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from santander.forget.accounts import naming
from santander.forget.decoding import KEY_COLUMNS, in_text
from santander.forget.places import files_below, is_below
from santander.forget.search import is_parquet, traces_in
from santander.ingest.refused import entries_file, read_refused, write_entries
from santander.lake.lake import Lake
from santander.lake.staging import OF_ADDITIONS, OF_FAMILIES, OF_FEATURES, OF_INGEST, OF_SCORES, PREVIEWS
from santander.logs.run_log import log_files, without_numbers
from santander.storage.places import Place, open_read, remove_tree, whole_file
from santander.suppression.spellings import Numbers

if TYPE_CHECKING:
    from santander.config.settings import Settings


def clean_refused(settings: "Settings", ids: Numbers, *, dry_run: bool) -> list[str]:
    """Remove the entries of these persons, or that name one; the name of the file, where any did."""
    import pyarrow as pa
    import pyarrow.compute as pc

    entries, _ = read_refused(settings.state)
    named = naming(entries["raw"].to_pylist(), ids)
    theirs = pc.fill_null(pc.is_in(entries["customer_id"], pa.array(ids)), False).to_pylist()
    stays = [not (is_theirs or position in named) for position, is_theirs in enumerate(theirs)]
    if all(stays):
        return []
    if not dry_run:
        write_entries(settings.state, entries.filter(pa.array(stays)))
    return [str(entries_file(settings.state))]


_MESSAGE = b'"message": '


def clean_logs(settings: "Settings", ids: Numbers, *, dry_run: bool) -> list[str]:
    """Hide the numbers in the lines of log files that name one of these persons; return the names of the files."""
    named = [file for file in log_files(settings.state) if traces_in(settings, file, ids, is_ours=True).traces]
    if not dry_run:
        for file in named:
            _clean(file, ids)
    return [str(file) for file in named]


def _clean(file: Path, ids: Numbers) -> None:
    """Write over the lines where they stand: another process may be adding to the file."""
    with file.open("r+b") as log:
        at = 0
        for line in log.read().splitlines(keepends=True):
            if any(np.isin(values, ids).any() for _, values in in_text(io.BytesIO(line), ids, ours=True)):
                os.pwrite(log.fileno(), _hidden(line), at)
            at += len(line)


def _hidden(line: bytes) -> bytes:
    """Return the line without numbers in its message, as long as it was."""
    head, key, message = line.partition(_MESSAGE)
    if not key:
        head, message = b"", line
    end = b"\n" if line.endswith(b"\n") else b""
    text = message.removesuffix(b"\n").decode(errors="surrogateescape")
    hidden = head + key + without_numbers(text).encode(errors="surrogateescape")
    return hidden.ljust(len(line) - len(end)) + end


_KEYS = {f"column {name}" for name in KEY_COLUMNS}
_UNFINISHED = re.compile(r"\..*\.([0-9]+)\.part")


def remove_leftovers(settings: "Settings") -> list[str]:
    """Remove what steps had staged, pictures of previews, half-written files of dead processes: return the names of these."""
    lake = Lake(settings)
    remove_tree(lake.place / OF_INGEST.folder)
    for waiting in (OF_FEATURES, OF_ADDITIONS, OF_FAMILIES, OF_SCORES):
        with lake.lock(waiting.lock):  # of a step that is under way they are not left
            remove_tree(lake.place / waiting.folder)
    remove_tree(settings.state / PREVIEWS)
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
