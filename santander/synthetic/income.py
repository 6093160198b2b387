"""Household income: log-normal around the median of the province, unknown for some customers, constant for each."""

import numpy as np
from numpy.typing import NDArray

from santander.schema.provinces import PROVINCES
from santander.synthetic import facts
from santander.synthetic.sampling import Indices, spread

_LOWEST, _HIGHEST = 1_202.73, 28_894_395.0
_NEVER_KNOWN = ("ALAVA", "BIZKAIA", "GIPUZKOA", "NAVARRA")
_UNKNOWN_ELSEWHERE = 0.176
"""Share of customers of the other provinces without income: what is left of the 20.5 % of rows."""
_WIDE = 0.002
"""Share of incomes drawn with three times the spread: the far ends of the real range."""
_SEGMENT_SHIFT = np.array([0.0, 0.45, 0.02, -0.06])
"""Log income of a segment against its province: the top segment earns more, students' households a little less."""


def draw_income(
    province: NDArray[np.int16], segment: NDArray[np.int16], age: Indices, rows: Indices, random: np.random.Generator
) -> NDArray[np.float64]:
    """Gross yearly household income in euros, two decimals, NaN where unknown; ``rows``: rows of each customer."""
    medians, spreads = _by_province()
    shift = _SEGMENT_SHIFT[segment] + np.interp(age, [18, 45, 60, 90], [-0.05, 0.05, 0.02, -0.08])
    spread_of = spreads[province] * np.where(random.random(province.size) < _WIDE, 3.0, 1.0)
    drawn = np.log(medians[province]) + shift + spread_of * random.normal(size=province.size)
    income = np.round(np.clip(np.exp(drawn), _LOWEST, _HIGHEST), 2)
    never = np.isin(province, [0, *(PROVINCES.index(name) for name in _NEVER_KNOWN)])
    unknown = spread(np.where(never, 0.999, _UNKNOWN_ELSEWHERE), rows, random)
    return np.where(unknown, np.nan, income)


def _by_province() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Median and log-spread by province code; the spread follows from mean / median = exp(spread ** 2 / 2)."""
    table = {row["nomprov"]: row for row in facts.table("income_by_province")}
    overall_median, overall_spread = 101_850.0, 0.6
    medians = np.full(len(PROVINCES), overall_median)
    spreads = np.full(len(PROVINCES), overall_spread)
    for code, name in enumerate(PROVINCES):
        if name in table:
            medians[code] = float(table[name]["median_renta"])
            ratio = float(table[name]["mean_renta"]) / medians[code]
            spreads[code] = max(np.sqrt(2 * np.log(max(ratio, 1.0))), 0.3)
    return medians, spreads
