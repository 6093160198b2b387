"""MAP@7 of a month from its buyers alone, a thirtieth of the rows: who adds nothing counts 0 whatever the list."""

from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from santander.errors import TooLittleData
from santander.evaluation.average_precision import Precisions
from santander.evaluation.ranked import Apply, Asked, rank
from santander.models.month_weight import ALIKE
from santander.models.recommender import Recommender
from santander.models.training_set import TrainingData
from santander.schema.months import Month


@dataclass(frozen=True)
class BuyersOfMonth:
    """The customers of a month who added something, and how many customers count in all."""

    month: Month
    apply: Apply
    """Reaches the buyers: customer_id, added (bitmask), features."""
    buyers: int
    customers: int

    @property
    def ceiling(self) -> float:
        """The best MAP@7 any lists can reach: the share of customers who added something."""
        return self.buyers / self.customers

    def precisions(self, model: Recommender) -> Precisions:
        """The average precision of a model's list for each buyer, in order of customer; raises WrongLists."""
        return rank(self.apply, [Asked(model)])[0].precisions

    def map7(self, model: Recommender) -> float:
        """MAP@7 of a model over all customers of the month."""
        return float(np.sum(self.precisions(model))) / self.customers


def buyers_of_month(training: TrainingData, month: Month) -> BuyersOfMonth:
    """Return the buyers of a collected month, where they are kept; raises TooLittleData where nobody added anything."""
    part = training.of_months({month: ALIKE})
    customers = int(np.sum(part.population["customers"].to_numpy()))
    buyers = int(np.sum(part.population.filter(pc.field("added") != 0)["customers"].to_numpy()))
    if not buyers:
        raise TooLittleData(
            f"none of the {customers:,} customers of {month} added anything: nothing can be judged on it",
            month=month,
            hint="choose another with --month, or more customers",
        )
    return BuyersOfMonth(month, part.apply, buyers, customers)
