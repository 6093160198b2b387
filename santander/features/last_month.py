"""Features of the history family that are one column of the month right before, as it stood then.

Each is made from the rows of that month and looked up by customer (``month_before.py``), so it is a boolean or a whole number
from 0; null for a customer without a row then.
"""

import pyarrow as pa

from santander.features.codes import base_36
from santander.features.made import Made
from santander.schema.features import Family

LAST_MONTH = Made[pa.Table](Family.HISTORY, products=True)


@LAST_MONTH.makes("relation_type_last", reads=["relation_type"])
def relation_type_last(rows: pa.Table) -> pa.Array:
    """The letter read in base 36."""
    return base_36(rows.column("relation_type").combine_chunks())


@LAST_MONTH.makes("was_active", reads=["is_active"])
def was_active(rows: pa.Table) -> pa.Array:
    """Return the column as delivered."""
    return rows.column("is_active").combine_chunks()


def refuse_unstorable() -> None:
    """Raise ValueError for a feature whose values cannot be kept beside a number that stands for null."""
    for feature in LAST_MONTH.features:
        low = 0 if feature.range is None else feature.range.low
        if feature.type == "double" or low is None or low < 0:
            raise ValueError(f"feature '{feature.name}' must be a boolean or a whole number from 0 to be kept for the next month")


refuse_unstorable()
