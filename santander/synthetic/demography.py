"""Age, segment, residence, channel and income of customers, drawn so that the rows follow the value distributions."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from santander.schema.columns import PROVINCES
from santander.synthetic import facts
from santander.synthetic.sampling import Flags, Indices, spread

Codes: TypeAlias = NDArray[np.int16]

_UNDER_20 = 1.1
"""Ages below 20 are drawn this much more often than in the age table: some turn 20, and few newcomers follow."""
_YOUNG_NEWCOMERS = 0.5
"""Newcomers of the months after 2015-07 that are 20 to 25: the autumn's students."""

_STUDENT_BY_AGE = ([17, 18, 25, 26, 30, 31, 36, 50, 80], [0.1, 0.93, 0.93, 0.7, 0.5, 0.25, 0.08, 0.04, 0.01])
_TOP_BY_AGE = ([24, 30, 40, 50, 65, 100], [0.0, 0.0075, 0.036, 0.064, 0.099, 0.085])
"""Share of a segment by age (ages, shares), interpolated; chosen so that the rows of the segments come out."""

_STUDENT_CHANNELS = {"KHE": 0.93, "KHQ": 0.75, "KHD": 0.6, "KHC": 0.5, "KFC": 0.05, "KAT": 0.04, "KFA": 0.15}
_STUDENTS_ELSEWHERE = 0.12
"""Share of students among the rows of a channel."""
_OPEN_CHANNELS = {"KHQ": 0.5, "KHK": 0.14, "KHM": 0.13, "KHN": 0.1, "KHO": 0.01, "KFC": 0.05, "KAT": 0.05, "013": 0.02}
"""Channels through which newcomers arrive, and the rows they leave in the full-size files."""
_NEWCOMER_ROWS = 860_000


def draw_ages(newcomer: Flags, random: np.random.Generator) -> Indices:
    """Years of age in 2015-07, the month whose ages are shown in seven of the 17 months of the age table."""
    table = {int(age): float(number) for age, number in facts.counts("age_counts").items() if age != "NA"}
    weights = np.array([number * (_UNDER_20 if age < 20 else 1.0) for age, number in table.items()])
    drawn = random.choice(np.array(list(table)), size=newcomer.size, p=weights / weights.sum())
    young = newcomer & (random.random(newcomer.size) < _YOUNG_NEWCOMERS)
    return np.where(young, 20 + np.floor(6 * random.random(newcomer.size) ** 2), drawn).astype(np.int64)


def draw_segments(age: Indices, newcomer: Flags, random: np.random.Generator) -> Codes:
    """Segment by age; few newcomers belong to the top segment."""
    student = np.interp(age, *_STUDENT_BY_AGE)
    top = np.interp(age, *_TOP_BY_AGE) * np.where(newcomer, 0.25, 1.0)
    drawn = random.random(age.size)
    rest = np.where(drawn < student + top, facts.TOP, facts.INDIVIDUAL)
    return np.where(drawn < student, facts.STUDENT, rest).astype(np.int16)


def later_segments(segment: Codes, age: Indices) -> Codes:
    """Return the segment to which a customer changes: students to individuals, individuals to top or (when young) students."""
    after = np.array([0, facts.INDIVIDUAL, facts.TOP, facts.INDIVIDUAL])[segment]
    young = (segment == facts.INDIVIDUAL) & (age < 24)
    return np.where(young, facts.STUDENT, after).astype(np.int16)


def draw_sexes(number: int, random: np.random.Generator) -> Codes:
    """7,424,252 rows of men to 6,195,253 of women (calibration/README.md)."""
    man = random.random(number) < 7_424_252 / 13_619_505
    return np.where(man, facts.MAN, facts.WOMAN).astype(np.int16)


def draw_employments(rows: Indices, random: np.random.Generator) -> Codes:
    """Almost nobody has to do with the bank's staff; ``rows``: rows of each customer."""
    plain, *staff = facts.EMPLOYMENT_ROWS
    is_staff = spread(sum(staff) / (plain + sum(staff)), rows, random)
    return np.where(is_staff, 2 + _draw(staff, rows.size, random), 1).astype(np.int16)


def draw_countries(rows: Indices, random: np.random.Generator) -> Codes:
    """Country of residence; ``rows``: rows of each customer."""
    table = facts.counts("country_counts")
    abroad = [table[code] for code in facts.COUNTRIES[2:]]
    is_abroad = spread(sum(abroad) / (sum(abroad) + table[facts.SPAIN]), rows, random)
    return np.where(is_abroad, 2 + _draw(abroad, rows.size, random), 1).astype(np.int16)


def draw_provinces(resident: Flags, random: np.random.Generator) -> Codes:
    """Province of residents, 0 for those who live abroad."""
    table = facts.counts("province_counts", key="nomprov")
    drawn = 1 + _draw([table[name] for name in PROVINCES[1:]], resident.size, random)
    return np.where(resident, drawn, 0).astype(np.int16)


def draw_channels(segment: Codes, newcomer: Flags, random: np.random.Generator) -> Codes:
    """Channel by segment so that the channel table comes out; newcomers use the few channels open to them."""
    table = facts.counts("channel_counts")
    codes = facts.CHANNELS[1:]
    rows = np.array([max(table[code] - _NEWCOMER_ROWS * _OPEN_CHANNELS.get(code, 0.0), 1.0) for code in codes])
    students = np.array([_STUDENT_CHANNELS.get(code, _STUDENTS_ELSEWHERE) for code in codes])
    by_segment = np.where(
        segment == facts.STUDENT,
        _draw(rows * students, segment.size, random),
        _draw(rows * (1 - students), segment.size, random),
    )
    open_now = _draw([_OPEN_CHANNELS.get(code, 0.0) for code in codes], segment.size, random)
    return (1 + np.where(newcomer, open_now, by_segment)).astype(np.int16)


def _draw(weights: list[int] | list[float] | NDArray[np.float64], number: int, random: np.random.Generator) -> Codes:
    """Independent draws from a value set with the given weights, as positions."""
    reach = np.cumsum(np.asarray(weights, np.float64))
    return np.searchsorted(reach[:-1] / reach[-1], random.random(number), side="right").astype(np.int16)


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
