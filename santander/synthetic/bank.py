"""The simulation: month by month, who is there, what they add, what they close."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from santander.schema.months import Month, month_range
from santander.synthetic.bundles import BLOCKS, bundle_targets
from santander.synthetic.facts import FULL_CUSTOMERS, LAST_LABELLED, additions_of
from santander.synthetic.holdings import base_rates, draw_closings, draw_holdings, holders, newcomer_share
from santander.synthetic.panel import continued, draw_panel, plan_panel
from santander.synthetic.people import People, draw_people, with_newcomers
from santander.synthetic.profile import Profile, first_activity, profile_of, turn_activity
from santander.synthetic.propensity import NO_ROW, Past, Propensity, no_history, propensities, view_of
from santander.synthetic.sampling import Flags, Masks, stream, systematic


@dataclass(frozen=True, slots=True)
class BankMonth:
    """One simulated month, one element per row, rows in order of customer_id.

    ``held``: holdings at its end. ``owned``: holdings of the month before, where ``consecutive``. ``added``: what is
    held now and was not. ``propensity``: chances of the bundles, None in the first month.
    """

    month: Month
    rows: Profile
    held: Masks
    owned: Masks
    consecutive: Flags
    added: Masks
    propensity: Propensity | None


class Bank:
    """A bank of a given size and seed; iterate over ``months()`` once.

    It is planned to end with ``last``. ``until`` continues it: its people and months stay what they are, others follow.
    """

    def __init__(
        self,
        customers: int,
        first: Month,
        last: Month,
        seed: int,
        *,
        until: Month | None = None,
    ) -> None:
        plan = plan_panel(customers, first, max(last, LAST_LABELLED + 1))
        people, order = draw_people(draw_panel(plan, seed), plan.months, seed)
        longer = continued(plan, customers, until or last)
        for position in range(len(plan.months), len(longer.months)):
            people, later = with_newcomers(people, longer.months[position], position, int(longer.newcomers[position]), seed)
            order = np.concatenate([order, order.size + later])
        self.people: People = people
        self._present = draw_panel(longer, seed).present[:, order]
        self._scale = customers / FULL_CUSTOMERS
        self._months = month_range(first, until or last)
        self._seed = seed

    def months(self) -> Iterator[BankMonth]:
        """Simulate from the first month to the last."""
        history = no_history(len(self.people))
        remembered = np.zeros(len(self.people), np.int32)
        active = np.zeros(len(self.people), np.bool_)
        opened = np.zeros(len(self.people), np.int32)
        for position, month in enumerate(self._months):
            who = np.flatnonzero(self._present[position])
            first_row = (self.people.entry[who] == position) & (position > 0)
            active = self._activity(active, opened, position, month)
            rows = profile_of(self.people, month, who, first_row, active[who], self._seed)
            result = (
                self._step(month, rows, first_row, Past.of(history, who), remembered) if position else self._opening(month, rows)
            )
            yield result
            opened[:] = 0
            opened[who] = result.added
            remembered[who] = result.held
            finished = np.full(len(self.people), NO_ROW, np.int32)
            finished[who] = result.held
            history = [finished, *history[:-1]]

    def _activity(self, active: Flags, opened: Masks, position: int, month: Month) -> Flags:
        known = self.people.entry < position
        turned = active.copy()
        turned[known] = turn_activity(active[known], opened[known], self._seed, month.index)
        new = np.flatnonzero(self.people.entry == position)
        turned[new] = first_activity(self.people, new, self._seed, month, opening=position == 0)
        return turned

    def _opening(self, month: Month, rows: Profile) -> BankMonth:
        random = stream(self._seed, "opening", month.index)
        held = draw_holdings(rows, self._scale * holders(month), random)
        nothing = np.zeros(len(rows), np.int32)
        return BankMonth(month, rows, held, nothing, np.zeros(len(rows), np.bool_), nothing, None)

    def _step(self, month: Month, rows: Profile, first_row: Flags, past: Past, remembered: Masks) -> BankMonth:
        random = stream(self._seed, "month", month.index)
        targets = {name: self._scale * number for name, number in bundle_targets(additions_of(month).additions).items()}
        view = view_of(rows, self.people.income[rows.who], past)
        propensity = propensities(view, targets)
        added = draw_additions(propensity, random)
        now = np.where(past.consecutive, past.held | added, remembered[rows.who])
        arrivals = np.flatnonzero(first_row)
        wanted = arrivals.size * base_rates() * newcomer_share()
        now[arrivals] = draw_holdings(rows.of(arrivals), wanted, random)
        path = self._scale * holders(month)
        held = now & ~draw_closings(rows, past, now, path, random)
        return BankMonth(month, rows, held, past.held, past.consecutive, added, propensity)


def draw_additions(propensity: Propensity, random: np.random.Generator) -> Masks:
    """Products added per row, as bitmasks: at most one bundle of each block, blocks independent of each other."""
    rows = propensity.chances[0].shape[1]
    added = np.zeros(rows, np.int32)
    order = random.permutation(rows)
    for block, chances in zip(BLOCKS, propensity.chances, strict=True):
        in_order = chances[:, order].T.ravel()  # the bundles of a customer lie side by side, so one at most is drawn
        drawn = systematic(in_order, random.random())
        brings = np.array([bundle.adds for bundle in block], np.int32)
        customer, bundle = np.divmod(drawn, len(block))
        added[order[customer]] |= brings[bundle]
    return added
