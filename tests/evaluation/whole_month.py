"""MAP@7 and its ceiling over rows of all customers, as the definition says them; the library sums over buyers alone."""

import numpy as np

from santander.evaluation.average_precision import Masks, average_precision
from santander.models.ranking import Ranks


def map_at_7(ranks: Ranks, added: Masks) -> float:
    """The mean of ``average_precision`` over all rows; 0 when there are none."""
    return float(average_precision(ranks, added).mean()) if len(ranks) else 0.0


def ceiling(added: Masks) -> float:
    """The best MAP@7 any list can reach: the share of rows that added something; 0 when there are no rows."""
    return float(np.count_nonzero(added) / len(added)) if len(added) else 0.0
