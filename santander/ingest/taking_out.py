"""Records taken out of files of ``customers`` that wait to be committed: later ones of a key, and those of erased customers.

Which they are is known only when all lines have been seen, and seldom there are any: then the files they are in are written anew.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from santander.ingest.reading import RECORDS, lines_file
from santander.lake.month_file_writer import MonthFileWriter
from santander.lake.month_files import MonthFile, below
from santander.lake.tasks import write_in_tasks
from santander.schema.catalogue import CUSTOMERS, PARTITION
from santander.schema.months import Month
from santander.storage.places import Place, open_read

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def without_lines(
    session: "SparkSession", files: Sequence[MonthFile], folder: Place, gone: Collection[tuple[int, int]]
) -> list[MonthFile]:
    """The files of ``write_landing_files`` less the records of these lines, each (file_index, line)."""
    keys = _as_keys(np.array(sorted(gone), np.int64))
    by_part: dict[str, list[MonthFile]] = {}
    for file in files:
        by_part.setdefault(file.part, []).append(file)

    def rewrite(work: Iterator[Sequence[MonthFile]]) -> list[MonthFile]:
        return [file for own in work for file in _of_task(own, folder, keys)]

    return write_in_tasks(session, list(by_part.values()), len(by_part), rewrite)


def _of_task(files: Sequence[MonthFile], folder: Place, gone: npt.NDArray[np.int64]) -> Iterator[MonthFile]:
    """The files of one task; those that hold none of the lines stay as they are."""
    with open_read(lines_file(folder, files[0].part)) as source:
        lines = pq.read_table(source, columns=[PARTITION, "file_index", "line", "row_reason"])
    lines = lines.filter(pc.is_null(lines["row_reason"]))
    places = np.column_stack([lines["file_index"].to_numpy(), lines["line"].to_numpy()])
    stays = ~np.isin(_as_keys(places), gone)
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
