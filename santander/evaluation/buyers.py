"""MAP@7 of a month from its buyers alone, a thirtieth of the rows: who adds nothing counts 0 whatever the list."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from santander.errors import TooLittleData
from santander.evaluation.average_precision import Precisions, average_precision
from santander.models.list_check import checked_lists
from santander.models.month_weight import ALIKE
from santander.models.recommender import Recommender
from santander.models.training_set import TrainingData
from santander.schema.months import Month


@dataclass(frozen=True)
class BuyersOfMonth:
    """The customers of a month who added something, with their features, and how many customers count in all."""

    month: Month
    rows: pa.Table
    """A row: one buyer. Columns: customer_id, snapshot_date, added (bitmask), features."""
    customers: int

    @property
    def ceiling(self) -> float:
        """The best MAP@7 any lists can reach: the share of customers who added something."""
        share: float = self.rows.num_rows / self.customers
        return share

    def precisions(self, model: Recommender) -> Precisions:
        """The average precision of a model's list for each buyer, in order of customer; raises WrongLists."""
        _, ranks = checked_lists(model, self.rows)
        added = np.asarray(self.rows["added"].to_numpy(), dtype=np.int64)
        return average_precision(ranks, added)

    def map7(self, model: Recommender) -> float:
        """MAP@7 of a model over all customers of the month."""
        return float(np.sum(self.precisions(model))) / self.customers


def buyers_of_month(training: TrainingData, month: Month) -> BuyersOfMonth:
    """Return the buyers of a collected month, in the driver; raises TooLittleData where nobody added anything."""
    part = training.of_months({month: ALIKE}).in_driver()
    customers = int(np.sum(part.population["customers"].to_numpy()))
    if not part.buyers.num_rows:
        raise TooLittleData(
            f"none of the {customers:,} customers of {month} added anything: nothing can be judged on it",
            month=month,
            hint="choose another with --month, or more customers",
        )
    return BuyersOfMonth(month, part.buyers.sort_by("customer_id"), customers)
