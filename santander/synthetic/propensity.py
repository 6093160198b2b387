"""The known propensity: the chance of every bundle for every customer of a month.

A function of the profile of month M and the holdings of M-1 to M-5 alone, as the files show them. The log chance of a
bundle is the sum of its affinity to the profile, of triggers (what is held, was opened or closed last month) and of
lapses (what was held within the window and is not held now); an intercept per month and bundle makes the chances sum
to the additions of the facts.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Self

import numpy as np
from numpy.typing import NDArray

from santander.schema.products import N_PRODUCTS, PRODUCTS
from santander.schema.reason_families import ReasonFamily
from santander.synthetic import affinity, facts
from santander.synthetic.bundles import BLOCKS, Bundle, bits
from santander.synthetic.profile import Profile
from santander.synthetic.sampling import Flags, Indices, Masks, scaled_to

LAGS = 5
NO_ROW = -1


def no_history(customers: int) -> list[Masks]:
    """Holdings of all customers in the last five months, newest first, before there is any: ``NO_ROW``."""
    return [np.full(customers, NO_ROW, np.int32) for _ in range(LAGS)]


@dataclass(frozen=True, slots=True)
class Past:
    """One element per row of the month to come.

    ``consecutive``: the customer has a row in the month before. ``lags``: holdings of M-1 to M-5, 0 where unknown.
    ``two_months``: the customer has a row two months before.
    """

    consecutive: Flags
    lags: tuple[Masks, ...]
    two_months: Flags

    @classmethod
    def of(cls, months: list[Masks], who: Indices) -> Self:
        """Return the history that the files show of the customers ``who``, by the holdings of the last five months."""
        lags = [held[who] for held in months]
        return cls(lags[0] != NO_ROW, tuple(np.where(lag == NO_ROW, 0, lag) for lag in lags), lags[1] != NO_ROW)

    @property
    def held(self) -> Masks:
        """Holdings of M-1."""
        return self.lags[0]

    @property
    def opened(self) -> Masks:
        """Products held in M-1 and not in M-2, for customers with both rows."""
        return np.where(self.two_months, self.lags[0] & ~self.lags[1], 0)

    @property
    def closed(self) -> Masks:
        """Products held in M-2 and not in M-1."""
        return np.where(self.consecutive, self.lags[1] & ~self.lags[0], 0)

    def lapsed(self) -> list[Masks]:
        """Products not held in M-1 by months since they were last held: element k - 1 is held last in M-1-k."""
        since, seen = [], self.lags[0].copy()
        for lag in self.lags[1:]:
            since.append(lag & ~seen)
            seen |= lag
        return since


ADULT_AT = 20
"""Junior accounts close at this age and are not opened from it on."""

_LAPSE_FADES = (1.0, 0.85, 0.7, 0.55)
"""Weight of a lapse by months since the product was last held: one to four months before M-1."""
_MOST_HELD = 6
UNKNOWN_AGE = 40


DEMOGRAPHIC, DETAIL, HOLDINGS, MEMORY = 0.38, 1.65, 0.8, 1.7
"""Sharpness: how strongly the terms tell customers apart, the same for all bundles; found as ``calibration/README.md`` says.

Age, segment and activity (what the popularity baseline sees); income, tenure, channel and number of products; what else is
held; lapses, openings and closings (what older lags show)."""


@dataclass(frozen=True, slots=True)
class Propensity:
    """Chances of all bundles in a month: for each block of ``BLOCKS`` an array of shape (its bundles, rows)."""

    chances: list[NDArray[np.float32]]

    def marginal(self) -> NDArray[np.float32]:
        """Chance that a product is added, whatever bundle brings it: shape (24, rows); 0 for products held."""
        added = np.zeros((N_PRODUCTS, self.chances[0].shape[1]), np.float32)
        for block, chances in zip(BLOCKS, self.chances, strict=True):
            for bundle, chance in zip(block, chances, strict=True):
                for product in PRODUCTS:
                    if bundle.adds & product.mask:
                        added[product.bit] += chance
        return added


@dataclass(frozen=True, slots=True)
class View:
    """What the files show of the customers of a month, ready for lookups; one element per row.

    ``group``, ``income``, ``tenure``, ``channel``, ``held``: positions in the tables of ``Affinity``. ``seen``:
    bitmasks of products ``held``, ``opened`` and ``closed``; ``lapsed``: bitmasks by months since they were last held.
    """

    past: Past
    age: Indices
    group: NDArray[np.int32]
    income: NDArray[np.int8]
    tenure: NDArray[np.int8]
    channel: NDArray[np.int16]
    held: NDArray[np.uint8]
    seen: dict[str, Masks]
    lapsed: list[Masks]


def view_of(rows: Profile, income: NDArray[np.float64], past: Past) -> View:
    """Gather the view; ``income`` is per row, NaN where unknown. A missing block hides age, activity and income."""
    return seen_by(
        past,
        np.where(rows.block, UNKNOWN_AGE, rows.age),
        rows.segment,
        rows.active & ~rows.block,
        np.where(rows.block, np.nan, income),
        np.where(rows.block, 0, rows.seniority),
        rows.channel,
    )


def seen_by(
    past: Past,
    age: Indices,
    segment: NDArray[np.int16],
    active: Flags,
    income: NDArray[np.float64],
    seniority: Indices,
    channel: NDArray[np.int16],
) -> View:
    """Gather the view from what is known: an unknown age is 40, unknown activity none, an unknown income NaN."""
    return View(
        past=past,
        age=age,
        group=affinity.group_class(age, segment, active),
        income=affinity.income_class(income),
        tenure=affinity.tenure_class(seniority),
        channel=channel,
        held=np.minimum(np.bitwise_count(past.held), _MOST_HELD).astype(np.uint8),
        seen={"held": past.held, "opened": past.opened, "closed": past.closed},
        lapsed=past.lapsed(),
    )


def propensities(view: View, targets: dict[str, float]) -> Propensity:
    """Chances of every bundle for the rows of a month; ``targets``: additions wanted by bundle name."""
    chances = []
    for block in BLOCKS:
        of_block = np.zeros((len(block), view.age.size), np.float32)
        for place, bundle in enumerate(block):
            if targets[bundle.name] > 0:
                weights = np.exp(_log_weights(bundle, view))
                weights[~_may_add(bundle, view)] = 0
                of_block[place] = scaled_to(weights, targets[bundle.name], at_most=bundle.at_most)
        chances.append(of_block)
    return Propensity(chances)


def _log_weights(bundle: Bundle, view: View) -> NDArray[np.float32]:
    score = np.zeros(view.age.size, np.float32)
    for _, term in log_terms(bundle, view):
        score += term
    return score


def log_terms(bundle: Bundle, view: View) -> Iterator[tuple[ReasonFamily, NDArray[np.float32]]]:
    """Return the terms of a bundle's log chance for each row, with the reason that each is; a reason may have several."""
    fit = affinity.affinities()[bundle.name]
    yield ReasonFamily.GROUP, (np.float32(DEMOGRAPHIC) * fit.group)[view.group]
    yield ReasonFamily.INCOME, (np.float32(DETAIL) * fit.income)[view.income]
    yield ReasonFamily.TENURE, (np.float32(DETAIL) * fit.tenure)[view.tenure]
    yield ReasonFamily.CHANNEL, (np.float32(DETAIL) * fit.channel)[view.channel]
    held = np.float32(DETAIL * fit.held) * np.arange(_MOST_HELD + 1, dtype=np.float32)
    yield ReasonFamily.PRODUCTS_HELD, held[view.held]
    for when, mask, effect in _triggers().get(bundle.name, ()):
        strength, reason = (HOLDINGS, ReasonFamily.HOLDINGS) if when == "held" else (MEMORY, ReasonFamily.CHANGES)
        yield reason, np.where(view.seen[when] & mask != 0, np.float32(strength * effect), np.float32(0))
    for fade, masks in zip(_LAPSE_FADES, view.lapsed, strict=True):
        yield ReasonFamily.CHANGES, np.where(masks & bundle.lead != 0, np.float32(MEMORY * fade * fit.lapse), np.float32(0))


@cache
def _triggers() -> dict[str, list[tuple[str, int, float]]]:
    """Return by bundle: when (held, opened, closed), product mask, log effect of each trigger; ``calibration/triggers.csv``."""
    by_bundle: dict[str, list[tuple[str, int, float]]] = {}
    for row in facts.table("triggers"):
        by_bundle.setdefault(row["bundle"], []).append((row["when"], bits(row["product"]), float(row["effect"])))
    return by_bundle


def _may_add(bundle: Bundle, view: View) -> Flags:
    held = view.past.held
    allowed: Flags = view.past.consecutive & (held & bundle.forbids == 0) & (held & bundle.needs == bundle.needs)
    return allowed & (view.age < ADULT_AT) if bundle.adds & bits("junior_account") else allowed
