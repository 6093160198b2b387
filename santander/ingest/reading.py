"""The one place that reads the lines of landing files: each gets its file and line number here."""

import socket
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from santander.ingest.arrangement import Arrangement
from santander.ingest.cleaning import LINE_SCHEMA, clean, records_of
from santander.ingest.column_values import NUMBERS
from santander.ingest.file_kind import LandingFileRefused
from santander.ingest.landing import Chunk, LandingFile, read_chunk
from santander.ingest.parsing import KnownColumns, ParsedChunk, parse
from santander.lake.month_file_writer import MonthFileWriter, write_in_tasks
from santander.lake.month_files import MonthFile
from santander.schema.catalogue import CUSTOMERS
from santander.storage.places import Place, whole_file

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

RECORDS, LINES = "records", "lines"
"""Folders of what is written of landing files: files of customers, and the outcome of each line."""

_Work = tuple[int, LandingFile, Chunk]
"""A chunk, its file, and the number of the file among those that are ingested together."""


def write_landing_files(
    session: "SparkSession", files: Sequence[LandingFile], tasks: int, folder: Place, null_spellings: tuple[str, ...]
) -> list[MonthFile]:
    """Write records as files of ``customers`` to ``folder``/records, and a row of LINE_SCHEMA for each line to ``folder``/lines.

    A task takes a stretch of one chunk after another, so its files hold its lines in order. Of a task that an engine did
    twice only the files returned here count.
    """

    def write_chunks(work: Iterator[_Work]) -> list[MonthFile]:
        with MonthFileWriter(CUSTOMERS, folder / RECORDS) as records, whole_file(lines_file(folder, records.part)) as file:
            with pq.ParquetWriter(file, LINE_SCHEMA, use_dictionary=["row_reason", "row_month"], write_statistics=False) as out:
                for lines in _cleaned(work, null_spellings):
                    out.write_batch(lines.select(LINE_SCHEMA.names))
                    records.write(records_of(lines))
            return records.finish()

    return write_in_tasks(session, _work_on(files), tasks, write_chunks)


def _work_on(files: Sequence[LandingFile]) -> list[_Work]:
    return [(index, file, chunk) for index, file in enumerate(files) for chunk in file.chunks]


def lines_file(folder: Place, part: str) -> Place:
    """Return the place where task ``part`` of ``write_landing_files`` writes the outcome of its lines."""
    return folder / LINES / f"{part}.parquet"


def _cleaned(work: Iterable[_Work], null_spellings: tuple[str, ...]) -> Iterator[pa.RecordBatch]:
    known: dict[int, KnownColumns] = {}
    for index, file, chunk in work:
        data = read_chunk_on_worker(file, chunk)
        parsed = parse(data, chunk.n_lines, file.columns.n_fields, known.setdefault(index, _known(file)))
        yield clean(arranged(parsed, file.columns), chunk.first_line, index, null_spellings=null_spellings)


def _known(file: LandingFile) -> KnownColumns:
    places = file.columns.places
    return KnownColumns(frozenset(places[column] for column in NUMBERS if column < len(places)))


def arranged(parsed: ParsedChunk, columns: Arrangement) -> ParsedChunk:
    """Return the chunk with the columns of the rules, in their order; the quarantine id of a correction goes beside them."""
    texts = [parsed.texts[place] for place in columns.places]
    if not columns.has_id:
        return replace(parsed, texts=texts, columns=columns)
    ids = pc.utf8_trim_whitespace(parsed.texts[0].cast(pa.string()))
    return replace(parsed, texts=texts, columns=columns, corrections=pc.if_else(pc.equal(ids, ""), None, ids))


def read_chunk_on_worker(file: LandingFile, chunk: Chunk) -> bytes:
    """The chunk's bytes on the machine of this task, which may be another one than the driver's."""
    try:
        return read_chunk(file.path, chunk)
    except FileNotFoundError:
        remedy = "put it into a folder that all workers have under one name, or into a bucket (s3a://)"
        raise LandingFileRefused(file.path, f"the worker {socket.gethostname()} has no such file: {remedy}") from None


def line_texts(file: LandingFile, numbers: Sequence[int]) -> dict[int, str]:
    """Return the texts of some records of a file by line number, for the few that are found to be duplicates."""
    wanted = sorted(numbers)
    texts: dict[int, str] = {}
    for chunk in file.chunks:
        inside = [n for n in wanted if chunk.first_line <= n < chunk.first_line + chunk.n_lines]
        if inside:
            lines = read_chunk(file.path, chunk).split(b"\n")
            texts |= {n: file.columns.usual(lines[n - chunk.first_line].decode().rstrip("\r")) for n in inside}
    return texts
