"""The rows a model is judged on."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from santander.bank.months import Month
from santander.evaluation.average_precision import Masks


@dataclass(frozen=True)
class MonthToJudge:
    """Everyone with a row in the month and in the month before, in order of customer.

    Columns of ``rows``: customer_id, snapshot_date, added (bitmask), and the features.
    """

    month: Month
    rows: pa.Table

    @property
    def added(self) -> Masks:
        """What each customer added, as a bitmask."""
        return np.asarray(self.rows["added"].to_numpy(), dtype=np.int64)

    @property
    def buyers(self) -> int:
        """How many customers added something."""
        return int(np.count_nonzero(self.added))
