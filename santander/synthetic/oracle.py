"""The best reachable score: ranking by the known propensity, scored by MAP@7 (calibration/README.md)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from santander.evaluation.average_precision import average_precision
from santander.models.list_check import refuse_wrong_lists
from santander.models.ranking import top_products
from santander.schema.products import N_PRODUCTS
from santander.synthetic.sampling import Flags, Masks


@dataclass(frozen=True, slots=True)
class OracleMonth:
    """One labelled month: ``customers`` have a row in it and in the month before, ``buyers`` added something."""

    month: str
    customers: int
    buyers: int
    additions: int
    ceiling: float
    oracle: float


def oracle_month(month: str, propensity: NDArray[np.float32], owned: Masks, added: Masks, consecutive: Flags) -> OracleMonth:
    """Score the propensity (shape (24, rows)) against what was added; only consecutive rows count, ties go by bit."""
    buyers = np.flatnonzero(consecutive & (added != 0))
    chances = propensity[:, buyers].T
    ranks = top_products(chances, owned[buyers], prior=np.zeros(N_PRODUCTS))
    refuse_wrong_lists("the oracle", ranks, chances, owned[buyers])
    precision = average_precision(ranks, added[buyers])
    customers = int(np.count_nonzero(consecutive))
    return OracleMonth(
        month=month,
        customers=customers,
        buyers=int(buyers.size),
        additions=int(np.bitwise_count(added[buyers]).sum()),
        ceiling=buyers.size / max(customers, 1),
        oracle=float(precision.sum()) / max(customers, 1),
    )
