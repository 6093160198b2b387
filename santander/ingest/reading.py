"""The one door that reads landing files into a DataFrame: file and line number are given here."""

import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from santander.ingest.cleaning import STAGED_SCHEMA, clean
from santander.ingest.landing import Chunk, LandingFile, LandingFileRefused, read_chunk
from santander.ingest.parsing import ParsedChunk, parse

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


def read_landing_files(session: "SparkSession", files: Sequence[LandingFile], tasks: int) -> "DataFrame":
    """Every line of the files as a row of STAGED_SCHEMA, parsed and cleaned chunk by chunk in ``tasks`` parallel tasks."""
    from pyspark.sql.pandas.types import from_arrow_schema

    work = [(index, file, chunk) for index, file in enumerate(files) for chunk in file.chunks]
    positions = session.range(0, len(work), 1, numPartitions=min(tasks, len(work)))
    return positions.mapInArrow(_cleaner(work), from_arrow_schema(STAGED_SCHEMA))


def _cleaner(
    work: Sequence[tuple[int, LandingFile, Chunk]],
) -> Callable[[Iterable[pa.RecordBatch]], Iterable[pa.RecordBatch]]:
    def clean_chunks(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for position in batch.column(0).to_pylist():
                index, file, chunk = work[position]
                parsed = parse(read_chunk_on_worker(file, chunk), chunk.n_lines, file.n_fields)
                yield clean(_landing_columns(parsed, file), chunk.first_line, index, file.n_leading)

    return clean_chunks


def _landing_columns(parsed: ParsedChunk, file: LandingFile) -> ParsedChunk:
    """The chunk with the columns of a landing file alone; the quarantine id of a correction goes beside them."""
    if file.n_fields == file.n_columns:
        return parsed
    texts = parsed.texts[file.n_leading : file.n_leading + file.n_columns]
    if not file.n_leading:
        return replace(parsed, texts=texts)
    ids = pc.utf8_trim_whitespace(parsed.texts[0].cast(pa.string()))
    return replace(parsed, texts=texts, corrections=pc.if_else(pc.equal(ids, ""), None, ids))


def read_chunk_on_worker(file: LandingFile, chunk: Chunk) -> bytes:
    """The chunk's bytes on the machine of this task, which may be another one than the driver's."""
    try:
        return read_chunk(file.path, chunk)
    except FileNotFoundError:
        remedy = "put it into a folder that all workers have under one name, or into a bucket (s3a://)"
        raise LandingFileRefused(file.path, f"the worker {socket.gethostname()} has no such file: {remedy}") from None


def line_texts(file: LandingFile, numbers: Sequence[int]) -> dict[int, str]:
    """The texts of some lines of a file by line number, for the few records found to be duplicates."""
    wanted = sorted(numbers)
    texts: dict[int, str] = {}
    for chunk in file.chunks:
        inside = [n for n in wanted if chunk.first_line <= n < chunk.first_line + chunk.n_lines]
        if inside:
            lines = read_chunk(file.path, chunk).split(b"\n")
            texts |= {n: lines[n - chunk.first_line].decode().rstrip("\r") for n in inside}
    return texts
