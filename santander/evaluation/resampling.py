"""Is one model better than another on the same customers, or was it luck? A paired bootstrap, of everybody and of slices.

Slices are groups who must not lose by a new model, whatever everybody gains: each segment, and new customers.
Source: B. Efron, R. Tibshirani, An Introduction to the Bootstrap (1993), chapter 13, percentile intervals.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from santander.config.sections import GateSettings
from santander.evaluation.average_precision import Precisions
from santander.evaluation.month_to_judge import MonthToJudge, Slice

LOWER, UPPER = 2.5, 97.5
"""Percentiles of a 95 % interval. No setting: what the gate says names it so, and decisions of the past went by it."""


@dataclass(frozen=True)
class PairedDifference:
    """Challenger less champion, in MAP@7 and as a share of the champion's, each with 95 % bounds."""

    champion: float
    challenger: float
    lower: float
    upper: float
    relative: float
    relative_lower: float
    relative_upper: float

    @property
    def difference(self) -> float:
        """Challenger less champion in MAP@7."""
        return self.challenger - self.champion


def paired_difference(
    champion: Precisions, challenger: Precisions, resamples: int, seed: int, customers: int | None = None
) -> PairedDifference:
    """Compare average precisions (rows, the same customers in the same order) over resamples of customers.

    Of ``customers`` those without a row, who added nothing, count 0 under both and are among those drawn.

    There are only some thousands of different pairs of precisions. How often each is drawn is multinomial, which takes a second
    instead of minutes. Relative figures are 0 where the champion has 0. Raises ValueError for arrays that do not match.
    """
    n = len(champion) if customers is None else customers
    if champion.shape != challenger.shape or not n:
        raise ValueError(f"a pair of precisions for every customer is needed, got {champion.shape} and {challenger.shape}")
    pairs, times = _pairs(champion, challenger, n)
    draws = np.random.default_rng(seed).multinomial(n, times / n, size=resamples)
    means = draws @ pairs / n
    difference = means[:, 1] - means[:, 0]
    relative = np.divide(difference, means[:, 0], out=np.zeros_like(difference), where=means[:, 0] > 0)
    lower, upper = np.percentile(difference, [LOWER, UPPER])
    relative_lower, relative_upper = np.percentile(relative, [LOWER, UPPER])
    before, after = float(champion.sum()) / n, float(challenger.sum()) / n
    return PairedDifference(
        champion=before,
        challenger=after,
        lower=float(lower),
        upper=float(upper),
        relative=(after - before) / before if before else 0.0,
        relative_lower=float(relative_lower),
        relative_upper=float(relative_upper),
    )


def _pairs(champion: Precisions, challenger: Precisions, n: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """The different pairs of precisions in order, and how often each occurs.

    Most customers add nothing and have the least pair there is, (0, 0): they are counted and not sorted.
    """
    counts = np.flatnonzero((champion != 0) | (challenger != 0))
    pairs, times = np.unique(np.stack([champion[counts], challenger[counts]], axis=1), axis=0, return_counts=True)
    if nothing := n - len(counts):
        pairs, times = np.vstack([np.zeros((1, 2)), pairs]), np.concatenate([[nothing], times])
    return pairs, np.asarray(times, dtype=np.int64)


@dataclass(frozen=True)
class SliceDifference:
    """One slice of the gate month. ``counts`` is whether it has enough buyers to be held against the challenger."""

    name: str
    customers: int
    buyers: int
    counts: bool
    failed: bool
    champion: float
    challenger: float
    relative: float
    relative_lower: float
    relative_upper: float


def compare_slices(
    judged: MonthToJudge, champion: Precisions, challenger: Precisions, rule: GateSettings
) -> tuple[SliceDifference, ...]:
    """Compare the precisions (of each buyer of ``judged``) of two models slice by slice.

    A slice fails when it has enough buyers and has surely lost more than ``max_slice_loss``, by the upper bound of its change.
    """
    return tuple(_difference(part, champion[part.within], challenger[part.within], rule) for part in judged.slices())


def _difference(part: Slice, champion: Precisions, challenger: Precisions, rule: GateSettings) -> SliceDifference:
    compared: PairedDifference = paired_difference(champion, challenger, rule.resamples, rule.seed, part.customers)
    counts = len(champion) >= rule.min_slice_buyers
    return SliceDifference(
        name=part.name,
        customers=part.customers,
        buyers=len(champion),
        counts=counts,
        failed=counts and compared.relative_upper < -rule.max_slice_loss,
        champion=compared.champion,
        challenger=compared.challenger,
        relative=compared.relative,
        relative_lower=compared.relative_lower,
        relative_upper=compared.relative_upper,
    )
