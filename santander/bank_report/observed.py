"""What the written files of a bank show, counted from their text month by month."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
from numpy.typing import NDArray

from santander.bank_report.figures import LAST, Counts
from santander.schema.columns import COLUMNS
from santander.schema.months import Month
from santander.schema.products import N_PRODUCTS, PRODUCTS
from santander.synthetic.spec import TEST, TRAIN

_BLOCK_BYTES = 1 << 24
_PROFILE = [column for column in COLUMNS[2:] if column.source not in {product.source for product in PRODUCTS}]


def observed_counts(folder: Path) -> Counts:
    """Count the files of ``folder`` into the groups of ``expected_counts``."""
    rows: Counter[str] = Counter()
    missing: Counter[str] = Counter()
    buyers, additions = Counter[str](), Counter[str]()
    added_total, ones = np.zeros(N_PRODUCTS, np.int64), np.zeros(N_PRODUCTS, np.int64)
    before: tuple[Month, NDArray[np.int64], NDArray[np.int32]] | None = None
    for month, table in months_of(folder / TRAIN):
        rows[str(month)] = table.num_rows
        missing.update(_missing(table))
        customer, held = customers_and_holdings(table)
        ones += _per_product(held)
        if before is not None and before[0] + 1 == month:
            added = additions_between(before[1], before[2], customer, held)
            buyers[str(month)] = int(np.count_nonzero(added))
            additions[str(month)] = int(np.bitwise_count(added).sum())
            added_total += _per_product(added)
        before = month, customer, held
    present = {name: rows.total() - missing[name] for name in ("last_primary_on", "is_employee_spouse")}
    rows[str(LAST)] = sum(table.num_rows for _, table in months_of(folder / TEST))
    return {
        "rows": rows,
        "buyers": buyers,
        "additions by month": additions,
        "additions by product": {product.name: int(added_total[product.bit]) for product in PRODUCTS},
        "ownership": {product.name: int(ones[product.bit]) for product in PRODUCTS},
        "missing": missing,
        "present": present,
    }


def months_of(path: Path) -> Iterator[tuple[Month, pa.Table]]:
    """The rows of a raw file by month, as texts in dictionaries under our column names; months must be in order."""
    names = [column.name for column in COLUMNS]
    with path.open("rb") as file:
        width = file.readline().count(b",") + 1
    reader = pa_csv.open_csv(
        path,
        read_options=pa_csv.ReadOptions(column_names=names[:width], skip_rows=1, block_size=_BLOCK_BYTES),
        convert_options=pa_csv.ConvertOptions(
            column_types={name: pa.dictionary(pa.int32(), pa.string()) for name in names[:width]} | {names[1]: pa.int64()}
        ),
    )
    month: Month | None = None
    parts: list[pa.Table] = []
    for batch in reader:
        for date in pc.unique(batch[0]).to_pylist():
            if month is not None and Month.parse(date[:7]) != month:
                yield month, pa.concat_tables(parts)
                parts = []
            month = Month.parse(date[:7])
            parts.append(pa.Table.from_batches([batch.filter(pc.equal(batch[0], date))]))
    if month is not None:
        yield month, pa.concat_tables(parts)


def customers_and_holdings(table: pa.Table) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Customers of a month in ascending order and their holdings as bitmasks; an unknown flag counts as 0."""
    held = np.zeros(table.num_rows, np.int32)
    for product in PRODUCTS:
        flags = _by_text(table[product.name], lambda text: text.strip() == "1")
        held |= flags.astype(np.int32) << product.bit
    customer = table["customer_id"].to_numpy()
    order = np.argsort(customer)
    return customer[order], held[order]


def additions_between(
    before: NDArray[np.int64], held_before: NDArray[np.int32], now: NDArray[np.int64], held_now: NDArray[np.int32]
) -> NDArray[np.int32]:
    """Products added, as bitmasks, by the customers of ``now``; 0 for who has no row in ``before``. Both are sorted."""
    place = np.minimum(np.searchsorted(before, now), before.size - 1)
    return np.where(before[place] == now, held_now & ~held_before[place], 0)


def _missing(table: pa.Table) -> dict[str, int]:
    """Rows without a value by column: an empty text or ``NA``, which is a country (Namibia) only where it is one."""
    names = [column.name for column in _PROFILE] + ["payroll", "pension_deposit"]
    return {name: int(_by_text(table[name], lambda text: text.strip() in ("", "NA")).sum()) for name in names}


def _by_text(column: pa.ChunkedArray, holds: object) -> NDArray[np.bool_]:
    """Apply a test to the distinct texts of a column and spread its answers over the rows."""
    answers = [
        np.array([holds(text) for text in chunk.dictionary.to_pylist()], np.bool_)[chunk.indices.to_numpy()]  # type: ignore[operator]
        for chunk in column.chunks
    ]
    return np.concatenate(answers)


def _per_product(masks: NDArray[np.int32]) -> NDArray[np.int64]:
    return np.array([np.count_nonzero(masks & product.mask) for product in PRODUCTS])
