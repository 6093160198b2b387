"""Where the lines of one ingest or replay are staged, and what of them goes into customers.

An ingest stages records as files of ``customers``, which the commit names where they lie, and beside them what is said of each
line; a replay, whose records are merged into rows there are, stages its few lines as rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from santander.engine.memory.footprint import INGEST
from santander.ingest.cleaning import LINE_SCHEMA
from santander.ingest.duplicates import Duplicate
from santander.ingest.erased_lines import without_erased
from santander.ingest.landing import LandingFile
from santander.ingest.reading import LINES, line_texts, read_landing_files, write_landing_files
from santander.ingest.taking_out import without_lines
from santander.lake.lake import Lake
from santander.lake.month_files import MonthFile
from santander.storage.places import Place
from santander.suppression import ERASED
from santander.suppression.suppression_list import suppression_list

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from santander.config.settings import Settings


def stage_lines(settings: "Settings", lake: Lake, files: Sequence[LandingFile], folder: Place) -> "DataFrame":
    """Every line of the files, cleaned, written once and read from there: STAGED_SCHEMA, rows of erased customers bare."""
    erased = suppression_list(settings, lake)  # without its key nothing is read
    lines = read_landing_files(lake.session, files, _tasks(settings, lake), settings.ingest.null_spellings)
    return without_erased(erased, lake.stage(lines, folder))


def _tasks(settings: "Settings", lake: Lake) -> int:
    """Return how many chunks are parsed at once: as many as set, or fewer where the memory budget does not hold them."""
    per_task = INGEST.per_row * settings.ingest.chunk_bytes
    return lake.budget.tasks(INGEST.fixed, per_task, settings.ingest.tasks or lake.cores())


@dataclass(frozen=True)
class StagedFiles:
    """What an ingest wrote: ``lines`` has a row of LINE_SCHEMA for each line, ``records`` are files of customers."""

    lines: "DataFrame"
    records: tuple[MonthFile, ...]
    folder: Place
    has_erased: bool
    """Whether ``lines`` says of some records that their customer was erased: they are still in the files."""

    def kept(self, duplicates: Sequence[Duplicate]) -> Sequence[MonthFile]:
        """The files without the records that do not go into customers; nearly always just the files."""
        gone = {(each.file_index, each.line) for each in duplicates}
        if self.has_erased:
            erased = self.lines.where(f"row_reason = '{ERASED}'").select("file_index", "line").toArrow()
            gone |= set(zip(*(column.to_pylist() for column in erased.columns), strict=True))
        return without_lines(self.lines.sparkSession, self.records, self.folder, gone) if gone else self.records


def stage_files(settings: "Settings", lake: Lake, files: Sequence[LandingFile], folder: Place) -> StagedFiles:
    """Every line of the files, cleaned and written once."""
    erased = suppression_list(settings, lake)  # without its key nothing is read
    records = write_landing_files(lake.session, files, _tasks(settings, lake), folder, settings.ingest.null_spellings)
    said = lake.read_staged(folder / LINES, LINE_SCHEMA)
    lines = without_erased(erased, said)
    return StagedFiles(lines, tuple(records), folder, has_erased=lines is not said)


def kept_records(staged: "DataFrame", duplicates: Sequence[Duplicate]) -> "DataFrame":
    """The staged records that go into customers: whole, and the first of their key."""
    from pyspark.sql import functions as F

    whole = staged.where("row_reason IS NULL")
    if not duplicates:
        return whole
    surplus = staged.sparkSession.createDataFrame(
        [(d.file_index, d.line) for d in duplicates], "surplus_file int, surplus_line bigint"
    )
    same_line = (F.col("file_index") == F.col("surplus_file")) & (F.col("line") == F.col("surplus_line"))
    return whole.join(F.broadcast(surplus), on=same_line, how="left_anti")


def with_texts(files: Sequence[LandingFile], duplicates: Sequence[Duplicate]) -> list[tuple[Duplicate, str]]:
    """Return each duplicate with its line as delivered, which the staged rows do not hold."""
    found: list[tuple[Duplicate, str]] = []
    for index, file in enumerate(files):
        inside = [duplicate for duplicate in duplicates if duplicate.file_index == index]
        texts = line_texts(file, [duplicate.line for duplicate in inside])
        found += [(duplicate, texts[duplicate.line]) for duplicate in inside]
    return found
