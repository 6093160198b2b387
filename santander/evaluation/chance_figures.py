"""Figures that say whether a model's chances hold across customers: their shape at the level of the month, and the level apart.

The level of a month (tax season, a campaign) cannot be known before, so chances are scaled by product to what the month really
had before their shape is judged. ``calibration.py`` asks something else: whether scores hold among the additions that were made.
"""

from dataclasses import dataclass

from santander.schema.records import Inline


@dataclass(frozen=True)
class Calibration:
    """How well the chances of some pairs hold. The slope is None where additions do not tell one, the rest without any."""

    additions: int
    level: float | None
    """Additions expected, as the chances were given, over those that happened."""
    slope: float | None
    slope_low: float | None
    slope_high: float | None
    error: float | None
    """Distance between expected and happened, summed over twenty groups, as a share of what happened."""
    error_by_luck: float | None
    """The error that perfect chances have on so many additions, on average."""


@dataclass(frozen=True)
class PartCalibration:
    """The calibration of a product, a segment, or the new customers."""

    name: str
    calibration: Inline[Calibration]


@dataclass(frozen=True)
class ChanceFigures:
    """All products together, then each product that was added and each slice of customers by itself."""

    calibration: Inline[Calibration]
    pairs: int
    top_1_percent: float | None
    """Share of the additions that fell on the hundredth of all pairs with the highest chances."""
    top_5_percent: float | None
    products: tuple[PartCalibration, ...]
    slices: tuple[PartCalibration, ...]
