"""Records that repeat a key. The first by (file order on the command line, line number) stays."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from santander.errors import InputError
from santander.ingest.bad_values import is_undamaged, number_of_bad_values
from santander.ingest.keys import sorted_keys
from santander.lake.month_files import MonthFile, below
from santander.schema.months import Month
from santander.storage.places import Place

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

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


def repeats_a_key(files: Sequence[MonthFile], folder: Place) -> bool:
    """Whether a customer stands twice in a month of these files of customers; it reads their keys, month by month."""
    by_month: dict[str, list[Place]] = {}
    for file in files:
        by_month.setdefault(file.month, []).append(below(folder, file.name))
    for of_month in by_month.values():
        keys = sorted_keys(of_month)
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
        first = _surplus(staged, keys.orderBy("snapshot_date", "customer_id").limit(FIRST_KEYS))
        raise TooManyDuplicates(
            f"{n_surplus:,} records repeat the key of another, such as customer {first[0].customer_id} in {first[0].month} "
            f"(reason {REASON}), nothing was taken in",
            f"'santander quarantine --refused' lists them; leave out the file that repeats them, or let more rows go to "
            f"quarantine by {LIMIT_SETTING}",
            first,
            Month.parse(first[0].month),
        )
    return in_order(_surplus(staged, keys))


def _surplus(staged: "DataFrame", keys: "DataFrame") -> list[Duplicate]:
    """The records of these keys (snapshot_date, customer_id) that are not the first of their key, by key."""
    from pyspark.sql import functions as F

    repeated = keys.select(F.col("snapshot_date").alias("key_date"), F.col("customer_id").alias("key_customer"))
    surplus: list[Duplicate] = []
    first_of: tuple[str, int] | None = None
    for record in _records_with(staged, repeated):
        key = (record.month, record.customer_id)
        if key == first_of:
            surplus.append(record)
        first_of = key
    return surplus


def records_with(staged: "DataFrame", keys: Mapping[Month, Iterable[int]]) -> list[Duplicate]:
    """All records of the staged lines that have one of these few keys, in order."""
    pairs = [(month.snapshot, int(customer)) for month, customers in keys.items() for customer in customers]
    if not pairs:
        return []
    repeated = staged.sparkSession.createDataFrame(pairs, "key_date date, key_customer bigint")
    return in_order(_records_with(staged, repeated))


def in_order(records: Iterable[Duplicate]) -> list[Duplicate]:
    """Return the lines by file and number, each once."""
    return sorted(set(records), key=lambda record: (record.file_index, record.line))


def _records_with(staged: "DataFrame", keys: "DataFrame") -> list[Duplicate]:
    """The records that have one of the keys (key_date, key_customer), by key, then by file and line."""
    from pyspark.sql import functions as F

    same_key = (F.col("snapshot_date") == F.col("key_date")) & (F.col("customer_id") == F.col("key_customer"))
    lines = (
        staged.where("row_reason IS NULL")
        .join(keys, on=same_key, how="inner")
        .select(
            "customer_id",
            "file_index",
            "line",
            F.date_format("snapshot_date", "yyyy-MM").alias("month"),
            number_of_bad_values().alias("bad_values"),
            is_undamaged().alias("undamaged"),
        )
        .toArrow()
        .sort_by([("month", "ascending"), ("customer_id", "ascending"), ("file_index", "ascending"), ("line", "ascending")])
    )
    return [Duplicate(**row) for row in lines.to_pylist()]
