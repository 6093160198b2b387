"""The gate: may a challenger take the champion's place? Both are judged on the same customers of the same month."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Self

from santander.config.sections import GateSettings
from santander.evaluation.chance_figures import Calibration
from santander.evaluation.resampling import PairedDifference, SliceDifference
from santander.schema.months import Month
from santander.schema.records import Inline, Unwritten


class Contest(StrEnum):
    """What the challenger is to the champion."""

    NEW_RECIPE = "new recipe"
    REFRESH = "refresh"
    """The champion's recipe on later months."""


@dataclass(frozen=True)
class Ages:
    """How old the contestants are: the last month of the fit that each was judged by."""

    challenger: Month
    champion: Month
    refit: Month | None = None
    """Of the champion's recipe fitted anew for the contest, where it was."""


@dataclass(frozen=True)
class Bounds:
    """The 95 % bounds of the difference in MAP@7, and the difference as a share of the champion's with its bounds."""

    lower: float
    upper: float
    relative: float
    relative_lower: float
    relative_upper: float

    @classmethod
    def of(cls, compared: PairedDifference) -> Self:
        """The bounds of a comparison."""
        return cls(compared.lower, compared.upper, compared.relative, compared.relative_lower, compared.relative_upper)


@dataclass(frozen=True)
class VerdictFigures:
    """MAP@7 of challenger and champion as it is, and bounds of the difference."""

    map7: float
    champion_map7: float
    bounds: Inline[Bounds]


@dataclass(frozen=True)
class Contestant:
    """What a contestant reached, the last month of its fit, and for a refit the bounds of the challenger's gain over it."""

    map7: float
    fitted_to: Month | None
    bounds: Inline[Bounds | None] = None


@dataclass(frozen=True)
class Contestants:
    """Everybody who was compared."""

    challenger: Contestant
    champion: Contestant
    refit: Contestant | None


@dataclass(frozen=True)
class Verdict:
    """Whether the challenger is promoted, and why, in one sentence; with what it was found by where the two could be compared."""

    promoted: bool
    reason: str
    compared: Unwritten[PairedDifference | None] = None
    """With the champion as it is."""
    slices: tuple[SliceDifference, ...] = ()
    contest: Contest | None = None
    month: Month | None = None
    """The month both were judged on."""
    refit: Unwritten[PairedDifference | None] = None
    """With the champion's recipe fitted anew up to the month before; where there is one, the gain over it is what counts."""
    ages: Unwritten[Ages | None] = None
    chances: Calibration | None = None
    """Whether the challenger's chances hold, all products together; None where it gives none."""

    ALSO_WRITTEN: ClassVar = ("figures", "contestants")

    @property
    def counted(self) -> PairedDifference | None:
        """The comparison that the gate went by."""
        return self.refit or self.compared

    @property
    def contestants(self) -> Contestants | None:
        """MAP@7 and last fit month of each that was compared, and the gain over a refit; None where nothing was compared."""
        if self.compared is None or self.ages is None:
            return None
        refit = None
        if self.refit is not None:
            refit = Contestant(self.refit.champion, self.ages.refit, Bounds.of(self.refit))
        return Contestants(
            challenger=Contestant(self.compared.challenger, self.ages.challenger),
            champion=Contestant(self.compared.champion, self.ages.champion),
            refit=refit,
        )

    @property
    def figures(self) -> VerdictFigures | None:
        """MAP@7 of challenger and champion as it is, and bounds of the difference; None where nothing was compared."""
        if self.compared is None:
            return None
        return VerdictFigures(self.compared.challenger, self.compared.champion, Bounds.of(self.compared))


def decide(
    compared: PairedDifference,
    contest: Contest,
    rule: GateSettings,
    slices: Sequence[SliceDifference] = (),
    month: Month | None = None,
    refit: PairedDifference | None = None,
    ages: Ages | None = None,
    names: tuple[str, str] = ("the challenger", "the champion"),
    chances: Calibration | None = None,
) -> Verdict:
    """A new recipe must gain enough and surely, a refresh must surely not lose much, and no slice may surely lose more.

    In either case the challenger's chances, where it gives any, must not surely be spread too far apart or not far enough.

    With ``refit`` the gain counts over the champion's recipe fitted anew, and the champion as it is must not be better. ``names``
    are what the reason calls challenger and champion.
    """
    counted = refit or compared
    whom = names[1] if refit is None else "the champion's recipe fitted anew"
    on = "" if month is None else f" on {month}"
    figures = f"{counted.challenger:.6f} of {names[0]} against {counted.champion:.6f} of {whom}"
    gain = f"MAP@7{on}: {figures}, {counted.relative:+.2%}"
    if contest is Contest.REFRESH:
        promoted = counted.relative_lower > -rule.max_refresh_loss
        bounds = f"95 % from {counted.relative_lower:+.2%} to {counted.relative_upper:+.2%}"
        reason = f"refresh: {gain} ({bounds}, above {-rule.max_refresh_loss:.2%} needed)"
        reason += _equal_by_design(counted, month, ages)
    else:
        promoted = counted.lower > 0 and counted.relative >= rule.min_relative_gain
        bounds = f"95 % of the difference from {counted.lower:+.6f} to {counted.upper:+.6f}"
        reason = f"{gain} ({bounds}; needed: above 0, and {rule.min_relative_gain:+.2%})"
    if refit is not None and ages is not None:
        promoted = promoted and compared.difference > 0
        reason = (
            f"fitted up to {ages.challenger}, and the champion's recipe fitted anew up to {ages.refit}: {reason}; "
            f"the champion as it is, fitted up to {ages.champion}: {compared.champion:.6f}, {compared.relative:+.2%} "
            "(needed: above 0)"
        )
    if failed := [_told(slice_) for slice_ in slices if slice_.failed]:
        promoted = False
        reason += f"; worse for {' and '.join(failed)}, {-rule.max_slice_loss:+.2%} is the most that a slice may lose"
    if (fault := fault_in(chances, rule)) is not None:
        promoted = False
        reason += f"; {fault}"
    return Verdict(promoted, reason, compared, tuple(slices), contest, month, refit, ages, chances)


def fault_in(chances: Calibration | None, rule: GateSettings) -> str | None:
    """Return what is surely wrong with the shape of chances, in words; None without chances, and where nothing surely is."""
    if chances is None or chances.slope is None or chances.slope_low is None or chances.slope_high is None:
        return None
    if chances.slope_high < rule.min_chance_slope:
        how, setting = "too far apart", f"{rule.min_chance_slope} is the least, gate.min_chance_slope"
    elif chances.slope_low > rule.max_chance_slope:
        how, setting = "not far enough apart", f"{rule.max_chance_slope} is the most, gate.max_chance_slope"
    else:
        return None
    interval = f"95 % from {chances.slope_low:.3f} to {chances.slope_high:.3f}"
    return f"its chances lie {how}: slope of calibration {chances.slope:.3f} of all products together ({interval}; {setting})"


def _equal_by_design(counted: PairedDifference, month: Month | None, ages: Ages | None) -> str:
    """Return why a refresh reaches exactly what the champion does, as one that is a month younger always should."""
    if counted.difference or ages is None or ages.challenger != ages.champion:
        return ""
    return (
        f"; equal as expected: the refresh has seen {month or 'the month'} and cannot be judged on it, so both are judged by "
        f"the same recipe fitted up to {ages.champion}"
    )


def _told(slice_: SliceDifference) -> str:
    bounds = f"95 % from {slice_.relative_lower:+.2%} to {slice_.relative_upper:+.2%}"
    return f"{slice_.name} ({slice_.relative:+.2%}, {bounds})"
