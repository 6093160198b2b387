"""Where the lines of one ingest or replay are staged, and what of them goes into customers."""

import datetime as dt
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from santander.erasure.reingest import without_erased
from santander.erasure.suppression import suppression_list
from santander.ingest.duplicates import Duplicate
from santander.ingest.landing import LandingFile
from santander.ingest.reading import line_texts, read_landing_files
from santander.lake import Lake
from santander.storage import Place, names_in, remove_tree

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from santander.settings import Settings

_ID_TIME = "%Y%m%dT%H%M%S"


def new_ingestion_id() -> str:
    """An id that no other ingestion has; it begins with the time, in UTC."""
    return f"{dt.datetime.now(dt.UTC):{_ID_TIME}}-{uuid.uuid4().hex[:8]}"


@contextmanager
def staging(settings: "Settings", lake: Lake, ingestion_id: str) -> Iterator[Place]:
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


def stage_lines(settings: "Settings", lake: Lake, files: Sequence[LandingFile], folder: Place) -> "DataFrame":
    """Every line of the files, cleaned, written once and read from there: STAGED_SCHEMA, rows of erased customers bare."""
    erased = suppression_list(settings, lake)  # without its key nothing is read
    return without_erased(erased, lake.stage(read_landing_files(lake.session, files, settings.ingest.tasks), folder))


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
    """Each duplicate with its line as delivered, which the staged rows do not hold."""
    found: list[tuple[Duplicate, str]] = []
    for index, file in enumerate(files):
        inside = [duplicate for duplicate in duplicates if duplicate.file_index == index]
        texts = line_texts(file, [duplicate.line for duplicate in inside])
        found += [(duplicate, texts[duplicate.line]) for duplicate in inside]
    return found
