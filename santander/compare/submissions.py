"""Submission files of two data folders: equal when their bytes are."""

import dataclasses
import io
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.csv as pa_csv

from santander.compare.rows import RowsDifference, compare_rows
from santander.errors import InputError
from santander.schema.months import Month
from santander.scoring.submission import HEADER
from santander.storage.places import names_in, open_read

if TYPE_CHECKING:
    from santander.config.settings import Settings


class SubmissionFolder:
    """The submission files of one data folder, one ``<month>.csv`` a month."""

    def __init__(self, settings: "Settings") -> None:
        self._folder = settings.data / "submissions"

    def months(self) -> list[Month]:
        """Months that have a file; a file of another name is not ours."""
        return sorted(month for name in names_in(self._folder) if (month := _month_of(name)))

    def content(self, month: Month) -> bytes | None:
        """The bytes of a month's file, None when there is none."""
        file = self._folder / f"{month}.csv"
        if not file.is_file():
            return None
        with open_read(file) as source:
            return source.read()


def compare_submissions(here: bytes | None, there: bytes | None) -> RowsDifference:
    """Return how two files differ, by customer; files that list the same in other bytes differ too."""
    difference = compare_rows(_lists(here), _lists(there), key=[HEADER[0]])
    if difference.equal and here != there:
        return dataclasses.replace(difference, structure=["the same lists in other bytes, such as another order of lines"])
    return difference


def _lists(content: bytes | None) -> pa.Table:
    columns = dict(zip(HEADER, (pa.int64(), pa.string()), strict=True))
    if content is None:
        return pa.schema(columns.items()).empty_table()
    return pa_csv.read_csv(io.BytesIO(content), convert_options=pa_csv.ConvertOptions(column_types=columns))


def _month_of(name: str) -> Month | None:
    try:
        return Month.parse(name.removesuffix(".csv")) if name.endswith(".csv") else None
    except InputError:
        return None
