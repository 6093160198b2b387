"""One ingest: landing files in, then quarantine, customers and ingestions, in this order; the last is the commit marker.

Lines are parsed once, into files of ``customers`` that wait for their commit and the outcome of each line, which decides
everything else. ``read = kept + quarantined`` per file and month.
"""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from santander.errors import InputError
from santander.ingest.accounting import MonthCount, check_products, check_shrink, count_lines, markers, shrunken, totals_by_month
from santander.ingest.duplicates import Duplicate
from santander.ingest.landing import LandingFile, refuse_changed, unchanged
from santander.ingest.quarantine import quarantined_rows
from santander.ingest.reading import RECORDS
from santander.ingest.refused import forget_refused, keeping_refused
from santander.ingest.replacing import Replacement, check_shared, replacements
from santander.ingest.shares import check_shares
from santander.ingest.staging import StagedFiles, stage_files
from santander.ingest.survey_in_tasks import survey_files
from santander.ingest.synthetic_mark import refuse_files_of_others
from santander.lake.ingestions import UNKNOWN_MONTH, read_ingestions
from santander.lake.lake import Lake
from santander.lake.staging import OF_INGEST, new_id, staging
from santander.schema.catalogue import CUSTOMERS, INGESTIONS, QUARANTINE
from santander.schema.counting import counted
from santander.schema.months import Month
from santander.storage.places import Place

if TYPE_CHECKING:
    from santander.config.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What one ingest did; ``counts`` has one entry per file and month."""

    ingestion_id: str
    files: tuple[LandingFile, ...]
    counts: tuple[MonthCount, ...]
    replaced: tuple[Replacement, ...] = ()
    """What the months that were there already lost."""

    @property
    def months(self) -> list[Month]:
        """The months of ``customers`` that were replaced."""
        return sorted({Month.parse(count.month) for count in self.counts if count.is_dated})


class WouldReplace(InputError):
    """Files hold ``months`` that the caller keeps for other files; nothing was replaced."""

    def __init__(self, months: Sequence[Month]) -> None:
        self.months = tuple(months)
        super().__init__(f"{', '.join(map(str, months))} also in a file ingested before")


def ingest(
    settings: "Settings",
    lake: Lake,
    paths: Sequence[Place],
    *,
    allow_shrink: bool = False,
    replace_others: bool = False,
    not_to_replace: Collection[Month] = (),
    force: bool = False,
) -> IngestReport:
    """Replace every month found in the files; other months stay untouched.

    Raises InputError, with nothing replaced, for a file that may not be read, too large a share of quarantine in a month,
    a month that shares few customers with the one there (unless ``replace_others``), one that would lose more than half its
    rows or its products (unless ``allow_shrink``), and, as WouldReplace, for a month in ``not_to_replace``. The data
    folder of a synthetic bank refuses files that are not of it, unless ``force``.
    """
    if not paths:
        raise InputError("name at least one landing file", hint="'santander ingest FILE'")
    ingestion_id = new_id()
    with lake.carrying_persons(), staging(lake, OF_INGEST, ingestion_id) as folder:
        forget_refused(settings.state)
        files = surveyed(settings, lake, paths, folder / "landing", force=force)
        log.info("parsing %s of %s", counted(len(files), "file"), counted(sum(file.lines for file in files), "line"))
        with unchanged(files):
            staged = stage_files(settings, lake, files, folder)
        with keeping_refused(settings, staged) as duplicates:
            limit = settings.ingest.max_quarantine_share
            duplicates.extend(staged.duplicates(at_most=limit * staged.n_lines))
            counts = count_lines(staged, duplicates)
            check_shares(staged, counts, duplicates, limit)
            totals = totals_by_month(counts)
            kept = {Month.parse(month): of_month.kept for month, of_month in totals.items() if month != UNKNOWN_MONTH}
            if clash := sorted(set(kept) & set(not_to_replace)):
                raise WouldReplace(clash)
            replaced = replacements(lake, staged, counts, kept)
            present = lake.rows_by_month(CUSTOMERS)
            if not replace_others:
                would_shrink = bool(shrunken(present, kept)) and not allow_shrink
                check_shared(replaced, settings.ingest.min_shared_customers, would_shrink=would_shrink)
            if not allow_shrink:
                check_shrink(present, kept)
                check_products(read_ingestions(lake), files, counts)
        publish_quarantine(lake, staged, duplicates, counts, ingestion_id)
        lineage = {"ingestion_id": ingestion_id}
        lake.replace_months_by_files(CUSTOMERS, staged.kept(duplicates), staged.folder / RECORDS, kept, lineage)
        log.info("customers: %s written", counted(len(kept), "month"))
        lake.append_rows(INGESTIONS, [row.row() for row in markers(ingestion_id, files, counts)], lineage)
        return IngestReport(ingestion_id, files, tuple(counts), tuple(replaced))


def surveyed(settings: "Settings", lake: Lake, paths: Sequence[Place], scratch: Place, *, force: bool) -> tuple[LandingFile, ...]:
    """Return the survey of the files.

    Raises InputError for those that are not of the synthetic bank of the data folder, unless ``force``.
    """
    files = survey_files(lake, paths, settings.ingest.chunk_bytes, scratch)
    if not force:
        refuse_files_of_others(lake, settings.data, files)
    return files


def publish_quarantine(
    lake: Lake,
    staged: StagedFiles,
    duplicates: Sequence[Duplicate],
    counts: Sequence[MonthCount],
    ingestion_id: str,
) -> None:
    """Replace the entries of these files and months in the quarantine. Raises LandingFileRefused where a file has changed."""
    rows = quarantined_rows(staged, counts, duplicates, ingestion_id)
    meant = sum(count.quarantined_rows + count.bad_values for count in counts)
    fingerprints = ", ".join(f"'{sha256}'" for sha256 in sorted({file.sha256 for file in staged.files}))
    months = ", ".join(f"'{month}'" for month in sorted({count.month for count in counts} | {UNKNOWN_MONTH}))
    replaced = f"file_sha256 IN ({fingerprints}) AND month IN ({months})"
    refuse_changed(staged.files)
    lake.replace_where(QUARANTINE, rows, replaced, meant, {"ingestion_id": ingestion_id})
