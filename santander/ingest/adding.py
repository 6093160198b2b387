"""An ingest that adds to months that are there, as another part of them: ``santander ingest --merge``.

It leaves what an ingest of all parts together would have left: of rows with equal keys those that are there stay, the others
are quarantined. The order of the tables is that of an ingest. Rows are added in one commit, whose lineage has the markers, so
that the same command can complete a merge that died before it wrote them.
"""

import datetime as dt
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from santander.errors import InputError
from santander.ingest.accounting import MonthCount, MonthTotals, count_lines, markers, totals_by_month
from santander.ingest.duplicates import (
    FIRST_KEYS,
    LIMIT_SETTING,
    REASON,
    Duplicate,
    Keys,
    TooManyDuplicates,
    distinct_keys,
    in_order,
    records_with,
)
from santander.ingest.file_kind import LandingFileRefused
from santander.ingest.holders import files_of, holders_by_month
from santander.ingest.ingestion import publish_quarantine, surveyed
from santander.ingest.landing import LandingFile, unchanged
from santander.ingest.merging import lineages
from santander.ingest.reading import RECORDS
from santander.ingest.refused import forget_refused, keeping_refused
from santander.ingest.shares import check_shares
from santander.ingest.staging import StagedFiles, stage_files
from santander.lake.ingestions import MERGE, Ingestion, read_ingestions
from santander.lake.lake import Lake
from santander.lake.staging import OF_INGEST, new_id, staging
from santander.lake.table_files import fingerprints_of
from santander.schema.catalogue import CUSTOMERS, INGESTIONS
from santander.schema.counting import counted
from santander.schema.months import Month, in_spans
from santander.schema.records import Inline, record_of_row
from santander.storage.places import Place

if TYPE_CHECKING:
    from santander.config.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class MergeReport:
    """What one merge did.

    ``marked`` are its rows of ``ingestions``; ``known`` names files whose rows the months have already.
    """

    files: tuple[LandingFile, ...]
    marked: tuple[Ingestion, ...]
    known: tuple[str, ...]
    rows: Mapping[Month, int]
    """Rows of each month of ``marked`` after the merge."""

    @property
    def ingestion_id(self) -> str | None:
        """The id of the ingestion; None where nothing was added."""
        return self.marked[0].ingestion_id if self.marked else None


def merge(settings: "Settings", lake: Lake, paths: Sequence[Place], *, force: bool = False) -> MergeReport:
    """Add the rows of landing files to months that are there; a file that the months come from already adds nothing.

    Raises InputError, with nothing changed, for a file that may not be read, a month that is not there, products in a month
    without or the other way round, and too large a share of quarantine, keys of the month among it. The data folder of a
    synthetic bank refuses files that are not of it, unless ``force``.
    """
    if not paths:
        raise InputError("name at least one landing file", hint="'santander ingest --merge FILE'")
    ingestion_id = new_id()
    with lake.carrying_persons(), staging(lake, OF_INGEST, ingestion_id) as folder:
        forget_refused(settings.state)
        files = surveyed(settings, lake, paths, folder / "landing", force=force)
        ingestions = read_ingestions(lake)
        new = [file for file in files if not _is_held(file, ingestions)]
        known = tuple(file.name for file in files if file not in new)
        if not new:
            return MergeReport(files, (), known, {})
        marked = _markers_of_unfinished(lake, new, ingestions) or _add(settings, lake, new, ingestions, folder, ingestion_id)
        lake.append_rows(INGESTIONS, [row.row() for row in marked], {"ingestion_id": marked[0].ingestion_id})
        present = lake.rows_by_month(CUSTOMERS)
        months = sorted({Month.parse(row.month) for row in marked if row.is_dated})
        return MergeReport(files, tuple(marked), known, {month: present.get(month, 0) for month in months})


def _is_held(file: LandingFile, ingestions: Sequence[Ingestion]) -> bool:
    """Whether the months that the file has given come from it now; raises where some do and some do not."""
    gave = {Month.parse(row.month) for row in ingestions if row.file_sha256 == file.sha256 and row.is_dated}
    held = {month for month, rows in holders_by_month(ingestions).items() if file.sha256 in files_of(rows)}
    if held and gave - held:
        raise LandingFileRefused(
            file.name,
            f"{in_spans(held)} has its rows already, {in_spans(gave - held)} has not: a merge adds no row twice, nothing "
            f"was added; 'santander ingest' takes all of it in again",
        )
    return bool(held)


def _add(
    settings: "Settings",
    lake: Lake,
    files: Sequence[LandingFile],
    ingestions: Sequence[Ingestion],
    folder: Place,
    ingestion_id: str,
) -> list[Ingestion]:
    """Add the rows and return the markers that say so, which are still to be written."""
    log.info("parsing %s of %s", counted(len(files), "file"), counted(sum(file.lines for file in files), "line"))
    with unchanged(files):
        staged = stage_files(settings, lake, files, folder)
    with keeping_refused(settings, staged) as duplicates:
        counts = count_lines(staged, [])
        _check_months(lake, files, counts, ingestions)
        # read before the keys: a month that is written in between is refused when the rows are added
        before = fingerprints_of(lake.delta(CUSTOMERS))
        limit = settings.ingest.max_quarantine_share
        if found := _duplicates(lake, staged, limit * staged.n_lines):
            duplicates.extend(found)
            counts = count_lines(staged, duplicates)
        check_shares(staged, counts, duplicates, limit)
    publish_quarantine(lake, staged, duplicates, counts, ingestion_id)
    marked = markers(ingestion_id, files, counts, MERGE)
    if records := staged.kept(duplicates):
        inserted = {month: merged.inserted for month, merged in merged_months(marked).items()}
        waiting = [{name: value for name, value in row.row().items() if name != "ingested_at"} for row in marked]
        lineage = {"ingestion_id": ingestion_id, "mode": MERGE, "inserted": inserted, "markers": waiting}
        lake.add_to_months_by_files(CUSTOMERS, records, staged.folder / RECORDS, before, lineage)
    return marked


def _check_months(
    lake: Lake, files: Sequence[LandingFile], counts: Sequence[MonthCount], ingestions: Sequence[Ingestion]
) -> None:
    """Refuse months that are not there, and products in a month without or the reverse."""
    dated = [count for count in counts if count.is_dated]
    present = set(lake.months(CUSTOMERS))
    if absent := {Month.parse(count.month) for count in dated} - present:
        raise InputError(
            f"{in_spans(absent)}: not in customers, and --merge adds to months that are there: nothing was added; "
            f"'santander ingest' without --merge takes in a new month",
            month=min(absent),
            hint="leave out --merge",
        )
    held = holders_by_month(ingestions)
    for count in dated:
        rows, file = held.get(Month.parse(count.month), []), files[count.file_index]
        if rows and any(row.has_products for row in rows) != file.has_products:
            has, lacks = ("has", "was delivered without") if file.has_products else ("has no", "has them")
            raise LandingFileRefused(
                file.name, f"{has} products for {count.month}, which {lacks}: nothing was added; a month has them for all or none"
            )


def _duplicates(lake: Lake, staged: StagedFiles, at_most: float) -> list[Duplicate]:
    """The records whose key the month has already, and those that are not the first of their key in the files."""
    there = lake.files_by_month(CUSTOMERS)
    present: dict[Month, Keys] = {
        month: np.intersect1d(distinct_keys(of_month), distinct_keys(there[month]), assume_unique=True)
        for month, of_month in staged.places(staged.records).items()
    }
    n_present = sum(map(len, present.values()))
    if n_present > at_most:
        month, keys = next((month, keys) for month, keys in sorted(present.items()) if len(keys))
        raise TooManyDuplicates(
            f"{n_present:,} customers of the files are there already, such as {keys[0]} in {month} (reason {REASON}), nothing "
            f"was added",
            f"{LIMIT_SETTING}, as a share of the rows, lets more of them go to quarantine, 'santander quarantine --replay' "
            f"corrects rows by key, 'santander ingest --replace' replaces the month",
            in_order(records_with(staged.lines, {month: keys[:FIRST_KEYS]})),
            month,
        )
    return in_order([*staged.duplicates(at_most), *records_with(staged.lines, present)])


def _markers_of_unfinished(lake: Lake, files: Sequence[LandingFile], ingestions: Sequence[Ingestion]) -> list[Ingestion]:
    """The markers that a merge of the same files did not live to write, unless its months were written since."""
    marked: dict[str, set[str]] = {}
    for row in ingestions:
        marked.setdefault(row.ingestion_id, set()).add(row.month)
    written: set[str] = set()
    now = dt.datetime.now(dt.UTC)
    for lineage in lineages(lake) if lake.exists(CUSTOMERS) else ():
        written |= marked.get(lineage.get("ingestion_id", ""), set())
        waiting = [record_of_row(Ingestion, row | {"ingested_at": now}) for row in lineage.get("markers", [])]
        if lineage.get("ingestion_id") in marked or files_of(waiting) != {file.sha256 for file in files}:
            continue
        if written.intersection(row.month for row in waiting):
            return []
        log.info("completing the merge %s, which had added its rows", lineage["ingestion_id"])
        return waiting
    return []


def merged_lines(report: MergeReport) -> list[str]:
    """Return what was added as lines for people."""
    gained = {month: sum(row.gained for row in report.marked if row.month == str(month)) for month in report.rows}
    lines = [f"{month}: {counted(n, 'row')} added to {report.rows[month] - n:,}" for month, n in gained.items()]
    return [*lines, *(f"{name}: its months have its rows already, nothing was added" for name in report.known)]


@dataclass(frozen=True, slots=True)
class MergedMonth:
    """Lines of a month, its files together, as ``ingest --merge`` shows them."""

    totals: Inline[MonthTotals]
    inserted: int
    """Rows that the month gained."""


def merged_months(marked: Sequence[Ingestion]) -> dict[str, MergedMonth]:
    """Return the counts of each month, its files together."""
    return {
        month: MergedMonth(totals, sum(row.gained for row in marked if row.month == month))
        for month, totals in totals_by_month(marked).items()
    }
