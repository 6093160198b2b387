"""The gate: may a challenger take the champion's place? Both are judged on the same customers of the same month."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from santander.bank.months import Month
from santander.evaluation.resampling import PairedDifference
from santander.evaluation.slices import SliceDifference
from santander.settings import GateSettings


class Contest(StrEnum):
    """What the challenger is to the champion."""

    NEW_RECIPE = "new recipe"
    REFRESH = "refresh"
    """The champion's recipe on later months."""


@dataclass(frozen=True)
class Verdict:
    """Whether the challenger is promoted, and why, in one sentence; with what it was found by where the two could be compared."""

    promoted: bool
    reason: str
    compared: PairedDifference | None = None
    slices: tuple[SliceDifference, ...] = ()
    contest: Contest | None = None
    month: Month | None = None
    """The month both were judged on."""

    def figures(self) -> dict[str, Any] | None:
        """MAP@7 of both and the bounds of the difference as plain values; None where nothing was compared."""
        if self.compared is None:
            return None
        compared = asdict(self.compared)
        return {"map7": compared.pop("challenger"), "champion_map7": compared.pop("champion"), **compared}


def decide(
    compared: PairedDifference,
    contest: Contest,
    rule: GateSettings,
    slices: Sequence[SliceDifference] = (),
    month: Month | None = None,
) -> Verdict:
    """A new recipe must gain enough and surely, a refresh must surely not lose much, and no slice may surely lose more."""
    gain = f"MAP@7 {compared.challenger:.6f} against {compared.champion:.6f}, {compared.relative:+.2%}"
    if contest is Contest.REFRESH:
        promoted = compared.relative_lower > -rule.max_refresh_loss
        bounds = f"95 % from {compared.relative_lower:+.2%} to {compared.relative_upper:+.2%}"
        reason = f"refresh: {gain} ({bounds}, above {-rule.max_refresh_loss:.2%} needed)"
    else:
        promoted = compared.lower > 0 and compared.relative >= rule.min_relative_gain
        bounds = f"95 % of the difference from {compared.lower:+.6f} to {compared.upper:+.6f}"
        reason = f"{gain} ({bounds}; needed: above 0, and {rule.min_relative_gain:+.2%})"
    if failed := [_told(slice_) for slice_ in slices if slice_.failed]:
        promoted = False
        reason += f"; worse for {' and '.join(failed)}, {-rule.max_slice_loss:+.2%} is the most that a slice may lose"
    return Verdict(promoted, reason, compared, tuple(slices), contest, month)


def _told(slice_: SliceDifference) -> str:
    bounds = f"95 % from {slice_.relative_lower:+.2%} to {slice_.relative_upper:+.2%}"
    return f"{slice_.name} ({slice_.relative:+.2%}, {bounds})"
