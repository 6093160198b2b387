"""The season family: constants of a month, rounded so that no machine's sine matters."""

import math
from dataclasses import dataclass

import pyarrow as pa

from santander.features.made import Made
from santander.schema.features import Family
from santander.schema.months import Month


@dataclass(frozen=True, slots=True)
class Calendar:
    """The month, and how many rows are asked for."""

    month: Month
    rows: int

    def repeated(self, constant: pa.Scalar) -> pa.Array:
        """Return the same value for every row."""
        return pa.repeat(constant, self.rows)

    @property
    def angle(self) -> float:
        """Angle of the month on the circle of the year, in radians."""
        return 2 * math.pi * (self.month.number - 1) / 12


SEASON = Made[Calendar](Family.SEASON)


@SEASON.makes("month_of_year")
def month_of_year(calendar: Calendar) -> pa.Array:
    """1 to 12."""
    return calendar.repeated(pa.scalar(calendar.month.number, pa.int8()))


@SEASON.makes("season_sine")
def season_sine(calendar: Calendar) -> pa.Array:
    """Six decimals."""
    return calendar.repeated(pa.scalar(round(math.sin(calendar.angle), 6)))


@SEASON.makes("season_cosine")
def season_cosine(calendar: Calendar) -> pa.Array:
    """Six decimals."""
    return calendar.repeated(pa.scalar(round(math.cos(calendar.angle), 6)))
