"""Rows of certain customers in a table: counted and deleted through deltalake, without an engine."""

from typing import TYPE_CHECKING

from santander.lake.lake import Lake
from santander.schema.catalogue import CUSTOMERS, Table

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Ids = npt.NDArray[np.int64]


def count_rows(lake: Lake, table: Table, ids: "Ids") -> int:
    """Rows of these customers in the table as it is."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not lake.exists(table):
        return 0
    wanted = pc.field("customer_id").isin(pa.array(ids))
    return int(lake.delta(table).to_pyarrow_dataset().count_rows(filter=wanted))


def delete_rows(lake: Lake, table: Table, ids: "Ids") -> int:
    """Delete the rows of these customers and return how many; months that lost rows count as changed."""
    if present := count_rows(lake, table, ids):
        lake.delete_rows(table, f"customer_id IN ({', '.join(map(str, ids.tolist()))})", present)
    return present


def known_customers(lake: Lake, ids: "Ids") -> int:
    """Return how many of these have a row in ``customers``, of whatever month."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not lake.exists(CUSTOMERS):
        return 0
    theirs = pc.field("customer_id").isin(pa.array(ids))
    found = lake.delta(CUSTOMERS).to_pyarrow_dataset().to_table(columns=["customer_id"], filter=theirs)
    return len(pc.unique(found["customer_id"]))
