"""What the row of a customer shows in a month: the profile as delivered, gaps and time anomalies included."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from santander.schema.columns import HIGHEST_AGE
from santander.schema.months import Month
from santander.synthetic import facts
from santander.synthetic.panel import JULY_BATCH
from santander.synthetic.people import Codes, People
from santander.synthetic.sampling import Flags, Indices, Masks, quota, stream

_BY_SEGMENT = np.zeros(len(facts.SEGMENTS), np.float32)
_BY_SEGMENT[[facts.TOP, facts.INDIVIDUAL, facts.STUDENT]] = 0.92, 0.63, 0.27
"""How readily customers of a segment are active at first, against each other."""
_FIRST_ACTIVE, _JULY_ACTIVE, _LATER_ACTIVE = 0.505, 0.22, 0.48
"""Active customers of the first month, the batch of 2015-07 and later newcomers: 45.8 % of all rows."""
_TURNS = 0.008
"""Share of active customers that turn inactive in a month; as many turn active, mostly after opening a product."""
_AFTER_OPENING = 20.0


def first_activity(people: People, who: Indices, seed: int, month: Month, *, opening: bool) -> Flags:
    """Activity of the customers ``who`` when they appear, in the bank's first month (``opening``) or later."""
    random = stream(seed, "first activity", month.index)
    share = _FIRST_ACTIVE if opening else _JULY_ACTIVE if month == JULY_BATCH else _LATER_ACTIVE
    active = np.zeros(who.size, np.bool_)
    active[quota(_BY_SEGMENT[people.segment[who]], share * who.size, random)] = True
    return active & ~people.deceased[who]


def turn_activity(active: Flags, opened: Masks, seed: int, month: int) -> Flags:
    """The next month's flags; ``opened``: products opened in the month before, per row."""
    random = stream(seed, "activity", month)
    turns = _TURNS * np.count_nonzero(active)
    off = quota(active.astype(np.float32), turns, random)
    on = quota(np.where(active, 0.0, np.where(opened != 0, _AFTER_OPENING, 1.0)).astype(np.float32), turns, random)
    turned = active.copy()
    turned[off], turned[on] = False, True
    return turned


SENTINEL_SENIORITY = -999_999
_SENTINEL_SHARE = 38 / 13_647_309
_NEW_BELOW = 6
"""Customers count as new while their shown seniority is below this many months."""

_FIRST_ROW_LACKS = {"relation": 122_047 / 331_188, "channel": 158_392 / 331_188, "segment": 161_634 / 331_188}
"""Share of first rows without the value: missing rows outside the late cohort over all newcomers (calibration/README.md)."""
_FIRST_ROW_LACKS_PAYROLL = facts.MISSING_ROWS["payroll"] / 331_188
_SEX_UNKNOWN_ROWS = (facts.MISSING_ROWS["sex"] - facts.MISSING_ROWS["block"]) / 13_647_309


@dataclass(frozen=True, slots=True)
class Profile:
    """The rows of one month, one element per row, in order of customer_id; codes index the value sets of ``facts``.

    ``who``: position of the customer in ``People``. ``block``: the block of eleven columns is missing.
    ``age``: years. ``seniority``: months. ``left_on``: day of the month a primary customer left (0: stayed).
    """

    who: Indices
    block: Flags
    age: Indices
    seniority: Indices
    is_new: Flags
    left_on: Indices
    sex: Codes
    segment: Codes
    channel: Codes
    relation_kind: Codes
    relation_type: Codes
    active: Flags
    payroll_missing: Flags

    def __len__(self) -> int:
        return int(self.who.size)

    def of(self, rows: Indices) -> "Profile":
        """The same for some of the rows."""
        return Profile(*(getattr(self, field.name)[rows] for field in fields(self)))


def profile_of(people: People, month: Month, who: Indices, first_row: Flags, active: Flags, seed: int) -> Profile:
    """Rows of ``month`` for the customers ``who``; ``first_row`` marks newcomers, ``active`` is per row."""
    random = stream(seed, "profile", month.index)
    shown = max(month.index, facts.FROZEN_UNTIL.index) if month >= facts.FIRST_MONTH else month.index
    joined = people.joined[who]
    seniority = _whole_months(joined, shown)
    block = people.late_block[who] > month.index
    lacks = _first_row_gaps(first_row, random)
    segment = np.where(people.segment_change[who] <= month.index, people.segment_later[who], people.segment[who])
    sex = np.where(people.sex_change[who] <= month.index, 3 - people.sex[who], people.sex[who])
    sex_unknown = random.random(who.size) < _SEX_UNKNOWN_ROWS
    kind, kind_type = _relations(active, random)
    left_on = _leaving_days(month, who.size, random)
    sentinel = random.random(who.size) < _SENTINEL_SHARE
    return Profile(
        who=who,
        block=block,
        age=np.clip((shown - people.born[who]) // 12, 2, HIGHEST_AGE),
        seniority=np.where(sentinel, SENTINEL_SENIORITY, seniority),
        is_new=seniority < _NEW_BELOW,
        left_on=np.where(block, 0, left_on),
        sex=np.where(block | sex_unknown, 0, sex).astype(np.int16),
        segment=np.where(block | (lacks < _FIRST_ROW_LACKS["segment"]), 0, segment).astype(np.int16),
        channel=np.where(block | (lacks < _FIRST_ROW_LACKS["channel"]), 0, people.channel[who]).astype(np.int16),
        relation_kind=np.where(block | (lacks < _FIRST_ROW_LACKS["relation"]), 0, kind).astype(np.int16),
        relation_type=np.where(block | (lacks < _FIRST_ROW_LACKS["relation"]), 0, kind_type).astype(np.int16),
        active=active,
        payroll_missing=first_row & (random.random(who.size) < _FIRST_ROW_LACKS_PAYROLL),
    )


def _whole_months(joined: Indices, month: int) -> Indices:
    """Whole months from the first contract to the snapshot, at least 0."""
    calendar = joined.astype("datetime64[D]").astype("datetime64[M]")
    day = joined - calendar.astype("datetime64[D]").astype(np.int64)
    return np.maximum(month - 1970 * 12 - calendar.astype(np.int64) - (day > 27), 0)


def _first_row_gaps(first_row: Flags, random: np.random.Generator) -> NDArray[np.float64]:
    """An even spread of 0 to 1 over the newcomers in random order, 1 for all others: gaps nest below a threshold."""
    newcomers = np.flatnonzero(first_row)
    lacks = np.ones(first_row.size)
    lacks[random.permutation(newcomers)] = (np.arange(newcomers.size) + random.random()) / max(newcomers.size, 1)
    return lacks


def _relations(active: Flags, random: np.random.Generator) -> tuple[Codes, Codes]:
    """Relation kind (``1`` in 32 % of rows, else ``1.0``; few others) and type (mostly follows the activity flag)."""
    drawn = random.random(active.size)
    rare = np.array([4_357, 1_577, 874, 305]) / 13_647_309
    kind = np.select(
        [drawn < edge for edge in np.cumsum(rare)],
        [facts.RELATION_KINDS.index(text) for text in ("3.0", "2.0", "P", "4.0")],
        facts.RELATION_KINDS.index("1.0"),
    )
    numeric = kind != facts.RELATION_KINDS.index("P")
    kind = np.where(numeric & (random.random(active.size) < 0.32), kind - 1, kind)
    switched = random.random(active.size) < 0.02
    plain = np.where(active ^ switched, facts.ACTIVE_TYPE, facts.INACTIVE_TYPE)
    former = kind >= facts.RELATION_KINDS.index("3")
    kind_type = np.where(former & numeric, facts.FORMER_TYPE, np.where(numeric, plain, facts.POTENTIAL_TYPE))
    return kind.astype(np.int16), kind_type.astype(np.int16)


def _leaving_days(month: Month, rows: int, random: np.random.Generator) -> Indices:
    """Day of the month on which primary customers left; none before 2015-07, then about 2,250 a month at full size."""
    left = np.zeros(rows, np.int64)
    if month >= facts.FROZEN_UNTIL or month < facts.FIRST_MONTH:
        later_rows = sum(number for when, number in facts.MONTHLY_ROWS.items() if when >= facts.FROZEN_UNTIL)
        share = facts.PRESENT_ROWS["last_primary"] / later_rows
        chosen = quota(np.ones(rows, np.float32), share * rows, random)
        left[chosen] = random.integers(1, 29, chosen.size)
    return left
