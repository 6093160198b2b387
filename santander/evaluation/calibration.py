"""Do a model's chances hold? Among additions, the chance given to a product against how often it was the one added.

Scores of a customer are divided by their sum over the products, so a kind that scores among all customers is judged alike.
"""

from dataclasses import dataclass

import numpy as np

from santander.evaluation.average_precision import Masks
from santander.features.expansion import bits_of
from santander.models.ranking import Scores

BINS = 10
"""No setting: calibration errors of versions are compared, and with other bins they are others."""


@dataclass(frozen=True)
class CalibrationBin:
    """One of ten equally wide bins of chance: the pairs of an addition and a product whose chance lies in it."""

    lower: float
    upper: float
    pairs: int
    chance: float
    """Mean chance given."""
    happened: float
    """Share of the pairs in which the product was the one added."""


def calibration_of(scores: Scores, added: Masks) -> tuple[CalibrationBin, ...]:
    """The bins that hold something, in order, from scores (rows x 24) and what the rows added; NaN counts as no chance."""
    row, product = np.nonzero(bits_of(added))
    given = np.nan_to_num(scores[row].astype(np.float64))
    total = given.sum(axis=1, keepdims=True)
    chance = np.divide(given, total, out=np.zeros_like(given), where=total > 0)
    was_added = np.zeros(chance.shape, dtype=np.bool_)
    was_added[np.arange(len(product)), product] = True
    bin_of = np.minimum((chance * BINS).astype(np.int64), BINS - 1)
    return tuple(
        CalibrationBin(
            lower=place / BINS,
            upper=(place + 1) / BINS,
            pairs=int(within.sum()),
            chance=float(chance[within].mean()),
            happened=float(was_added[within].mean()),
        )
        for place in range(BINS)
        if (within := bin_of == place).any()
    )


def expected_calibration_error(bins: tuple[CalibrationBin, ...]) -> float | None:
    """The mean distance between chance given and share that happened, bins weighed by their pairs; None without any."""
    pairs = sum(each.pairs for each in bins)
    return sum(each.pairs * abs(each.chance - each.happened) for each in bins) / pairs if pairs else None
