"""One ingest: landing files in, then quarantine, customers and ingestions, in this order; the last is the commit marker.

Lines are parsed once into a staging table; everything after reads that. ``read = kept + quarantined`` per file and month.
"""

import datetime as dt
import logging
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from santander.bank.months import Month
from santander.errors import InputError
from santander.ingest.accounting import MonthCount, check_products, check_shares, check_shrink, count_lines
from santander.ingest.cleaning import UNKNOWN_MONTH
from santander.ingest.duplicates import Duplicate, find_duplicates
from santander.ingest.landing import LandingFile, survey
from santander.ingest.quarantine import quarantined_rows
from santander.ingest.reading import line_texts, read_landing_files
from santander.lake import Lake
from santander.storage import Place, names_in, remove_tree
from santander.tables import CUSTOMERS, INGESTIONS, QUARANTINE

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from santander.settings import Settings

log = logging.getLogger("santander.ingest")

_ID_TIME = "%Y%m%dT%H%M%S"

STEP_VERSION = 1
"""Raised when the same file would be read differently: files ingested before are then out of date."""


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What one ingest did; ``counts`` has one entry per file and month."""

    ingestion_id: str
    files: tuple[LandingFile, ...]
    counts: tuple[MonthCount, ...]

    @property
    def months(self) -> list[Month]:
        """The months of ``customers`` that were replaced."""
        return sorted({Month.parse(count.month) for count in self.counts if count.is_dated})


class WouldReplace(InputError):
    """A file holds a month that the caller keeps for another file; nothing was replaced."""


def ingest(
    settings: "Settings",
    lake: Lake,
    paths: Sequence[Place],
    *,
    allow_shrink: bool = False,
    not_to_replace: Collection[Month] = (),
) -> IngestReport:
    """Replace every month found in the files; other months stay untouched.

    Raises InputError, with nothing replaced, for a file that may not be read, too large a share of quarantine in a month,
    a month that would lose more than half its rows or its products (unless ``allow_shrink``), and, as WouldReplace, for
    a month in ``not_to_replace``.
    """
    if not paths:
        raise InputError("name at least one landing file")
    ingestion_id = f"{dt.datetime.now(dt.UTC):{_ID_TIME}}-{uuid.uuid4().hex[:8]}"
    with _staging(settings, lake, ingestion_id) as staging:
        files = tuple(survey(path, settings.ingest.chunk_bytes, staging / "landing") for path in paths)
        log.info("%s file(s), %s lines: parsing", len(files), f"{sum(file.lines for file in files):,}")
        staged = _stage(settings, lake, files, staging / "lines")
        duplicates, counts = _take_stock(settings, staged, files)
        kept = _kept_rows(counts)
        if clash := sorted(set(kept) & set(not_to_replace)):
            raise WouldReplace(f"{', '.join(map(str, clash))} also in a file ingested before")
        if not allow_shrink:
            check_shrink(lake.rows_by_month(CUSTOMERS), kept)
            check_products(lake.rows(INGESTIONS), files, counts)
        _publish(settings, lake, staged, files, duplicates, counts, kept, ingestion_id)
        return IngestReport(ingestion_id, files, tuple(counts))


@contextmanager
def _staging(settings: "Settings", lake: Lake, ingestion_id: str) -> Iterator[Place]:
    """A folder of this ingest alone, below the data folder as workers read and write there; gone on leaving.

    What killed ingests left is removed first. In a bucket others may be at work, so only what is older than a day.
    """
    everyone = settings.data / "lake" / "_staging"
    own = everyone / ingestion_id
    if isinstance(everyone, Path):
        with lake.lock("ingest"):
            remove_tree(everyone)
            try:
                yield own
            finally:
                remove_tree(everyone)
        return
    a_day_ago = f"{dt.datetime.now(dt.UTC) - dt.timedelta(days=1):{_ID_TIME}}"
    for name in names_in(everyone):
        if name < a_day_ago:
            remove_tree(everyone / name)
    try:
        yield own
    finally:
        remove_tree(own)


def _stage(settings: "Settings", lake: Lake, files: Sequence[LandingFile], folder: Place) -> "DataFrame":
    lines = read_landing_files(lake.session, files, settings.ingest.tasks)
    return lake.stage(lines, folder)


def _take_stock(
    settings: "Settings", staged: "DataFrame", files: Sequence[LandingFile]
) -> tuple[list[Duplicate], list[MonthCount]]:
    limit = settings.ingest.max_quarantine_share
    duplicates = find_duplicates(staged, at_most=limit * sum(file.lines for file in files))
    counts = count_lines(staged, files, duplicates)
    check_shares(counts, limit)
    return duplicates, counts


def _kept_rows(counts: Sequence[MonthCount]) -> dict[Month, int]:
    kept: dict[Month, int] = {}
    for count in counts:
        if count.is_dated:
            month = Month.parse(count.month)
            kept[month] = kept.get(month, 0) + count.kept
    if not kept:
        raise InputError("the files hold no legal record: nothing was replaced")
    return kept


def _publish(
    settings: "Settings",
    lake: Lake,
    staged: "DataFrame",
    files: Sequence[LandingFile],
    duplicates: Sequence[Duplicate],
    counts: Sequence[MonthCount],
    kept: Mapping[Month, int],
    ingestion_id: str,
) -> None:
    lineage = {"ingestion_id": ingestion_id}
    quarantine = quarantined_rows(lake.session, staged, files, counts, _with_texts(files, duplicates), ingestion_id)
    meant = sum(count.quarantined_rows + count.bad_values for count in counts)
    lake.replace_where(QUARANTINE, quarantine, _of_files_and_months(files, counts), meant, lineage)
    customers = _customers(staged, duplicates)
    months = sorted(kept)
    step = settings.ingest.months_per_commit
    for first in range(0, len(months), step):
        batch = {month: kept[month] for month in months[first : first + step]}
        lake.replace_months(CUSTOMERS, customers, batch, lineage)
        log.info("customers: %s months of %s written", min(first + step, len(months)), len(months))
    lake.append_rows(INGESTIONS, _markers(ingestion_id, files, counts), lineage)


def _customers(staged: "DataFrame", duplicates: Sequence[Duplicate]) -> "DataFrame":
    from pyspark.sql import functions as F

    whole = staged.where("row_reason IS NULL")
    if duplicates:
        surplus = staged.sparkSession.createDataFrame(
            [(d.file_index, d.line) for d in duplicates], "surplus_file int, surplus_line bigint"
        )
        same_line = (F.col("file_index") == F.col("surplus_file")) & (F.col("line") == F.col("surplus_line"))
        whole = whole.join(F.broadcast(surplus), on=same_line, how="left_anti")
    return whole.select(*(name for name, _ in CUSTOMERS.columns))


def _with_texts(files: Sequence[LandingFile], duplicates: Sequence[Duplicate]) -> list[tuple[Duplicate, str]]:
    found: list[tuple[Duplicate, str]] = []
    for index, file in enumerate(files):
        inside = [duplicate for duplicate in duplicates if duplicate.file_index == index]
        texts = line_texts(file, [duplicate.line for duplicate in inside])
        found += [(duplicate, texts[duplicate.line]) for duplicate in inside]
    return found


def _of_files_and_months(files: Sequence[LandingFile], counts: Sequence[MonthCount]) -> str:
    fingerprints = ", ".join(f"'{sha256}'" for sha256 in sorted({file.sha256 for file in files}))
    months = ", ".join(f"'{month}'" for month in sorted({count.month for count in counts} | {UNKNOWN_MONTH}))
    return f"file_sha256 IN ({fingerprints}) AND month IN ({months})"


def _markers(ingestion_id: str, files: Sequence[LandingFile], counts: Sequence[MonthCount]) -> list[dict[str, object]]:
    now = dt.datetime.now(dt.UTC)
    return [
        {
            "ingestion_id": ingestion_id,
            "file": files[count.file_index].name,
            "file_sha256": files[count.file_index].sha256,
            "month": count.month,
            "has_products": files[count.file_index].has_products,
            "read": count.read,
            "kept": count.kept,
            "quarantined_rows": count.quarantined_rows,
            "rows_with_quarantined_values": count.rows_with_bad_values,
            "ingested_at": now,
            "mode": "replace",
            "inserted": count.kept,
        }
        for count in counts
    ]
