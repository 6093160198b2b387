"""A model judged on a month: MAP@7 beside its ceiling and the baseline, by product and by segment."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from santander.evaluation.average_precision import Precisions, average_precision, ceiling
from santander.evaluation.by_product import by_product
from santander.evaluation.calibration import CalibrationBin, calibration_of, expected_calibration_error
from santander.evaluation.figures import Evaluation, SegmentFigures
from santander.evaluation.month_to_judge import MonthToJudge
from santander.evaluation.resampling import NEW_CUSTOMERS, slices_of
from santander.models.list_check import checked_lists
from santander.models.ranking import Scores
from santander.models.recommender import Recommender

__all__ = ["Evaluation", "Judgement", "MonthToJudge", "judge", "precisions_of"]


@dataclass(frozen=True)
class Judgement:
    """An evaluation and the lists it was made from: row i of each array is row i of ``judged.rows``."""

    judged: MonthToJudge
    evaluation: Evaluation
    scores: Scores
    precisions: Precisions
    baseline_precisions: Precisions

    @cached_property
    def calibration(self) -> tuple[CalibrationBin, ...]:
        """Calibration of the chances that the scores give, among additions."""
        return calibration_of(self.scores, self.judged.added)

    @property
    def calibration_error(self) -> float | None:
        """The expected calibration error; None where nothing was added."""
        return expected_calibration_error(self.calibration)


def precisions_of(model: Recommender, judged: MonthToJudge) -> Precisions:
    """The average precision of a model's list for every customer of the month; only those who added something are scored."""
    return average_precision(judged.lists_of_buyers(model), judged.added)


def judge(model: Recommender, baseline: Recommender, judged: MonthToJudge, oracle: float | None = None) -> Judgement:
    """Compare the model's list of every customer with what was added; the baseline ranks for who added something only.

    Raises WrongLists for a list that no recommender may give.
    """
    scores, ranks = checked_lists(model, judged.rows)
    baseline_ranks = judged.lists_of_buyers(baseline)
    added = judged.added
    precisions, baseline_precisions = average_precision(ranks, added), average_precision(baseline_ranks, added)
    slices = _by_slice(judged, precisions, baseline_precisions)
    evaluation = Evaluation(
        month=judged.month,
        customers=len(added),
        buyers=judged.buyers,
        map7=float(precisions.mean()),
        ceiling=ceiling(added),
        baseline=float(baseline_precisions.mean()),
        oracle=oracle,
        products=by_product(ranks, baseline_ranks, added),
        segments=tuple(figures for name, figures in slices.items() if name != NEW_CUSTOMERS),
        new_customers=slices.get(NEW_CUSTOMERS),
    )
    return Judgement(judged, evaluation, scores, precisions, baseline_precisions)


def _by_slice(judged: MonthToJudge, precisions: Precisions, baseline: Precisions) -> dict[str, SegmentFigures]:
    added = judged.added
    return {
        name: SegmentFigures(
            segment=name,
            customers=int(within.sum()),
            buyers=int(np.count_nonzero(added[within])),
            map7=float(precisions[within].mean()),
            baseline=float(baseline[within].mean()),
            ceiling=ceiling(added[within]),
        )
        for name, within in slices_of(judged)
        if within.any()
    }
