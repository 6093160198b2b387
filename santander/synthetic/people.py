"""The customers of the bank: what does not change from month to month, drawn once from the value distributions."""

from dataclasses import dataclass, fields, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from santander.schema.months import Month
from santander.synthetic import demography, facts
from santander.synthetic.demography import draw_income
from santander.synthetic.panel import Panel, customer_ids, joining_days, newcomers
from santander.synthetic.sampling import Flags, Indices, spread, stream

Codes: TypeAlias = NDArray[np.int16]

_KNOWN_ROWS = sum(facts.MONTHLY_ROWS.values()) - facts.MISSING_ROWS["block"]
_FOREIGN_BORN_RESIDENTS = (644_736 - 65_865) / 13_553_711
_DECEASED_ROWS, _SEX_CHANGES, _SEGMENT_CHANGES = 34_762, 46 / facts.FULL_CUSTOMERS, 0.0265
NEVER = 10**6
"""A month index that does not come."""


@dataclass(frozen=True, slots=True)
class People:
    """One element per customer, in order of customer_id.

    ``entry``: position of the first month with a row. ``joined``: day of the first contract, days since 1970-01-01.
    ``born``, ``sex_change``, ``segment_change``, ``late_block``: ``Month.index`` of birth, of the change (or NEVER),
    and of the first month in which the block of eleven profile columns is known (0: always known).
    ``segment_later``: the segment from ``segment_change`` on. Codes index the value sets of ``facts``.
    ``income``: euros a year, NaN where unknown.
    """

    customer_id: Indices
    entry: Indices
    joined: Indices
    born: Indices
    sex: Codes
    sex_change: Indices
    employment: Codes
    country: Codes
    province: Codes
    channel: Codes
    segment: Codes
    segment_later: Codes
    segment_change: Indices
    foreign_born: Flags
    deceased: Flags
    spouse: Flags
    income: NDArray[np.float64]
    late_block: Indices

    def __len__(self) -> int:
        return int(self.customer_id.size)


def draw_people(panel: Panel, months: list[Month], seed: int) -> tuple[People, Indices]:
    """Draw all customers of a panel over ``months``; also return each one's number in the panel."""
    return _draw(panel, months, stream(seed, "people"))


def with_newcomers(people: People, month: Month, position: int, number: int, seed: int) -> tuple[People, Indices]:
    """Append customers who appear in ``month``, at this position; also return their order among themselves.

    Nobody before them changes: they are drawn from a stream of their month, and their ids go on behind the highest.
    """
    if not number:
        return people, np.empty(0, np.int64)
    panel = Panel(entry=np.ones(number, np.int64), present=np.array([[False], [True]]).repeat(number, axis=1))
    ids = people.customer_id[-1] + 1 + np.arange(number)
    drawn, order = _draw(panel, [month - 1, month], stream(seed, "people", month.index), ids)
    drawn = replace(drawn, entry=np.full(number, position))
    both = {field.name: np.concatenate([getattr(people, field.name), getattr(drawn, field.name)]) for field in fields(People)}
    return People(**both), order


def _draw(panel: Panel, months: list[Month], random: np.random.Generator, ids: Indices | None = None) -> tuple[People, Indices]:
    entry_month = months[0].index + panel.entry
    joined = joining_days(entry_month, panel.entry > 0, random)
    order = np.argsort(joined + random.normal(0, 60, joined.size), kind="stable")
    entry, newcomer = panel.entry[order], newcomers(entry_month, panel.entry > 0)[order]
    rows = panel.present.sum(axis=0)[order]

    age = demography.draw_ages(newcomer, random)
    segment = demography.draw_segments(age, newcomer, random)
    country = demography.draw_countries(rows, random)
    resident = country == facts.COUNTRIES.index(facts.SPAIN)
    province = demography.draw_provinces(resident, random)
    people = People(
        customer_id=customer_ids(age.size, random) if ids is None else ids,
        entry=entry,
        joined=joined[order],
        born=facts.FROZEN_UNTIL.index - 12 * age - random.integers(0, 12, age.size),
        sex=demography.draw_sexes(age.size, random),
        sex_change=_rare_months(_SEX_CHANGES, age.size, months, random),
        employment=demography.draw_employments(rows, random),
        country=country,
        province=province,
        channel=demography.draw_channels(segment, newcomer, random),
        segment=segment,
        segment_later=demography.later_segments(segment, age),
        segment_change=_rare_months(_SEGMENT_CHANGES, age.size, months, random),
        foreign_born=~resident | (random.random(age.size) < _FOREIGN_BORN_RESIDENTS),
        deceased=spread(_DECEASED_ROWS / _KNOWN_ROWS, rows, random),
        spouse=spread(facts.PRESENT_ROWS["spouse"] / _KNOWN_ROWS, rows, random),
        income=draw_income(province, segment, age, rows, random),
        late_block=_late_blocks(panel, order, months, random),
    )
    return people, order


def _rare_months(chance: float, number: int, months: list[Month], random: np.random.Generator) -> Indices:
    """Draw one of the 16 months after the first for a share of customers, NEVER for the others."""
    when = months[0].index + random.integers(1, 17, number)
    return np.where(random.random(number) < chance, when, NEVER)


def _late_blocks(panel: Panel, order: Indices, months: list[Month], random: np.random.Generator) -> Indices:
    """The cohort of 7,340 whose profile is missing for the first one to six months of 2015: 27,734 rows in all."""
    until = np.zeros(order.size, np.int64)
    frozen = facts.FROZEN_UNTIL.index - facts.FIRST_MONTH.index
    if months[0] != facts.FIRST_MONTH or len(months) < frozen:
        return until
    scale = panel.present[0].sum() / facts.MONTHLY_ROWS[facts.FIRST_MONTH]
    always_there = np.all(panel.present[:frozen, order], axis=0)
    candidates = np.flatnonzero(always_there)
    cohort = random.choice(candidates, size=round(facts.BLOCK_CUSTOMERS * scale), replace=False)
    lengths = 1 + np.arange(cohort.size) % frozen
    short = round(facts.MISSING_ROWS["block"] * scale) - int(lengths.sum())
    lengths[np.flatnonzero(lengths < frozen)[: max(short, 0)]] += 1
    until[cohort] = facts.FIRST_MONTH.index + lengths
    return until
