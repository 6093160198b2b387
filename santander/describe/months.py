"""A month of a table to counts of its columns, one column of the whole month at a time."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from santander.describe.columns import COLUMNS, OVERLAP
from santander.describe.counts import Counts, count_bits, count_changes, count_values
from santander.describe.slices import Cells, cells_of
from santander.describe.values import Kind, prints, read_values
from santander.features.month_before import Ids, index_of
from santander.lake.stored_month import StoredMonth
from santander.schema.catalogue import CUSTOMERS, Table
from santander.schema.months import Month
from santander.schema.products import PRODUCT_NAMES

Masks = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class MonthToDescribe:
    """Where the rows are that a month of a table is described from; tasks are sent it."""

    month: Month
    rows: StoredMonth
    customers: StoredMonth
    before: StoredMonth | None
    """The month before of the same table, where it is compared with it."""

    @property
    def table(self) -> Table:
        """The table that is described."""
        return self.rows.table


class Description:
    """Counts the columns of one month of one table; threads may ask for several at once."""

    def __init__(self, work: MonthToDescribe) -> None:
        self._work = work

    def counts(self, column: str) -> Counts:
        """Return the counts of one of the columns that are described of the table."""
        if column == OVERLAP:
            return self._overlap()
        kind = COLUMNS[self._work.table][column]
        read = self._work.rows.column(column)
        counts = count_bits(read, self._cells) if kind is Kind.MASK else count_values(kind, read_values(read, kind), self._cells)
        if self._work.table != CUSTOMERS or self._work.before is None:
            return counts
        before = self._before.take(prints(self._work.before.column(column), kind), 0)
        compared, changed = count_changes(prints(read, kind), before, self._cells)
        return replace(counts, compared=compared, changed=changed)

    @cached_property
    def _of_customers(self) -> Cells:
        """The cell of each customer of the month."""
        return cells_of(self._work.customers)

    @cached_property
    def _cells(self) -> Cells:
        """The cell of each row of the table: that of its customer."""
        if self._work.table == CUSTOMERS:
            return self._of_customers
        return _Beside(_ids(self._work.customers), _ids(self._work.rows)).take(self._of_customers, 0)

    @cached_property
    def _before(self) -> "_Beside":
        assert self._work.before is not None  # noqa: S101  (asked for with a month before only)
        return _Beside(_ids(self._work.before), _ids(self._work.rows))

    def _overlap(self) -> Counts:
        """Count how many products each list shares with that of the month before; null where there was none."""
        ids = _ids(self._work.customers)
        now = _lists(self._work.rows, ids)
        before = np.zeros_like(now) if self._work.before is None else _lists(self._work.before, ids)
        shared = pa.array(np.bitwise_count(now & before), mask=before == 0)
        listed = now != 0
        values = read_values(shared.filter(pa.array(listed)), Kind.NUMBER)
        return count_values(Kind.NUMBER, values, self._of_customers[listed])


class _Beside:
    """Finds for each of some rows the value of the row of the same customer elsewhere."""

    def __init__(self, there: Ids, ids: Ids) -> None:
        index = index_of([pa.table({"customer_id": there})])
        self._there, self._here = index.places(there), index.places(ids)

    def take(self, values: npt.NDArray[Any], missing: int) -> npt.NDArray[Any]:
        """Return the values, which are in the order of the rows elsewhere, in that of these rows."""
        found = np.full(len(self._there) + 1, missing, values.dtype)
        found[self._there] = values
        return found[self._here]


def _ids(rows: StoredMonth) -> Ids:
    return np.asarray(rows.column("customer_id").to_numpy())


def _lists(recommendations: StoredMonth, customers: Ids) -> Masks:
    """Return the products of each customer's list as a mask, 0 without a list."""
    index = index_of([pa.table({"customer_id": customers})])
    products = recommendations.column("product")
    bits = np.array([1 << PRODUCT_NAMES.index(name) for name in products.dictionary.to_pylist()], np.float64)
    places = index.places(_ids(recommendations))
    masks = np.bincount(places, bits[products.indices.to_numpy()], minlength=len(customers) + 1)
    return masks.astype(np.int64)[index.places(customers)]
