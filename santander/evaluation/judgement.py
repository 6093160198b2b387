"""A model judged on a month: MAP@7 beside its ceiling and the baseline, by product and by segment."""

from dataclasses import dataclass
from functools import cached_property

from santander.evaluation.average_precision import Precisions
from santander.evaluation.by_product import by_product
from santander.evaluation.calibration import CalibrationBin, calibration_of, expected_calibration_error
from santander.evaluation.figures import Evaluation, SegmentFigures
from santander.evaluation.month_to_judge import NEW_CUSTOMERS, MonthToJudge
from santander.evaluation.ranked import Asked, Whom
from santander.models.ranking import Scores
from santander.models.recommender import Recommender

__all__ = ["Evaluation", "Judgement", "MonthToJudge", "judge", "precisions_of"]


@dataclass(frozen=True)
class Judgement:
    """An evaluation and what it was made from: row i of each array is of the i-th buyer of the month."""

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
    """The average precision of a model's list for each customer who added something, in order of customer."""
    return judged.rank(Asked(model))[0].precisions


def judge(model: Recommender, baseline: Recommender, judged: MonthToJudge, oracle: float | None = None) -> Judgement:
    """Compare the model's list of every customer with what was added; the baseline ranks for who added something only.

    Raises WrongLists for a list that no recommender may give.
    """
    own, other = judged.rank(Asked(model, Whom.EVERYONE, scores=True), Asked(baseline))
    slices = _by_slice(judged, own.precisions, other.precisions)
    evaluation = Evaluation(
        month=judged.month,
        customers=judged.customers,
        buyers=judged.buyers,
        map7=float(own.precisions.sum()) / judged.customers,
        ceiling=judged.buyers / judged.customers,
        baseline=float(other.precisions.sum()) / judged.customers,
        oracle=oracle,
        products=by_product(own.ranks, other.ranks, judged.added, own.listed, judged.customers),
        segments=tuple(figures for name, figures in slices.items() if name != NEW_CUSTOMERS),
        new_customers=slices.get(NEW_CUSTOMERS),
    )
    return Judgement(judged, evaluation, own.scores, own.precisions, other.precisions)


def _by_slice(judged: MonthToJudge, precisions: Precisions, baseline: Precisions) -> dict[str, SegmentFigures]:
    return {
        part.name: SegmentFigures(
            segment=part.name,
            customers=part.customers,
            buyers=int(part.within.sum()),
            map7=float(precisions[part.within].sum()) / part.customers,
            baseline=float(baseline[part.within].sum()) / part.customers,
            ceiling=int(part.within.sum()) / part.customers,
        )
        for part in judged.slices()
    }
