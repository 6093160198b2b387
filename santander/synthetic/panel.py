"""Who has a row in which month: newcomers, leavers and the rare gaps."""

from dataclasses import dataclass

import numpy as np

from santander.synthetic.sampling import Flags, Indices
from santander.synthetic.streams import stream
from santander.synthetic.targets import PanelPlan


@dataclass(frozen=True, slots=True)
class Panel:
    """Presence of customers, numbered by entry: the first month's rows first, then each month's newcomers.

    ``entry``: shape (customers,), position of the first month with a row in the plan's months.
    ``present``: shape (months, customers), true where the customer has a row.
    """

    entry: Indices
    present: Flags


def draw_panel(plan: PanelPlan, seed: int) -> Panel:
    """Draw leavers and returns month by month so that the plan's counts come out exactly."""
    total = int(plan.newcomers.sum())
    entry = np.repeat(np.arange(len(plan.months)), plan.newcomers)
    present = np.zeros((len(plan.months), total), np.bool_)
    away = np.zeros(total, np.bool_)
    here = entry == 0
    present[0] = here
    for position, month in enumerate(plan.months[1:], start=1):
        random = stream(seed, "panel", month.index)
        back = _some(np.flatnonzero(away), int(plan.returns[position]), random)
        short = int(plan.returns[position]) - back.size
        settled = np.flatnonzero(here & (entry < position - 1)) if position > 1 else np.flatnonzero(here)
        gone = _some(settled, int(plan.leavers[position]) - short, random)
        here[gone], away[gone] = False, True
        here[back], away[back] = True, False
        here |= entry == position
        present[position] = here
    return Panel(entry, present)


def _some(candidates: Indices, number: int, random: np.random.Generator) -> Indices:
    return random.choice(candidates, size=max(min(number, candidates.size), 0), replace=False)
