"""The figures of one model in one month, as they are recorded and shown."""

from dataclasses import dataclass

from santander.evaluation.by_product import ProductFigures
from santander.schema.months import Month
from santander.schema.records import Inline


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
        return self.map7 / self.ceiling if self.ceiling else None


@dataclass(frozen=True, slots=True)
class EvaluationFigures:
    """What a model reached in a month, with the shares that make months comparable; None where not known."""

    month: Month
    customers: int
    buyers: int
    map7: float
    ceiling: float
    baseline: float
    oracle: float | None = None
    share_of_ceiling: float | None = None
    baseline_share_of_ceiling: float | None = None
    share_of_oracle: float | None = None
    gain_over_baseline: float | None = None


@dataclass(frozen=True)
class EvaluationDetails:
    """The figures of everybody, with those by product, by segment, and of new customers."""

    everybody: Inline[EvaluationFigures]
    products: tuple[ProductFigures, ...]
    segments: tuple[SegmentFigures, ...]
    new_customers: SegmentFigures | None
