"""Groups of customers by segment and by being new, and the slices that a judgement is parted by."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from santander.features.expansion import Features, integers
from santander.models.groups import SEGMENTS

NEW_CUSTOMERS = "new customers"
GROUP = ("segment", "is_new")
"""The features by which customers are put into groups."""
N_GROUPS = 2 * len(SEGMENTS)

SLICES: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {name: (2 * code, 2 * code + 1) for code, name in enumerate(SEGMENTS)} | {NEW_CUSTOMERS: tuple(range(1, N_GROUPS, 2))}
)
"""Slices by name, each with its groups: every segment, and the new customers of all."""


def group_of(rows: Features) -> npt.NDArray[np.int64]:
    """Return the group of each row as one number: its segment twice, and one more for a new customer. Needs GROUP."""
    segment = integers(rows, "segment", unknown=SEGMENTS.index("unknown"))
    return np.asarray(2 * segment + (integers(rows, "is_new", unknown=0) == 1), dtype=np.int64)
