"""Customers whose chances are known, and what they add by them."""

import numpy as np
import numpy.typing as npt

from santander.evaluation.chance_bins import ChanceBins
from santander.evaluation.judged_chances import JudgedChances
from santander.evaluation.slices import N_GROUPS
from santander.features.expansion import Bits
from santander.models.ranking import Scores


def draw_month(seed: int, customers: int = 4_000, *, together: bool = False) -> tuple[Scores, Bits]:
    """Return chances (rows x 24, NaN where owned) and what was added by them.

    ``together``: three products have the same chances and are added at once or not at all, as payroll and pensions are.
    """
    draw = np.random.default_rng(seed)
    busy = draw.normal(0.0, 1.0, (customers, 1))
    logs = np.log(np.geomspace(2e-4, 1e-2, 24)) + busy + draw.normal(0.0, 1.0, (customers, 24))
    chances = np.minimum(np.exp(logs), 0.5).astype(np.float32)
    luck, owned = draw.random((customers, 24)), draw.random((customers, 24)) < 0.1
    for alike in (20, 21) if together else ():
        chances[:, alike], luck[:, alike], owned[:, alike] = chances[:, 22], luck[:, 22], owned[:, 22]
    added = (luck < chances) & ~owned
    chances[owned] = np.nan
    return chances, added.astype(np.uint8)


def groups_of_customers(customers: int) -> npt.NDArray[np.int64]:
    """Return groups that have about as many customers each."""
    return np.arange(customers) % N_GROUPS


def judged(chances: Scores, added: Bits) -> JudgedChances:
    """Return the chances of a month as a judgement has them."""
    bought = added.any(axis=1)
    return JudgedChances(ChanceBins.of(chances, added, groups_of_customers(len(chances))), chances[bought], added[bought])
