"""Rows of one customer from the files of a month, without an engine."""

from typing import TYPE_CHECKING

import numpy as np

from santander.schema.catalogue import Table
from santander.schema.months import Month
from santander.storage.places import open_read

if TYPE_CHECKING:
    import pyarrow as pa

    from santander.lake.lake import Lake


def rows_of(lake: "Lake", table: Table, month: Month, key: str, value: object) -> "pa.Table | None":
    """Return the rows of a month with this value in the column ``key``; None where there are none.

    That column is read first, and others only where it has the value: a month may have millions of rows.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    found = []
    for place in lake.files_by_month(table).get(month, []):
        with open_read(place) as source:
            file = pq.ParquetFile(source)
            for group in range(file.num_row_groups):
                ours = np.flatnonzero(file.read_row_group(group, [key])[key].to_numpy() == value)
                if ours.size:
                    rows = file.read_row_group(group)
                    found += [rows.slice(row, 1) for row in ours.tolist()]
    return pa.concat_tables(found) if found else None
