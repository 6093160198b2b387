"""Customers alike: the groups of age band, segment and activity that popularity and the start of boosting count in."""

import math

import numpy as np
import numpy.typing as npt

from santander.features.expansion import Features, integers

_BAND_FLOORS = np.array([0, 20, 26, 36, 51, 66])
AGE_BANDS = ("0-19", "20-25", "26-35", "36-50", "51-65", "66+", "unknown")
SEGMENTS = ("unknown", "top", "individuals", "students")
ACTIVITIES = ("inactive", "active", "unknown")
SHAPE = (len(AGE_BANDS), len(SEGMENTS), len(ACTIVITIES))
N_GROUPS = math.prod(SHAPE)
GROUP_FEATURES = ("age", "segment", "is_active")
"""The features that tell the groups apart."""


def groups_of(rows: Features) -> npt.NDArray[np.int64]:
    """The group of each row as one number: age band, then segment, then activity. Needs GROUP_FEATURES."""
    age = integers(rows, "age", unknown=-1)
    band = np.where(age < 0, AGE_BANDS.index("unknown"), np.searchsorted(_BAND_FLOORS, age, side="right") - 1)
    segment = integers(rows, "segment", unknown=SEGMENTS.index("unknown"))
    activity = integers(rows, "is_active", unknown=ACTIVITIES.index("unknown"))
    return np.ravel_multi_index((band, segment, activity), SHAPE)
