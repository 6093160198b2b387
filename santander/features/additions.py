"""What customers added in a month: the rows of ``additions``, made from the files of the month and of the one before.

No feature: it knows the products of the month itself, so nothing that predicts them may read it.
"""

import numpy as np
import pyarrow as pa

from santander.features.month_before import MonthBefore, index_of
from santander.features.month_work import MonthPart
from santander.lake.month_file_writer import MonthFileWriter
from santander.lake.month_files import MonthFile
from santander.lake.stored_month import pieces
from santander.schema.catalogue import ADDITIONS
from santander.schema.months import Month
from santander.schema.products import PRODUCT_NAMES, PRODUCTS
from santander.schema.types import file_schema
from santander.storage.places import Place

_SCHEMA = file_schema(ADDITIONS.columns)
_MASKS = np.array([product.mask for product in PRODUCTS], np.int32)


def write_additions(part: MonthPart, folder: Place) -> list[MonthFile]:
    """Write the additions of a part of a month below ``folder``; where there are none, no file."""
    if not (groups := part.row_groups()):
        return []
    before = MonthBefore.read(part.work.before[1], is_last=False, of=index_of(pieces(groups, ("customer_id",))))
    with MonthFileWriter(ADDITIONS, folder) as writer:
        for rows in pieces(groups, ("customer_id", "holdings")):
            writer.write(_additions(rows, before, part.work.month))
        return writer.finish()


def _additions(rows: pa.Table, before: MonthBefore, month: Month) -> pa.RecordBatch:
    """Rows of ``additions`` for rows of ``customers``, by customer in the order of these, then by product."""
    customers = rows.column("customer_id").to_numpy()
    held = rows.column("holdings").fill_null(0).to_numpy()  # nothing is added where the products are not known,
    added = held & ~before.holdings(before.places(customers))  # nor where those before are not: UNKNOWN has every bit
    buyers = np.flatnonzero(added)
    who, product = np.nonzero(added[buyers, None] & _MASKS)
    columns = [
        pa.array(customers[buyers[who]]),
        pa.repeat(pa.scalar(month.snapshot, pa.date32()), len(who)),
        pa.DictionaryArray.from_arrays(pa.array(product.astype(np.int32)), pa.array(PRODUCT_NAMES)),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=_SCHEMA)
