"""Which customers are active: a flag that follows segment and arrival, and turns now and then."""

import numpy as np

from santander.schema.months import Month
from santander.synthetic import values
from santander.synthetic.joining import JULY_BATCH
from santander.synthetic.people import People
from santander.synthetic.sampling import Flags, Indices, Masks, quota
from santander.synthetic.streams import stream

_BY_SEGMENT = np.zeros(len(values.SEGMENTS), np.float32)
_BY_SEGMENT[[values.TOP, values.INDIVIDUAL, values.STUDENT]] = 0.92, 0.63, 0.27
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
