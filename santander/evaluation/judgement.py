"""A model judged on a month: MAP@7 beside its ceiling and the baseline, by product and by segment."""

from dataclasses import dataclass
from functools import cached_property

from santander.evaluation.average_precision import Precisions
from santander.evaluation.by_product import by_product
from santander.evaluation.calibration import CalibrationBin, calibration_of, expected_calibration_error
from santander.evaluation.figures import Evaluation, SegmentFigures
from santander.evaluation.judged_chances import JudgedChances
from santander.evaluation.month_to_judge import MonthToJudge
from santander.evaluation.ranked import Asked, Whom
from santander.evaluation.slices import NEW_CUSTOMERS
from santander.models.chances import Chances
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
    chances: JudgedChances | None = None
    """Of everybody; None for a model that gives none."""

    @cached_property
    def calibration(self) -> tuple[CalibrationBin, ...]:
        """Calibration of the scores as shares of the additions that were made; that of chances is in ``evaluation.chances``."""
        return calibration_of(self.scores, self.judged.added)

    @property
    def calibration_error(self) -> float | None:
        """The expected calibration error; None where nothing was added."""
        return expected_calibration_error(self.calibration)


def precisions_of(model: Recommender, judged: MonthToJudge) -> Precisions:
    """The average precision of a model's list for each customer who added something, in order of customer."""
    return judged.rank(Asked(model))[0].precisions


def judge(
    model: Recommender,
    baseline: Recommender,
    judged: MonthToJudge,
    oracle: float | None = None,
    chances: Chances | None = None,
) -> Judgement:
    """Compare the model's list of every customer, and the chances, with what was added; the baseline ranks for buyers only.

    Raises WrongLists for a list, or chances, that no recommender may give.
    """
    of_month = None if chances is None else chances.at(judged.month)
    own, other = judged.rank(Asked(model, Whom.EVERYONE, scores=True, chances=of_month), Asked(baseline))
    judged_chances = None if chances is None else JudgedChances.of(own, judged)
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
        chances=None if judged_chances is None else judged_chances.figures(judged.slices()),
    )
    return Judgement(judged, evaluation, own.scores, own.precisions, other.precisions, judged_chances)


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
