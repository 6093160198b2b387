"""The promoted fit is checked, not judged: nobody knows yet what is added in the month it scores.

It was fitted as the judged fit was, on months one later. So it must load, score everything it has an opinion of, and
rank much as the judged fit does.
"""

import numpy as np
import numpy.typing as npt

from santander.errors import SantanderError
from santander.evaluation.judgement import MonthToJudge
from santander.models.ranking import NO_PRODUCT, Ranks
from santander.registry.versions import load_version
from santander.settings import Settings
from santander.training.candidate import Candidate
from santander.training.plan import FitName


def complaint_about(settings: Settings, number: int, judged: MonthToJudge) -> str | None:
    """What is wrong with the promoted fit of a registered version, in one sentence; None when nothing is.

    The version is loaded as scoring will load it, and both fits rank the customers of the gate month.
    """
    try:
        candidate = load_version(settings, number).candidate
    except (SantanderError, OSError, ValueError) as error:
        return f"version {number} does not load: {error}"
    if {FitName.JUDGED, FitName.PROMOTED} - set(candidate.fits):
        return None
    return _compare(candidate, judged, settings.gate.min_overlap)


def _compare(candidate: Candidate, judged: MonthToJudge, min_overlap: float) -> str | None:
    ranks = []
    for name in (FitName.JUDGED, FitName.PROMOTED):
        model = candidate.fits[name].model
        scores = model.score(judged.rows)
        partly = [bit for bit in range(scores.shape[1]) if 0 < np.isnan(scores[:, bit]).sum() < len(scores)]
        if partly:
            return f"the {name} fit has no score of the products with bits {partly} for some customers only"
        ranks.append(model.rank(judged.rows, scores))
    overlap = mean_overlap(*ranks)
    if overlap < min_overlap:
        return f"the promoted fit ranks unlike the judged one: {overlap:.0%} of their lists in common, {min_overlap:.0%} needed"
    return None


def mean_overlap(one: Ranks, other: Ranks) -> float:
    """The share of products that two lists of the same customer have in common, over all customers; 1 when all are empty."""
    common = np.bitwise_count(_sets(one) & _sets(other)).sum()
    listed = (one != NO_PRODUCT).sum()
    return float(common / listed) if listed else 1.0


def _sets(ranks: Ranks) -> npt.NDArray[np.int64]:
    """The products of each list as a bitmask."""
    bit = np.maximum(ranks, 0).astype(np.int64)
    return np.asarray(np.where(ranks == NO_PRODUCT, 0, np.int64(1) << bit).sum(axis=1), dtype=np.int64)
