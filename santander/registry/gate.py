"""The gate: may a challenger take the champion's place? Both are judged on the same customers of the same month."""

from dataclasses import dataclass
from enum import StrEnum

from santander.evaluation.resampling import PairedDifference
from santander.settings import GateSettings


class Contest(StrEnum):
    """What the challenger is to the champion."""

    NEW_RECIPE = "new recipe"
    REFRESH = "refresh"
    """The champion's recipe on later months."""


@dataclass(frozen=True)
class Verdict:
    """Whether the challenger is promoted, and why, in one sentence."""

    promoted: bool
    reason: str
    compared: PairedDifference | None = None


def decide(compared: PairedDifference, contest: Contest, rule: GateSettings) -> Verdict:
    """A new recipe must gain enough and surely; a refresh must surely not lose much."""
    gain = f"MAP@7 {compared.challenger:.6f} against {compared.champion:.6f}, {compared.relative:+.2%}"
    if contest is Contest.REFRESH:
        promoted = compared.relative_lower > -rule.max_refresh_loss
        bounds = f"95 % from {compared.relative_lower:+.2%} to {compared.relative_upper:+.2%}"
        return Verdict(promoted, f"refresh: {gain} ({bounds}, above {-rule.max_refresh_loss:.2%} needed)", compared)
    promoted = compared.lower > 0 and compared.relative >= rule.min_relative_gain
    bounds = f"95 % of the difference from {compared.lower:+.6f} to {compared.upper:+.6f}"
    return Verdict(promoted, f"{gain} ({bounds}; needed: above 0, and {rule.min_relative_gain:+.2%})", compared)
