"""The figures of one model in one month, as they are recorded and shown."""

from dataclasses import dataclass, fields
from typing import ClassVar

from santander.evaluation.by_product import ProductFigures, share
from santander.evaluation.chance_figures import ChanceFigures
from santander.schema.months import Month


@dataclass(frozen=True)
class SegmentFigures:
    """One segment of customers over the month, or the new customers of all segments."""

    segment: str
    customers: int
    buyers: int
    map7: float
    baseline: float
    ceiling: float

    @property
    def share_of_ceiling(self) -> float | None:
        """MAP@7 as a share of what can be reached; None where nobody added anything."""
        return share(self.map7, self.ceiling)


@dataclass(frozen=True)
class EvaluationFigures:
    """What a model reached in a month, with the shares that make months comparable.

    MAP@7 counts customers who add nothing too, so ``ceiling`` is the most there is.
    """

    month: Month
    customers: int
    buyers: int
    map7: float
    ceiling: float
    baseline: float
    oracle: float | None = None
    """MAP@7 of who knows the propensities the bank was made with; None for a bank that was not made here."""

    ALSO_WRITTEN: ClassVar = ("share_of_ceiling", "baseline_share_of_ceiling", "share_of_oracle", "gain_over_baseline")

    @property
    def share_of_ceiling(self) -> float | None:
        """MAP@7 as a share of the ceiling."""
        return share(self.map7, self.ceiling)

    @property
    def baseline_share_of_ceiling(self) -> float | None:
        """The baseline's MAP@7 as a share of the ceiling."""
        return share(self.baseline, self.ceiling)

    @property
    def share_of_oracle(self) -> float | None:
        """MAP@7 as a share of the oracle's."""
        return share(self.map7, self.oracle)

    @property
    def gain_over_baseline(self) -> float | None:
        """Gain over the baseline, as a share of it."""
        return share(self.map7 - self.baseline, self.baseline)


@dataclass(frozen=True)
class Evaluation(EvaluationFigures):
    """The figures of everybody, with those by product, by segment, and of new customers."""

    products: tuple[ProductFigures, ...] = ()
    segments: tuple[SegmentFigures, ...] = ()
    new_customers: SegmentFigures | None = None
    chances: ChanceFigures | None = None
    """Whether the chances hold; None for a model that gives none."""

    @property
    def slices(self) -> tuple[SegmentFigures, ...]:
        """Slices that the gate judges beside everybody: the segments, and the new customers."""
        return self.segments if self.new_customers is None else (*self.segments, self.new_customers)

    def figures(self) -> EvaluationFigures:
        """The figures of everybody alone."""
        return EvaluationFigures(**{each.name: getattr(self, each.name) for each in fields(EvaluationFigures)})
