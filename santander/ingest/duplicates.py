"""Records that repeat a key. The first by (file order on the command line, line number) stays."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from santander.errors import InputError
from santander.ingest.contradictions import NO_DAMAGE
from santander.schema.catalogue import CUSTOMERS
from santander.schema.months import Month
from santander.storage.places import Place, open_read

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

Keys = npt.NDArray[np.int64]
"""Customer ids."""

REASON = "duplicate_key"
FIRST_KEYS = 1_000
"""Repeated keys of a refused file that are looked up: enough to see what repeats."""
LIMIT_SETTING = "SANTANDER_INGEST__MAX_QUARANTINE_SHARE"


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A record whose key an earlier line of the ingest already has."""

    file_index: int
    line: int
    month: str
    customer_id: int
    bad_values: int
    """How many of its values would have gone to quarantine had it been the first."""
    undamaged: bool = False
    """Whether the only one of them is no damage of the file."""


class TooManyDuplicates(InputError):
    """More keys repeat than any quarantine may hold, as when a file is delivered twice in one; nothing was replaced.

    ``first`` are some of the records that repeat a key, at least one.
    """

    def __init__(self, message: str, hint: str, first: Sequence[Duplicate], month: Month) -> None:
        example, line = str(first[0].customer_id), first[0].line
        super().__init__(message, month=month, column="ncodpers", example=example, line=line, hint=hint)
        self.first = first


def find_duplicates(lines: "DataFrame", files: Mapping[Month, Sequence[Place]], at_most: float) -> list[Duplicate]:
    """Return all records that are not the first of their key, in order, by the keys in these files of customers.

    Nearly always no key repeats, and reading keys is quicker than ranking rows. Raises TooManyDuplicates.
    """
    repeated = {month: _repeated_keys(places) for month, places in files.items()}
    n_surplus = sum(map(len, repeated.values()))
    if n_surplus <= at_most:
        return in_order(_surplus(records_with(lines, repeated)))
    first = _surplus(records_with(lines, {month: of_month[:FIRST_KEYS] for month, of_month in repeated.items()}))
    if not first:  # their customers are erased
        return []
    raise TooManyDuplicates(
        f"{n_surplus:,} records repeat the key of another, such as customer {first[0].customer_id} in {first[0].month} "
        f"(reason {REASON}), nothing was taken in",
        f"'santander quarantine --refused' lists them; leave out the file that repeats them, or let more rows go to "
        f"quarantine by {LIMIT_SETTING}",
        first,
        Month.parse(first[0].month),
    )


def _surplus(records: Sequence[Duplicate]) -> list[Duplicate]:
    """The records that are not the first of their key, by key, then by file and line."""
    by_key = sorted(records, key=lambda record: (record.month, record.customer_id, record.file_index, record.line))
    pairs = itertools.pairwise(by_key)
    return [each for before, each in pairs if (before.month, before.customer_id) == (each.month, each.customer_id)]


def in_order(records: Iterable[Duplicate]) -> list[Duplicate]:
    """Return the lines by file and number, each once."""
    return sorted(set(records), key=lambda record: (record.file_index, record.line))


def records_with(lines: "DataFrame", keys: Mapping[Month, Iterable[int]]) -> list[Duplicate]:
    """Return all records of the staged lines that have one of these few keys."""
    from pyspark.sql import functions as F

    pairs = [(month.snapshot, customer) for month, customers in keys.items() for customer in {int(each) for each in customers}]
    if not pairs:
        return []
    wanted = lines.sparkSession.createDataFrame(pairs, "key_date date, key_customer bigint")
    same_key = (F.col("snapshot_date") == F.col("key_date")) & (F.col("customer_id") == F.col("key_customer"))
    records = lines.where("row_reason IS NULL").join(wanted, on=same_key, how="inner")
    month, bad_values = F.date_format("snapshot_date", "yyyy-MM").alias("month"), number_of_bad_values().alias("bad_values")
    rows = records.select("customer_id", "file_index", "line", month, bad_values, is_undamaged().alias("undamaged"))
    return [Duplicate(**row) for row in rows.toArrow().to_pylist()]


def number_of_bad_values() -> "Column":
    """Return how many values of a line went to quarantine."""
    from pyspark.sql import functions as F

    return F.when(F.col("bad_values").isNull(), 0).otherwise(F.size("bad_values"))


def is_undamaged() -> "Column":
    """Return whether the only value of a line that went to quarantine is no damage of the file."""
    from pyspark.sql import functions as F

    reason = F.col("bad_values")[0]["reason"]
    return F.coalesce((number_of_bad_values() == 1) & reason.isin(*NO_DAMAGE), F.lit(False))


def _sorted_keys(files: Iterable[Place]) -> Keys:
    """Return the customer ids of these files in order; an id occurs as often as there are rows with it."""
    columns: list[pa.ChunkedArray] = []
    for file in files:
        with open_read(file) as source:
            columns.append(pq.read_table(source, columns=[CUSTOMERS.key[0]]).column(CUSTOMERS.key[0]))
    chunks = [chunk for column in columns for chunk in column.chunks]
    return np.sort(pa.chunked_array(chunks, pa.int64()).to_numpy())


def _repeated_keys(files: Iterable[Place]) -> Keys:
    """Return the customer ids that occur more than once in these files, each once less than it occurs."""
    keys = _sorted_keys(files)
    repeated: Keys = keys[1:][keys[1:] == keys[:-1]]
    return repeated


def distinct_keys(files: Iterable[Place]) -> Keys:
    """Return the customer ids of these files in order, each once."""
    keys = _sorted_keys(files)
    return keys[np.append(True, keys[1:] != keys[:-1])] if len(keys) else keys
