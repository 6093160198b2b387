"""What the last refused ingest or replay would have put aside: kept in the state folder until the next try, in no table."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from santander.errors import InputError
from santander.ingest.duplicates import Duplicate, TooManyDuplicates
from santander.ingest.quarantine import quarantined_rows
from santander.ingest.staging import StagedFiles
from santander.storage.places import remove_tree, whole_file
from santander.suppression import ERASED

if TYPE_CHECKING:
    from santander.config.settings import Settings

_FOLDER, _ENTRIES, _GROUPS = "refused", "entries.parquet", "groups.parquet"
_LISTED = ("file", "line", "month", "scope", "reason", "column", "raw", "customer_id")
GROUPED = ("month", "scope", "reason", "column")


def entries_file(state: Path) -> Path:
    """Return the file of the entries: a row of quarantine each, less what only a table needs."""
    return state / _FOLDER / _ENTRIES


def forget_refused(state: Path) -> None:
    """Remove what an earlier try has left: another one begins."""
    remove_tree(state / _FOLDER)


def read_refused(state: Path) -> tuple[pa.Table, pa.Table]:
    """Return the entries that were kept, in order of file and line, and how many there were by GROUPED; empty without any."""
    if not entries_file(state).is_file():
        texts = pa.schema([(name, pa.string()) for name in GROUPED])
        listed = pa.schema([(name, pa.int64() if name in {"line", "customer_id"} else pa.string()) for name in _LISTED])
        return listed.empty_table(), texts.append(pa.field("count", pa.int64())).empty_table()
    return pq.read_table(entries_file(state)), pq.read_table(state / _FOLDER / _GROUPS)


def write_entries(state: Path, entries: pa.Table) -> None:
    """Replace the entries."""
    with whole_file(entries_file(state)) as out:
        pq.write_table(entries, out)


@contextmanager
def keeping_refused(settings: "Settings", staged: StagedFiles) -> Iterator[list[Duplicate]]:
    """Yield a list for the duplicates that are found; where the files are refused inside, keep what is wrong with them.

    ``ingest.refused_kept`` entries are kept at most, as a file may be wrong in every line, and the number of all.
    """
    duplicates: list[Duplicate] = []
    try:
        yield duplicates
    except InputError as error:
        found: Sequence[Duplicate] = duplicates
        if isinstance(error, TooManyDuplicates):
            found = error.first
            error.file = staged.files[found[0].file_index].name
        _keep(settings, staged, found[: settings.ingest.refused_kept])
        raise


def _keep(settings: "Settings", staged: StagedFiles, duplicates: Sequence[Duplicate]) -> None:
    rows = quarantined_rows(staged, None, duplicates, "")
    rows = rows.where(f"reason <> '{ERASED}'")
    groups = rows.groupBy(*GROUPED).count().toArrow()
    if not groups.num_rows:
        return
    entries = rows.select(*_LISTED).orderBy("file", "line", "column").limit(settings.ingest.refused_kept).toArrow()
    write_entries(settings.state, entries)
    with whole_file(settings.state / _FOLDER / _GROUPS) as out:
        pq.write_table(groups.sort_by([(name, "ascending") for name in GROUPED]), out)
