"""A model judged on a month: MAP@7 beside its ceiling and the baseline, by product and by segment."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from santander.bank.months import Month
from santander.bank.products import PRODUCTS
from santander.evaluation.average_precision import Masks, Precisions, average_precision, ceiling, hits
from santander.features.expansion import bits_of, integers
from santander.models.popularity import SEGMENTS
from santander.models.ranking import NO_PRODUCT, Ranks, Scores
from santander.models.recommender import Recommender


@dataclass(frozen=True)
class MonthToJudge:
    """Everyone with a row in the month and in the month before, in order of customer.

    Columns of ``rows``: customer_id, snapshot_date, added (bitmask), and the features.
    """

    month: Month
    rows: pa.Table

    @property
    def added(self) -> Masks:
        """What each customer added, as a bitmask."""
        return np.asarray(self.rows["added"].to_numpy(), dtype=np.int64)

    @property
    def buyers(self) -> int:
        """How many customers added something."""
        return int(np.count_nonzero(self.added))


@dataclass(frozen=True)
class ProductFigures:
    """One product over the month; recall and precision count its places anywhere in the lists of seven."""

    product: str
    additions: int
    listed: int
    hits: int
    baseline_hits: int
    recall: float | None
    baseline_recall: float | None
    precision: float | None


@dataclass(frozen=True)
class SegmentFigures:
    """One segment of customers over the month."""

    segment: str
    customers: int
    buyers: int
    map7: float
    baseline: float
    ceiling: float


@dataclass(frozen=True)
class Evaluation:
    """What a model reached in a month. MAP@7 counts customers who add nothing too, so ``ceiling`` is the most there is."""

    month: Month
    customers: int
    buyers: int
    map7: float
    ceiling: float
    baseline: float
    oracle: float | None
    """MAP@7 of who knows the propensities the bank was made with; None for a bank that was not made here."""
    products: tuple[ProductFigures, ...]
    segments: tuple[SegmentFigures, ...]

    def figures(self) -> dict[str, Any]:
        """The evaluation as plain values, with the shares that make months comparable; None where not known."""
        return {
            "month": str(self.month),
            "customers": self.customers,
            "buyers": self.buyers,
            "map7": self.map7,
            "ceiling": self.ceiling,
            "baseline": self.baseline,
            "oracle": self.oracle,
            "share_of_ceiling": _share(self.map7, self.ceiling),
            "baseline_share_of_ceiling": _share(self.baseline, self.ceiling),
            "share_of_oracle": _share(self.map7, self.oracle),
            "gain_over_baseline": _share(self.map7 - self.baseline, self.baseline),
        }

    def details(self) -> dict[str, Any]:
        """The figures with those by product and by segment."""
        return {
            **self.figures(),
            "products": [asdict(product) for product in self.products],
            "segments": [asdict(segment) for segment in self.segments],
        }


@dataclass(frozen=True)
class Judgement:
    """An evaluation and the lists it was made from: row i of each array is row i of ``judged.rows``."""

    judged: MonthToJudge
    evaluation: Evaluation
    scores: Scores
    precisions: Precisions
    baseline_precisions: Precisions


def precisions_of(model: Recommender, judged: MonthToJudge) -> Precisions:
    """The average precision of a model's list for every customer of the month."""
    return average_precision(model.rank(judged.rows, model.score(judged.rows)), judged.added)


def judge(model: Recommender, baseline: Recommender, judged: MonthToJudge, oracle: float | None = None) -> Judgement:
    """Rank the products of every customer by both models and compare the lists with what was added."""
    scores = model.score(judged.rows)
    ranks, baseline_ranks = model.rank(judged.rows, scores), baseline.rank(judged.rows, baseline.score(judged.rows))
    added = judged.added
    precisions, baseline_precisions = average_precision(ranks, added), average_precision(baseline_ranks, added)
    evaluation = Evaluation(
        month=judged.month,
        customers=len(added),
        buyers=judged.buyers,
        map7=float(precisions.mean()),
        ceiling=ceiling(added),
        baseline=float(baseline_precisions.mean()),
        oracle=oracle,
        products=_by_product(ranks, baseline_ranks, added),
        segments=_by_segment(judged, precisions, baseline_precisions),
    )
    return Judgement(judged, evaluation, scores, precisions, baseline_precisions)


def _by_product(ranks: Ranks, baseline_ranks: Ranks, added: Masks) -> tuple[ProductFigures, ...]:
    def counted(products: npt.NDArray[np.integer]) -> list[int]:
        return [int(number) for number in np.bincount(products, minlength=len(PRODUCTS))]

    additions = bits_of(added).sum(axis=0, dtype=np.int64)
    listed = counted(ranks[ranks != NO_PRODUCT])
    hit, baseline_hit = counted(ranks[hits(ranks, added)]), counted(baseline_ranks[hits(baseline_ranks, added)])
    return tuple(
        ProductFigures(
            product=product.name,
            additions=int(additions[i]),
            listed=listed[i],
            hits=hit[i],
            baseline_hits=baseline_hit[i],
            recall=_share(hit[i], int(additions[i])),
            baseline_recall=_share(baseline_hit[i], int(additions[i])),
            precision=_share(hit[i], listed[i]),
        )
        for i, product in enumerate(PRODUCTS)
    )


def _by_segment(judged: MonthToJudge, precisions: Precisions, baseline: Precisions) -> tuple[SegmentFigures, ...]:
    segment = integers(judged.rows, "segment", unknown=SEGMENTS.index("unknown"))
    added = judged.added
    return tuple(
        SegmentFigures(
            segment=name,
            customers=int(within.sum()),
            buyers=int(np.count_nonzero(added[within])),
            map7=float(precisions[within].mean()),
            baseline=float(baseline[within].mean()),
            ceiling=ceiling(added[within]),
        )
        for code, name in enumerate(SEGMENTS)
        if (within := segment == code).any()
    )


def _share(part: float, whole: float | None) -> float | None:
    return part / whole if whole else None
