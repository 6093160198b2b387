"""Lines of landing files, cleaned and written where they wait for the commit.

Records wait as files of ``customers``, which the commit names where they lie; beside them waits the outcome of each line.
Whether a record repeats a key, or its customer was erased, is known only when all lines have been seen. It is seldom so: then
the files that hold such records are written anew.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from santander.engine.memory.budget import INGEST
from santander.ingest.cleaning import LINE_SCHEMA
from santander.ingest.duplicates import Duplicate, find_duplicates
from santander.ingest.erased_lines import without_erased
from santander.ingest.landing import LandingFile
from santander.ingest.reading import LINES, RECORDS, lines_file, write_landing_files
from santander.lake.lake import Lake
from santander.lake.month_file_writer import MonthFileWriter, write_in_tasks
from santander.lake.month_files import MonthFile, below
from santander.schema.catalogue import CUSTOMERS, PARTITION
from santander.schema.months import Month
from santander.storage.places import Place, open_read
from santander.suppression import ERASED
from santander.suppression.suppression_list import suppression_list

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from santander.config.settings import Settings


@dataclass(frozen=True)
class StagedFiles:
    """What is written of ``files``: ``lines`` has a row of LINE_SCHEMA for each line, ``records`` are files of customers."""

    files: tuple[LandingFile, ...]
    lines: "DataFrame"
    records: tuple[MonthFile, ...]
    folder: Place
    has_erased: bool
    """Whether the customers of some records were erased: ``lines`` names these records, which are still in the files."""

    @property
    def n_lines(self) -> int:
        """Lines of all files."""
        return sum(file.lines for file in self.files)

    def places(self, records: Iterable[MonthFile]) -> dict[Month, list[Place]]:
        """Return where these files of records lie, by month."""
        places: dict[Month, list[Place]] = {}
        for file in records:
            places.setdefault(Month.parse(file.month), []).append(below(self.folder / RECORDS, file.name))
        return dict(sorted(places.items()))

    def duplicates(self, at_most: float) -> list[Duplicate]:
        """Return the records that are not the first of their key in these files; raises TooManyDuplicates."""
        return find_duplicates(self.lines, self.places(self.records), at_most)

    def kept(self, duplicates: Sequence[Duplicate]) -> Sequence[MonthFile]:
        """Return the files without the records that do not go into customers; nearly always just the files."""
        removed = {(each.file_index, each.line) for each in duplicates}
        if self.has_erased:
            erased = self.lines.where(f"row_reason = '{ERASED}'").select("file_index", "line").toArrow()
            removed |= set(zip(*(column.to_pylist() for column in erased.columns), strict=True))
        return _without_lines(self.lines.sparkSession, self.records, self.folder, removed) if removed else self.records


def stage_files(settings: "Settings", lake: Lake, files: Sequence[LandingFile], folder: Place) -> StagedFiles:
    """Clean every line of the files and write it once."""
    erased = suppression_list(settings, lake)  # without its key nothing is read
    records = write_landing_files(lake.session, files, _tasks(settings, lake), folder, settings.ingest.null_spellings)
    written = lake.read_staged(LINE_SCHEMA, folder / LINES)
    lines = without_erased(erased, written)
    return StagedFiles(tuple(files), lines, tuple(records), folder, has_erased=lines is not written)


def _tasks(settings: "Settings", lake: Lake) -> int:
    """Return how many chunks are parsed at once: as many as set, or fewer where the memory budget does not hold them."""
    per_task = INGEST.per_row * settings.ingest.chunk_bytes
    return lake.budget.tasks(INGEST.fixed, per_task, settings.ingest.tasks or lake.cores())


def _without_lines(
    session: "SparkSession", files: Sequence[MonthFile], folder: Place, removed: Collection[tuple[int, int]]
) -> list[MonthFile]:
    """Return the files less the records of these lines, each (file_index, line); those that hold any are written anew."""
    keys = _as_keys(np.array(sorted(removed), np.int64))
    by_part: dict[str, list[MonthFile]] = {}
    for file in files:
        by_part.setdefault(file.part, []).append(file)

    def rewrite(work: Iterator[Sequence[MonthFile]]) -> list[MonthFile]:
        return [file for own in work for file in _of_task(own, folder, keys)]

    return write_in_tasks(session, list(by_part.values()), len(by_part), rewrite)


def _of_task(files: Sequence[MonthFile], folder: Place, removed: npt.NDArray[np.int64]) -> Iterator[MonthFile]:
    """The files of one task; those that hold none of the lines stay as they are."""
    with open_read(lines_file(folder, files[0].part)) as source:
        lines = pq.read_table(source, columns=[PARTITION, "file_index", "line", "row_reason"])
    lines = lines.filter(pc.is_null(lines["row_reason"]))
    places = np.column_stack([lines["file_index"].to_numpy(), lines["line"].to_numpy()])
    stays = ~np.isin(_as_keys(places), removed)
    with MonthFileWriter(CUSTOMERS, folder / RECORDS) as writer:
        for file in files:
            date = Month.parse(file.month).snapshot
            of_month = stays[pc.equal(lines[PARTITION], pa.scalar(date)).to_numpy()]
            if of_month.all():
                yield file
                continue
            with open_read(below(folder / RECORDS, file.name)) as source:
                records = pq.read_table(source)
            dates = pa.repeat(pa.scalar(date, pa.date32()), records.num_rows)
            kept = records.append_column(PARTITION, dates).filter(pa.array(of_month))
            for batch in kept.to_batches():
                writer.write(batch)
        yield from writer.finish()


def _as_keys(places: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """File and line as one number: no file has 2^40 lines."""
    return (places[:, 0].astype(np.int64) << 40) | places[:, 1]
