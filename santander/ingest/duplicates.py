"""Records that repeat a key. The first by (file order on the command line, line number) stays."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from santander.errors import InputError
from santander.month_files import MonthFile, below
from santander.storage import Place, open_read
from santander.tables import CUSTOMERS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

REASON = "duplicate_key"


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A record whose key an earlier line of the ingest already has."""

    file_index: int
    line: int
    month: str
    customer_id: int
    bad_values: int
    """How many of its values would have gone to quarantine had it been the first."""


class TooManyDuplicates(InputError):
    """More keys repeat than any quarantine may hold, as when a file is delivered twice in one; nothing was replaced."""


def repeats_a_key(files: Sequence[MonthFile], folder: Place) -> bool:
    """Whether a customer stands twice in a month of these files of customers; it reads their keys, month by month."""
    key = CUSTOMERS.key[0]
    by_month: dict[str, list[MonthFile]] = {}
    for file in files:
        by_month.setdefault(file.month, []).append(file)
    for of_month in by_month.values():
        columns = []
        for file in of_month:
            with open_read(below(folder, file.name)) as source:
                columns.append(pq.read_table(source, columns=[key]).column(key))
        keys = np.sort(pa.chunked_array([chunk for column in columns for chunk in column.chunks]).to_numpy())
        if (keys[1:] == keys[:-1]).any():
            return True
    return False


def find_duplicates(staged: "DataFrame", at_most: float) -> list[Duplicate]:
    """All records of the staged lines that are not the first of their key, in order.

    Two passes: nearly always no key repeats, and counting keys is quicker than ranking rows. The second collects to the
    driver, so more than ``at_most`` surplus records raise TooManyDuplicates before it.
    """
    from pyspark.sql import functions as F

    records = staged.where("row_reason IS NULL")
    keys = records.groupBy("snapshot_date", "customer_id").count().where("count > 1")
    n_surplus = keys.agg(F.sum(F.col("count") - 1)).collect()[0][0] or 0
    if not n_surplus:
        return []
    if n_surplus > at_most:
        raise TooManyDuplicates(f"{n_surplus:,} records repeat the key of another (reason {REASON}): nothing was replaced")
    repeated = keys.select(F.col("snapshot_date").alias("key_date"), F.col("customer_id").alias("key_customer"))
    same_key = (F.col("snapshot_date") == F.col("key_date")) & (F.col("customer_id") == F.col("key_customer"))
    lines = (
        records.join(repeated, on=same_key, how="inner")
        .select(
            "customer_id",
            "file_index",
            "line",
            F.date_format("snapshot_date", "yyyy-MM").alias("month"),
            F.when(F.col("bad_values").isNull(), 0).otherwise(F.size("bad_values")).alias("bad_values"),
        )
        .toArrow()
        .sort_by([("month", "ascending"), ("customer_id", "ascending"), ("file_index", "ascending"), ("line", "ascending")])
    )
    surplus: list[Duplicate] = []
    first_of: tuple[str, int] | None = None
    for row in lines.to_pylist():
        key = (row["month"], row["customer_id"])
        if key == first_of:
            surplus.append(Duplicate(row["file_index"], row["line"], *key, row["bad_values"]))
        first_of = key
    return sorted(surplus, key=lambda duplicate: (duplicate.file_index, duplicate.line))
