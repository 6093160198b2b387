"""Persons out of a Delta table: their rows, the files of earlier versions, and the log, which names them too.

An entry of the log holds the least and the greatest value of each column of a file, and that of a delete its predicate. So a
table from which a person went begins anew at a checkpoint, and no earlier version of it can be read any more.
"""

import logging
from typing import TYPE_CHECKING

from santander.lake.log_entries import drop_entries_before
from santander.lake.out_of_use import delete_out_of_use
from santander.schema.catalogue import Table
from santander.suppression.tokens import Numbers

if TYPE_CHECKING:
    from santander.config.settings import Settings
    from santander.lake.lake import Lake

log = logging.getLogger(__name__)


def count_rows(lake: "Lake", table: Table, ids: Numbers) -> int:
    """Rows of these persons in the table as it is."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not lake.exists(table):
        return 0
    wanted = pc.field("customer_id").isin(pa.array(ids))
    return int(lake.delta(table).to_pyarrow_dataset().count_rows(filter=wanted))


def delete_rows(lake: "Lake", table: Table, ids: Numbers) -> int:
    """Delete the rows of these persons and return how many.

    Months that lost rows count as changed: medians of incomes in the features of others may have rested on them.
    """
    if present := count_rows(lake, table, ids):
        lake.delete_rows(table, f"customer_id IN ({', '.join(map(str, ids.tolist()))})", present)
    return present


def leave_no_trace(settings: "Settings", lake: "Lake", table: Table) -> int:
    """Delete every file but those of the latest version, orphans too, and all entries of the log before it.

    Returns how many data files went. The retention is zero by intent: what it would keep is what has to go.
    """
    with lake.lock(table.name):
        delta = lake.writable(table)
        deleted = delete_out_of_use(delta, lake.place / table.name, retention_hours=0)
        delta = lake.delta(table)
        delta.alter.set_table_description(table.row)  # an entry of its own, so that the delete's own entry can go
        delta = lake.delta(table)
        delta.create_checkpoint()
        drop_entries_before(settings.data / "lake" / table.name / "_delta_log", delta.version())
    log.info("%s: %s files of earlier versions deleted", table.name, len(deleted))
    return len(deleted)
