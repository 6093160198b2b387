"""A replay: corrected rows taken back in. They are merged by key into months that are there; no month is replaced.

The rows come through the same door and meet the same rules as in an ingest; the order of the tables is the same too:
quarantine, customers month by month, then the row of ``ingestions`` that marks it as done. What died in between is
completed by the same command. No share of quarantine refuses a replay: it is made of lines that were bad.
"""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from santander.errors import InputError
from santander.ingest.accounting import MonthCount, count_lines, markers
from santander.ingest.cleaning import RECORD_SCHEMA
from santander.ingest.duplicates import Duplicate
from santander.ingest.entries import Entry, State, read_entries, same_lines
from santander.ingest.file_kind import LandingFileRefused
from santander.ingest.holders import last_ingestions
from santander.ingest.landing import LandingFile, refuse_changed, unchanged
from santander.ingest.merging import inserted_by_unfinished, merge_month
from santander.ingest.quarantine import quarantined_rows
from santander.ingest.refused import forget_refused, keeping_refused
from santander.ingest.staging import StagedFiles, stage_files
from santander.ingest.survey_in_tasks import survey_files
from santander.lake.ingestions import MERGE, read_ingestions
from santander.lake.lake import Lake
from santander.lake.staging import OF_INGEST, new_id, staging
from santander.schema.catalogue import CUSTOMERS, INGESTIONS, PARTITION, QUARANTINE
from santander.schema.counting import counted
from santander.schema.months import Month
from santander.storage.places import Place

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from santander.config.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What one replay did; ``counts`` has one entry per file and month, ``resolved`` counts entries of the quarantine."""

    ingestion_id: str
    files: tuple[LandingFile, ...]
    counts: tuple[MonthCount, ...]
    inserted: Mapping[str, int]
    """Keys that each month gained; the other kept rows replaced the one their customer had."""
    resolved: int

    @property
    def months(self) -> list[Month]:
        """The months of ``customers`` that rows were merged into."""
        return [Month.parse(month) for month in sorted(self.inserted)]


def replay(settings: "Settings", lake: Lake, paths: Sequence[Place]) -> ReplayReport:
    """Merge the records of files of corrections into customers, and mark the quarantined lines they correct.

    Raises InputError, with nothing changed, for a file that may not be read or holds no legal record, for a month that is
    not in customers, and for products in a month that has none.
    """
    if not paths:
        raise InputError("name at least one file of corrections", hint="'santander quarantine --replay FILE'")
    ingestion_id = new_id()
    with lake.carrying_persons(), staging(lake, OF_INGEST, ingestion_id) as folder:
        forget_refused(settings.state)
        files = survey_files(lake, paths, settings.ingest.chunk_bytes, folder / "landing", corrections=True)
        with unchanged(files):
            staged = stage_files(settings, lake, files, folder)
        with keeping_refused(settings, staged) as duplicates:
            duplicates.extend(staged.duplicates(at_most=staged.n_lines))
            counts = count_lines(staged, duplicates)
            _refuse_unreadable(files, counts)
            _refuse_other_months(lake, files, counts)
        entries = read_entries(lake)
        resolved = _resolved(entries, staged, duplicates)
        quarantine = quarantined_rows(staged, counts, duplicates, ingestion_id)
        meant = sum(count.quarantined_rows + count.bad_values for count in counts)
        refuse_changed(files)
        _quarantine(lake, quarantine, meant, files, entries, resolved, ingestion_id)
        inserted = _merge(lake, staged, duplicates, ingestion_id)
        marked = markers(ingestion_id, files, counts, MERGE, inserted)
        lake.append_rows(INGESTIONS, [row.row() for row in marked], {"ingestion_id": ingestion_id})
        return ReplayReport(ingestion_id, files, tuple(counts), inserted, len(resolved))


def _refuse_unreadable(files: Sequence[LandingFile], counts: Sequence[MonthCount]) -> None:
    for index, file in enumerate(files):
        of_file = [count for count in counts if count.file_index == index]
        if not any(count.kept for count in of_file):
            reasons: Counter[str] = Counter()
            for count in of_file:
                reasons.update(count.quarantined)
            listed = ", ".join(f"{reason} {n}" for reason, n in sorted(reasons.items()))
            rule = f"holds no legal record ({listed}), nothing was changed"
            raise LandingFileRefused(file.name, rule, hint="'santander quarantine --refused' lists what is wrong")


def _refuse_other_months(lake: Lake, files: Sequence[LandingFile], counts: Sequence[MonthCount]) -> None:
    """A replay makes no month, and gives no products to some customers of a month delivered without."""
    present = set(lake.months(CUSTOMERS))
    months = {count.month for count in counts if count.is_dated}
    if absent := sorted(month for month in months if Month.parse(month) not in present):
        raise InputError(
            f"not in customers: {', '.join(absent)}; a replay makes no month",
            month=absent[0],
            hint="ingest its landing file first",
        )
    last = last_ingestions(read_ingestions(lake))
    with_products = {month for month, rows in last.items() if any(row.has_products for row in rows)}
    for count in counts:
        file = files[count.file_index]
        if count.is_dated and count.month in last and file.has_products and count.month not in with_products:
            raise LandingFileRefused(file.name, f"has products for {count.month}, which was delivered without: leave them out")


def _resolved(entries: Sequence[Entry], staged: StagedFiles, duplicates: Sequence[Duplicate]) -> list[Entry]:
    """The entries that the records correct: those of the line whose id a record carries, else the open ones of its key."""
    from pyspark.sql import functions as F

    open_keys = {(entry.customer_id, entry.month) for entry in entries if entry.state is State.OPEN}
    customers = pa.array(sorted({key for key, _ in open_keys if key is not None}), pa.int64())
    month = F.date_format("snapshot_date", "yyyy-MM").alias("month")
    records = (
        staged.lines.where("row_reason IS NULL").select("file_index", "line", "customer_id", month, "correction_of").toArrow()
    )
    telling = records.filter(pc.or_(pc.is_valid(records["correction_of"]), pc.is_in(records["customer_id"], customers)))
    left_out = {(each.file_index, each.line) for each in duplicates}
    rows = [row for row in telling.to_pylist() if (row["file_index"], row["line"]) not in left_out]
    by_id = {row["correction_of"] for row in rows if row["correction_of"] is not None}
    by_key = {(row["customer_id"], row["month"]) for row in rows if row["correction_of"] is None}
    if unknown := by_id - {entry.quarantine_id for entry in entries}:
        said = counted(len(unknown), "quarantine id is", "quarantine ids are")
        log.warning("%s not in quarantine, such as %s", said, min(unknown))
    found: list[Entry] = []
    for line in same_lines(entries).values():
        named = any(entry.quarantine_id in by_id for entry in line)
        matched = any(entry.state is State.OPEN and (entry.customer_id, entry.month) in by_key for entry in line)
        if named or matched:
            found += [entry for entry in line if entry.state not in {State.RESOLVED, State.ERASED}]
    return found


def _quarantine(
    lake: Lake,
    rows: "DataFrame",
    n_rows: int,
    files: Sequence[LandingFile],
    entries: Sequence[Entry],
    resolved: Sequence[Entry],
    ingestion_id: str,
) -> None:
    """Commit at once the lines of these files that are still bad, and the mark on those that were corrected."""
    from pyspark.sql import functions as F

    ours = {file.sha256 for file in files}
    touched = {entry.file_sha256 for entry in resolved} - ours
    if touched:
        marks = lake.session.createDataFrame(
            sorted({(entry.file_sha256, entry.line) for entry in resolved}), "marked_file string, marked_line bigint"
        )
        same_line = (F.col("file_sha256") == F.col("marked_file")) & (F.col("line") == F.col("marked_line"))
        marked = F.when(F.col("marked_line").isNotNull(), F.lit(ingestion_id)).otherwise(F.col("resolved_by"))
        present = lake.read(QUARANTINE).where(F.col("file_sha256").isin(sorted(touched)))
        known = present.join(F.broadcast(marks), on=same_line, how="left").withColumn("resolved_by", marked)
        rows = rows.unionByName(known.select(*(name for name, _ in QUARANTINE.columns)))
    n_known = sum(entry.file_sha256 in touched for entry in entries)
    fingerprints = ", ".join(f"'{sha256}'" for sha256 in sorted(ours | touched))
    lake.replace_where(QUARANTINE, rows, f"file_sha256 IN ({fingerprints})", n_rows + n_known, {"ingestion_id": ingestion_id})


def _merge(lake: Lake, staged: StagedFiles, duplicates: Sequence[Duplicate], ingestion_id: str) -> dict[str, int]:
    """Merge month by month; the keys that each month gained, by this replay or by one that died before its marker."""
    from pyspark.sql import functions as F

    marked: dict[str, set[str]] = {}
    for row in read_ingestions(lake):
        marked.setdefault(row.month, set()).add(row.ingestion_id)
    inserted: dict[str, int] = {}
    for month, places in staged.places(staged.kept(duplicates)).items():
        corrected = lake.read_staged(RECORD_SCHEMA, *places).withColumn(PARTITION, F.lit(month.snapshot))
        unfinished = inserted_by_unfinished(lake, month, marked.get(str(month), set()))
        inserted[str(month)] = unfinished + merge_month(lake, corrected, month, ingestion_id=ingestion_id)
        log.info("customers: %s merged, %s rows more", month, inserted[str(month)])
    return inserted
