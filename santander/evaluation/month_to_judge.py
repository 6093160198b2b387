"""The rows a model is judged on."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from santander.evaluation.average_precision import Masks
from santander.models.list_check import checked_lists
from santander.models.ranking import LIST_LENGTH, NO_PRODUCT, Ranks
from santander.models.recommender import Recommender
from santander.schema.months import Month


@dataclass(frozen=True)
class MonthToJudge:
    """Everyone with a row in the month and in the month before, in order of customer.

    Columns of ``rows``: customer_id, snapshot_date, added (bitmask), and the features.
    """

    month: Month
    rows: pa.Table

    @cached_property
    def added(self) -> Masks:
        """Bitmask of the products that each customer added."""
        return np.asarray(self.rows["added"].to_numpy(), dtype=np.int64)

    @cached_property
    def bought(self) -> npt.NDArray[np.intp]:
        """The rows of the customers who added something."""
        return np.flatnonzero(self.added)

    @property
    def buyers(self) -> int:
        """Number of customers who added something."""
        return len(self.bought)

    def lists_of_buyers(self, model: Recommender) -> Ranks:
        """The lists (rows x 7) of a model for who added something; nobody else is scored, and all others have an empty one.

        That is all a precision depends on: it is 0 for who added nothing, whatever the list. A thirtieth of a month are buyers.
        Raises WrongLists.
        """
        ranks = np.full((self.rows.num_rows, LIST_LENGTH), NO_PRODUCT, dtype=np.int8)
        if self.buyers:
            rows = self.rows.take(pa.array(self.bought))
            _, ranks[self.bought] = checked_lists(model, rows)
        return ranks
