"""Slices of the customers of a month: all of them, the new, the active, each segment and each age band.

Each customer is in one cell, a slice is a set of cells: so a pass over the rows counts cells, and slices are sums of them.
"""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from santander.features.codes import segment_number
from santander.lake.stored_month import StoredMonth
from santander.models.groups import AGE_BANDS, N_GROUPS, SEGMENTS, SHAPE, groups_of

Cells = npt.NDArray[np.int32]

N_CELLS = 2 * N_GROUPS
"""The groups of popularity (age band, segment, activity), of customers who are new and of those who are not."""
ALL = "all"
_ACTIVE = 1


def cells_of(customers: StoredMonth) -> Cells:
    """Return the cell of each row of a month of ``customers``."""
    rows = pa.table(
        {
            "age": customers.column("age"),
            "segment": segment_number(customers.column("segment")),
            "is_active": customers.column("is_active"),
        }
    )
    is_new = customers.column("is_new").fill_null(False).to_numpy(zero_copy_only=False)
    return np.asarray(groups_of(rows) + N_GROUPS * is_new, np.int32)


def _slices() -> Mapping[str, npt.NDArray[np.intp]]:
    cells = np.arange(N_CELLS)
    band, segment, activity = np.unravel_index(cells % N_GROUPS, SHAPE)
    slices = {ALL: cells, "new": cells[cells >= N_GROUPS], "active": cells[activity == _ACTIVE]}
    slices |= {f"segment {name}": cells[segment == code] for code, name in enumerate(SEGMENTS)}
    return MappingProxyType(slices | {f"age {name}": cells[band == code] for code, name in enumerate(AGE_BANDS)})


SLICES = _slices()
"""The cells of each slice."""
