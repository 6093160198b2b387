"""How much was added in each month, and how many customers count in it, by files of the tables and without an engine."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from santander.lake.column_nulls import nulls_by_month
from santander.lake.lake import Lake
from santander.schema.added import MonthAdded
from santander.schema.catalogue import ADDITIONS, CUSTOMERS, FEATURES_TABLE, STEP_RUNS, Table
from santander.schema.months import Month
from santander.schema.products import PRODUCT_NAMES
from santander.storage.places import Place, open_read

if TYPE_CHECKING:
    import pyarrow as pa

_NOW, _BEFORE = "holdings", "holdings_lag_1"


def known_additions(lake: Lake) -> dict[Month, MonthAdded]:
    """Return what was added in each month whose additions were made and in which somebody counts.

    Where products of some customers only are known in both months, who counts in both is not counted but expected.
    """
    files = lake.files_by_month(ADDITIONS)
    made = {*files, *(Month.parse(row["month"]) for row in lake.rows(STEP_RUNS) if row["step"] == ADDITIONS.name)}
    now, before, rows = _known(lake, CUSTOMERS, _NOW), customers_with_products_before(lake), lake.rows_by_month(CUSTOMERS)
    counted = {month: now[month] * before[month] // rows[month] for month in now if month in before and month in made}
    return {month: MonthAdded(n, _by_product(files.get(month, ()))) for month, n in counted.items() if n}


def customers_with_products_before(lake: Lake) -> dict[Month, int]:
    """Return how many customers of each month had known products in the month before: those whose additions can be counted."""
    return _known(lake, FEATURES_TABLE, _BEFORE)


def _known(lake: Lake, table: Table, column: str) -> dict[Month, int]:
    """Rows of each month in which the column is not null; where the files do not say how many, they are read."""
    found = {}
    for month, of_month in nulls_by_month(lake, table, [column]).items():
        nulls = of_month.nulls[column]
        if nulls is None:
            nulls = sum(values.null_count for values in _read(lake.files_by_month(table)[month], column))
        found[month] = of_month.rows - nulls
    return found


def _by_product(files: Iterable[Place]) -> tuple[int, ...]:
    counts: Counter[str] = Counter()
    for products in _read(files, "product"):
        counts.update({pair["values"]: pair["counts"] for pair in products.value_counts().to_pylist()})
    return tuple(counts[name] for name in PRODUCT_NAMES)


def _read(files: Iterable[Place], column: str) -> "Iterator[pa.ChunkedArray]":
    import pyarrow.parquet as pq

    for place in files:
        with open_read(place) as source:
            yield pq.ParquetFile(source).read([column])[column]  # read_table would import pyarrow.dataset
