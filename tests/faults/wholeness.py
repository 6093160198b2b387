"""Whether a data folder is whole: every table opens, every file is readable, every month is the old or the new one."""

from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
from deltalake import DeltaTable
from filelock import FileLock, Timeout

from santander.compare.comparison import FolderComparison, Part, Verdict
from santander.compare.folders import compare_folders
from santander.compare.report import lines
from santander.config.settings import Settings
from santander.lake.lake import Lake
from santander.schema.catalogue import (
    ADDITIONS,
    CUSTOMERS,
    FEATURES_TABLE,
    INGESTIONS,
    QUARANTINE,
    RECOMMENDATIONS,
    STEP_RUNS,
    TABLES,
)
from tests.faults.tally import TALLY

SAME = {Verdict.EQUAL, Verdict.EMPTY}
IN_ORDER = [table.name for table in (QUARANTINE, CUSTOMERS, INGESTIONS, FEATURES_TABLE, ADDITIONS, RECOMMENDATIONS, STEP_RUNS)]
"""As the verbs write them."""


def check_whole(data: Path, *legal: Path, locks_held: bool = False) -> None:
    """The folder can be read to the last row, no lock is held, and each month of each table is as in one of ``legal``.

    Of two legal folders the second is what the first becomes: what is written later is never ahead of what goes before it.
    """
    check_readable(data)
    check_counts(data)
    if not locks_held:
        check_unlocked(data)
    comparisons = [compare_folders(_settings(data), _settings(other)) for other in legal]
    broken, arrived, lagging = [], set(), set()
    for position, table in enumerate(comparisons[0].tables):
        versions = [_parts(comparison, position) for comparison in comparisons]
        for month in sorted({month for parts in versions for month in parts}, key=str):
            as_in = [month not in parts or parts[month].verdict in SAME for parts in versions]  # or on neither side
            if not any(as_in):
                there = [parts[month] for parts in versions]
                TALLY.rows_lost += min(_lost(part) for part in there)
                broken.append(f"{table.name} {month}: {[str(part.difference or part.reason)[:300] for part in there]}")
            if not as_in[0] and as_in[-1]:
                arrived.add(table.name)
            if not as_in[-1]:
                lagging.add(table.name)
    assert not broken, "\n".join(broken)
    if len(legal) > 1:
        _check_order(data, legal[0], arrived, lagging)


def _check_order(data: Path, before: Path, arrived: set[str], lagging: set[str]) -> None:
    """A marker says that all before it is there: ``ingestions`` of an ingest, ``step_runs`` of every step."""
    here, there = (len(Lake(_settings(folder)).rows(STEP_RUNS)) for folder in (data, before))
    if here > there:
        arrived.add(STEP_RUNS.name)
    for place, table in enumerate(IN_ORDER):
        behind = [earlier for earlier in IN_ORDER[:place] if earlier in lagging]
        assert table not in arrived or not behind, f"{table} is ahead of {', '.join(behind)}"


def check_same(data: Path, other: Path, *tables: str) -> None:
    """The folder is complete: readable, unlocked, without leftovers, and its tables equal those of the other one."""
    check_readable(data)
    check_counts(data)
    check_unlocked(data)
    assert not list((data / "lake").glob("_staging*")), "a staging folder is left"
    comparison = compare_folders(_settings(data), _settings(other))
    unequal = [table for table in comparison.tables if (not tables or table.name in tables) and table.verdict not in SAME]
    TALLY.rows_lost += sum(_lost(part) for table in unequal for part in table.parts)
    assert not unequal, "\n".join(lines(comparison))


def check_part_of(data: Path, whole: Path) -> None:
    """What there is can be read, and each month of each table is as in the other folder or not there at all."""
    if not (data / "lake").exists():
        return
    check_readable(data)
    check_counts(data)
    check_unlocked(data)
    if not any(Lake(_settings(data)).exists(table) for table in TABLES):
        return
    for table in compare_folders(_settings(data), _settings(whole)).tables:
        for part in table.parts:
            if part.verdict not in SAME and (part.difference is None or part.difference.rows_here):
                TALLY.rows_lost += _lost(part)
                raise AssertionError(f"{table.name} {part.month}: {part.difference or part.reason}")


def check_readable(data: Path) -> None:
    """Every table opens at its last version, and each of its files holds the rows that the commit says."""
    for folder in sorted((data / "lake").iterdir()):
        if folder.name.startswith("_staging"):
            continue
        if not DeltaTable.is_deltatable(str(folder)):
            assert not list(folder.rglob("*.json")), f"{folder.name} has a log but is no table"
            continue
        table = DeltaTable(str(folder))
        actions = table.get_add_actions(flatten=True)
        for path, rows in zip(actions["path"].to_pylist(), actions["num_records"].to_pylist(), strict=True):
            assert pq.read_table(folder / path, partitioning=None).num_rows == rows, f"{folder.name}: {path}"


def check_counts(data: Path) -> None:
    """``read = kept + quarantined`` in every marked ingestion, and so many lines of file and month are in the quarantine."""
    lake = Lake(_settings(data))
    lines_of = Counter((row["file_sha256"], row["month"]) for row in lake.rows(QUARANTINE) if row["scope"] == "row")
    for row in lake.rows(INGESTIONS):
        quarantined = lines_of[row["file_sha256"], row["month"]]
        if row["read"] != row["kept"] + quarantined or quarantined != row["quarantined_rows"]:
            TALLY.rows_lost += abs(row["read"] - row["kept"] - quarantined)
            raise AssertionError(f"{quarantined} lines in quarantine, {row}")


def check_unlocked(data: Path) -> None:
    held = [file.stem for file in (data / "state" / "locks").glob("*.lock") if is_locked(data, file.stem)]
    assert not held, f"still held: {', '.join(held)}"


def is_locked(data: Path, name: str) -> bool:
    """Whether a run holds the lock of this name, such as ``ingest``."""
    try:
        with FileLock(data / "state" / "locks" / f"{name}.lock", timeout=0):
            return False
    except Timeout:
        return True


def snapshot(data: Path) -> list[str]:
    """Names of all files below the lake: equal twice when nothing was written in between, as no file is ever changed."""
    below = data / "lake"
    return sorted(str(file.relative_to(below)) for file in below.rglob("*") if file.is_file())


def _settings(data: Path) -> Settings:
    return Settings.load(data_dir=str(data))


def _parts(comparison: FolderComparison, position: int) -> dict[object, Part]:
    return {part.month: part for part in comparison.tables[position].parts}


def _lost(part: Part) -> int:
    """Rows that should be here and are not, or are here with other values."""
    if part.difference is None:
        return 0
    return part.difference.only_there + max(part.difference.columns.values(), default=0)
