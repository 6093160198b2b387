"""How often each product will be added in a month to come: a forecast of rates from the months known, with an interval.

Each product's log rate is a level that drifts and is seen each month with noise that passes, besides that of small counts (a
Kalman filter). By how much the same month of earlier years lay off the level of the months around it is added as season, the more
of it the larger it is against its noise. Both variances hold for all products alike; how wide the interval of one product is
follows from its own errors as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from santander.errors import TooLittleData
from santander.models.fitted_on import refuse_other_products
from santander.schema.added import MonthAdded
from santander.schema.months import Month
from santander.schema.products import PRODUCT_NAMES

Rates: TypeAlias = npt.NDArray[np.float64]

DRIFT, PASSING = 0.05, 0.1
"""Variances of a log rate: what stays from month to month, and what passes. Round numbers near the likeliest over the months of
the competition, whichever of them is left out (docs/adr/0058)."""
DOUBT = 2.0
"""A season as large as the root of this many times its variance is believed by half, one of twice that size by four fifths."""
TRUST = 6
"""Months that the variances above weigh against a product's own errors, in how wide its interval is."""
_DEVIATIONS = 1.6449
"""Standard deviations on either side that hold nine tenths of a normal distribution."""
_FARTHEST = 3.0
"""Errors of more standard deviations than this count as this many: one campaign must not widen an interval for years."""
_HALF = 0.5
_NOTHING_KNOWN = 1e-6
"""The precision of a season of which no year is known: it is 0."""
"""Added to both counts of a ratio, so that it has a logarithm where one is 0."""


class Forecast(NamedTuple):
    """The rate of each product, and between which bounds what is seen will lie in nine months of ten."""

    expected: Rates
    low: Rates
    high: Rates


@dataclass(frozen=True, slots=True)
class Level:
    """The months whose additions are known."""

    months: Mapping[Month, MonthAdded]

    def forecast(self, month: Month) -> Forecast:
        """Forecast the rates of a month from the known months before it; raises TooLittleData where there is none."""
        known = [each for each in sorted(self.months) if each < month and self.months[each].customers]
        if not known:
            raise TooLittleData(
                f"the additions of no month before {month} are known: nothing can be expected of it",
                month=month,
                hint="ingest two months with products before it",
            )
        before, after = (self._learnt(months) for months in (known, known[::-1]))
        return before.forecast(month, after)

    def _learnt(self, months: Sequence[Month]) -> "_Filter":
        learnt = _Filter(months[0], self.months[months[0]])
        for each in months[1:]:
            learnt.learn(each, self.months[each])
        return learnt

    def rates(self, month: Month) -> Rates | None:
        """The rates of a known month; None where they are not known."""
        there = self.months.get(month)
        return np.array(there.additions) / there.customers if there and there.customers else None

    def to_json(self) -> dict[str, Any]:
        """The months as plain values."""
        return {"products": PRODUCT_NAMES, "months": {str(month): asdict(self.months[month]) for month in sorted(self.months)}}

    @classmethod
    def of_json(cls, written: Mapping[str, Any]) -> Self:
        """Read what ``to_json`` returned; raises ChangedProducts."""
        refuse_other_products(written["products"], "the forecast of additions")
        months = written["months"].items()
        return cls({Month.parse(m): MonthAdded(added["customers"], tuple(added["additions"])) for m, added in months})


class _Missed(NamedTuple):
    """The log of what was seen in a month over what the level gave, the variance of that level, and that of the month's noise."""

    log_ratio: Rates
    level: Rates
    noise: Rates


class _Filter:
    """The level of each log rate and how uncertain it is, after the months learnt so far, forwards or backwards in time."""

    def __init__(self, month: Month, first: MonthAdded) -> None:
        counts = np.array(first.additions, np.float64)
        self._month, self._customers = month, first.customers
        self._level = np.log((counts + _HALF) / first.customers)
        self._variance = PASSING + 1 / (counts + _HALF)
        self.missed: dict[Month, _Missed] = {}
        """Of every month learnt but the first."""
        self._squares, self._n = np.zeros_like(self._level), 0

    def learn(self, month: Month, added: MonthAdded) -> None:
        """Move the level by a month; an error weighs the less, the more of it is noise."""
        counts, level = np.array(added.additions, np.float64), self._level
        drifted, log_rate = self._drifted(month), self._level + self._season(month)
        missed, noise = _log_ratio(counts, added.customers * np.exp(level))
        self.missed[month] = _Missed(missed, drifted, PASSING + noise)
        error, noise = _log_ratio(counts, added.customers * np.exp(log_rate))
        total = drifted + PASSING + noise
        self._squares += np.minimum(error**2 / total, _FARTHEST**2)
        self._level = level + drifted / total * error
        self._variance = drifted * (1 - drifted / total)
        self._month, self._customers, self._n = month, added.customers, self._n + 1

    def forecast(self, month: Month, backwards: "_Filter") -> Forecast:
        """Forecast a month to come, as if the customers of the last one counted in it."""
        expected = self._customers * np.exp(self._level + self._season(month, backwards))
        scale = (TRUST + self._squares) / (TRUST + self._n)
        low, high = _interval(expected, (self._drifted(month) + PASSING) * scale)
        return Forecast(*(counts / self._customers for counts in (expected, low, high)))

    def _drifted(self, month: Month) -> Rates:
        return self._variance + DRIFT * abs(month.index - self._month.index)

    def _season(self, month: Month, *others: "_Filter") -> Rates:
        """How far the same month lay off the level in years that this filter, or another, learnt; what may be noise is shrunk.

        A peak of taxes is far outside what passes by itself and comes back; most other deviations are chance.
        """
        weighed, precision = np.zeros_like(self._level), np.full_like(self._level, _NOTHING_KNOWN)
        for then in sorted({each for one in (self, *others) for each in one.missed if each.number == month.number}):
            sides = [one.missed[then] for one in (self, *others) if then in one.missed]
            certainty = np.sum([1 / side.level for side in sides], axis=0)
            missed = np.sum([side.log_ratio / side.level for side in sides], axis=0) / certainty
            variance = 1 / certainty + np.mean([side.noise for side in sides], axis=0)
            weighed, precision = weighed + missed / variance, precision + 1 / variance
        seen, variance = weighed / precision, 1 / precision
        season: Rates = seen * seen**2 / (seen**2 + DOUBT * variance)
        return season


def _log_ratio(counts: Rates, expected: Rates) -> tuple[Rates, Rates]:
    """Return the log of the counts over those expected, and its variance where they are Poisson."""
    return np.log((counts + _HALF) / (expected + _HALF)), 1 / (expected + _HALF)


def _interval(expected: Rates, variance: Rates) -> tuple[Rates, Rates]:
    """Bounds of counts whose variance is ``expected + variance * expected ** 2``: symmetric where that is made constant."""
    root = np.sqrt(variance)
    middle, reach = np.arcsinh(root * np.sqrt(expected)), _DEVIATIONS * root / 2
    low, high = (np.sinh(np.maximum(bound, 0)) ** 2 / variance for bound in (middle - reach, middle + reach))
    return low, high
