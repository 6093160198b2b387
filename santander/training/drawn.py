"""Who of those that added nothing is looked at beside the buyers: a share of each month, drawn by the customer's number.

What tells who adds anything at all is mostly in the buyers, so of the many others some are enough.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from santander.schema.months import Month

if TYPE_CHECKING:
    from pyspark.sql import Column

A_MONTH = 35_000
"""Customers of a month that are drawn, about; of a smaller month all. No setting: it bounds memory, and a model's chances are
compared with those of others that were fitted on as many."""
_STEP, _RANGE = 2_654_435_761, 2**32
"""Knuth's multiplicative hash: neighbouring numbers come to lie far apart. All stay below 2**63, so no engine overflows."""


def shares_drawn(customers: Mapping[Month, int]) -> dict[Month, float]:
    """Return the share of the customers of each month that is drawn, by how many it has."""
    return {month: min(1.0, A_MONTH / max(rows, 1)) for month, rows in customers.items()}


def drawn(customers: Mapping[Month, int]) -> "Column":
    """A condition on customer_id and snapshot_date: another part of the customers in each month, the same every time."""
    from pyspark.sql import functions as F

    condition = F.lit(False)
    for month, share in sorted(shares_drawn(customers).items()):
        number = F.pmod(F.col("customer_id"), F.lit(_RANGE // 2)) + F.lit(month.year * 12 + month.number)
        hashed = F.pmod(number * F.lit(_STEP), F.lit(_RANGE))
        condition = condition | ((F.col("snapshot_date") == F.lit(month.snapshot)) & (hashed < F.lit(int(share * _RANGE))))
    return condition


def with_numbers_stood_for(others: pa.Table, customers: Mapping[Month, int]) -> pa.Table:
    """Return the rows with the column stands_for: how many customers each is a sample of."""
    dates = others["snapshot_date"].to_numpy()
    stands_for = np.ones(len(dates))
    for month, share in shares_drawn(customers).items():
        stands_for[dates == np.datetime64(month.snapshot)] = 1.0 / share
    return others.append_column("stands_for", pa.array(stands_for))
