"""How often each value of a column occurs among the customers of a month, by cell."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from santander.describe.slices import N_CELLS, Cells
from santander.describe.values import Kind, Values
from santander.schema.products import N_PRODUCTS, PRODUCT_NAMES

Counted = npt.NDArray[np.int64]

_CELL_BITS = 8
_NULL_MASK = -1


@dataclass(frozen=True, slots=True)
class Counts:
    """The rows of a column by cell (N_CELLS): all, nulls, those of each value; a customer can hold several bits of a mask."""

    kind: Kind
    texts: Sequence[str]
    rows: Counted
    nulls: Counted
    values: Counted
    """N_CELLS x values."""
    compared: Counted | None = None
    """Customers who have a value here and in the month before; None where months are not compared."""
    changed: Counted | None = None
    """Those of them who have another one than before."""


def count_values(kind: Kind, values: Values, cells: Cells) -> Counts:
    """Count the values of rows that lie in these cells."""
    n = len(values.texts) + 1
    found = np.bincount(cells * np.int32(n) + values.codes, minlength=N_CELLS * n).reshape(N_CELLS, n)
    return Counts(kind, values.texts, found.sum(axis=1), found[:, 0], found[:, 1:])


def count_bits(masks: pa.Array, cells: Cells) -> Counts:
    """Count the products of masks of rows that lie in these cells."""
    known = masks.fill_null(_NULL_MASK).to_numpy(zero_copy_only=False).astype(np.int64)
    pairs = pa.array(known << _CELL_BITS | cells).value_counts()
    pair, n = (pairs.field(name).to_numpy(zero_copy_only=False) for name in ("values", "counts"))
    mask, cell = pair >> _CELL_BITS, pair & ((1 << _CELL_BITS) - 1)
    rows, nulls = np.zeros(N_CELLS, np.int64), np.zeros(N_CELLS, np.int64)
    np.add.at(rows, cell, n)
    np.add.at(nulls, cell[mask == _NULL_MASK], n[mask == _NULL_MASK])
    held = (mask[:, None] >> np.arange(N_PRODUCTS) & 1) * ((mask != _NULL_MASK) * n)[:, None]
    bits = np.zeros((N_CELLS, N_PRODUCTS), np.int64)
    np.add.at(bits, cell, held)
    return Counts(Kind.MASK, PRODUCT_NAMES, rows, nulls, bits)


def count_changes(now: npt.NDArray[np.uint32], before: npt.NDArray[np.uint32], cells: Cells) -> tuple[Counted, Counted]:
    """Return how many customers have a value in both months, and how many another one; 0 stands for none (``Values.prints``)."""
    both = (now != 0) & (before != 0)
    compared = np.bincount(cells[both], minlength=N_CELLS)
    return compared, np.bincount(cells[both & (now != before)], minlength=N_CELLS)
