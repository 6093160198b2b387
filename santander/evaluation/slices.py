"""Groups of customers who must not lose by a new model, whatever everybody together gains: each segment, and new customers."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from santander.config.sections import GateSettings
from santander.evaluation.average_precision import Precisions
from santander.evaluation.month_to_judge import MonthToJudge
from santander.evaluation.resampling import PairedDifference, paired_difference
from santander.features.expansion import integers
from santander.models.groups import SEGMENTS

NEW_CUSTOMERS = "new customers"


@dataclass(frozen=True)
class SliceDifference:
    """One slice of the gate month: challenger against champion over its own customers.

    ``counts`` is whether it has enough buyers to be held against the challenger; else it is there to be read.
    """

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
    """Compare two models slice by slice; the precisions have a row per row of ``judged``.

    A slice fails when it has enough buyers and the upper bound of its relative change lies below ``-max_slice_loss``: it
    has surely lost more than that.
    """
    added = judged.added
    return tuple(
        _difference(name, int(np.count_nonzero(added[within])), champion[within], challenger[within], rule)
        for name, within in slices_of(judged)
        if within.any()
    )


def slices_of(judged: MonthToJudge) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    """Return a mask of rows for each slice by name."""
    segment = integers(judged.rows, "segment", unknown=SEGMENTS.index("unknown"))
    for code, name in enumerate(SEGMENTS):
        yield name, segment == code
    yield NEW_CUSTOMERS, integers(judged.rows, "is_new", unknown=0) == 1


def _difference(name: str, buyers: int, champion: Precisions, challenger: Precisions, rule: GateSettings) -> SliceDifference:
    compared: PairedDifference = paired_difference(champion, challenger, rule.resamples, rule.seed)
    counts = buyers >= rule.min_slice_buyers
    return SliceDifference(
        name=name,
        customers=len(champion),
        buyers=buyers,
        counts=counts,
        failed=counts and compared.relative_upper < -rule.max_slice_loss,
        champion=compared.champion,
        challenger=compared.challenger,
        relative=compared.relative,
        relative_lower=compared.relative_lower,
        relative_upper=compared.relative_upper,
    )
