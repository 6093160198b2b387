"""Submission files of two data folders: equal when their bytes are."""

import dataclasses
import io
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.csv as pa_csv

from santander.compare.rows import RowsDifference, compare_rows
from santander.schema.months import Month
from santander.scoring.submission import HEADER
from santander.storage.places import Place, names_in, open_read

if TYPE_CHECKING:
    from santander.config.settings import Settings

_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


def submission_files(settings: "Settings") -> dict[Month, Place]:
    """The submission files of a data folder by month; a file of another name than ``<month>.csv`` is not ours."""
    folder = settings.data / "submissions"
    files = {name.removesuffix(".csv"): folder / name for name in names_in(folder) if name.endswith(".csv")}
    return {Month.parse(name): file for name, file in files.items() if _MONTH.fullmatch(name)}


def compare_submissions(files: Sequence[Place | None]) -> RowsDifference:
    """Return how two files differ, by customer; files that list the same in other bytes differ too. None: there is no file."""
    here, there = (_content(file) for file in files)
    difference = compare_rows(_lists(here), _lists(there), key=[HEADER[0]])
    if difference.equal and here != there:
        return dataclasses.replace(difference, structure=["the same lists in other bytes, such as another order of lines"])
    return difference


def _lists(content: bytes | None) -> pa.Table:
    columns = dict(zip(HEADER, (pa.int64(), pa.string()), strict=True))
    if content is None:
        return pa.schema(columns.items()).empty_table()
    return pa_csv.read_csv(io.BytesIO(content), convert_options=pa_csv.ConvertOptions(column_types=columns))


def _content(file: Place | None) -> bytes | None:
    if file is None:
        return None
    with open_read(file) as source:
        return source.read()
