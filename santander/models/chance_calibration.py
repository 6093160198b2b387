"""Calibration of chances by product and segment: what a model expects of one month against what its customers added.

Levels alone are corrected. The month is one that the model has learned from, where it looks surer than it is: a slope fitted
there made chances worse on the month after (docs/adr/0057).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from santander.features.expansion import Features, bits_of, integers
from santander.models.fitted_on import refuse_other_products
from santander.models.groups import SEGMENTS
from santander.schema.products import N_PRODUCTS, PRODUCT_NAMES

Logs = npt.NDArray[np.float64]

LENT = 100.0
"""Additions, just as expected, that are lent to each segment: one with few says little of its own. No setting."""
_N_SEGMENTS = len(SEGMENTS)


@dataclass(frozen=True)
class ChanceCalibration:
    """``terms`` (segments x 24): what is added to the logarithm of a chance."""

    terms: Logs

    @classmethod
    def fit(
        cls,
        raw: npt.NDArray[np.floating],
        added: npt.NDArray[np.integer],
        segment: npt.NDArray[np.integer],
        weight: npt.NDArray[np.floating],
    ) -> Self:
        """Fit on chances (rows x 24, NaN where a product cannot be added); a row stands for ``weight`` customers."""
        given = np.where(np.isnan(raw), 0.0, raw) * weight[:, None]
        happened = bits_of(added) * weight[:, None]
        expected, seen = (np.zeros((_N_SEGMENTS, N_PRODUCTS)) for _ in range(2))
        np.add.at(expected, segment, given)
        np.add.at(seen, segment, happened)
        level = _ratio(seen.sum(axis=0), expected.sum(axis=0), lent=0.0)
        by_segment = _ratio(seen, expected * level, LENT)
        # as segments draw nearer to the level, their sum must stay that of the month
        whole = _ratio(seen.sum(axis=0), (expected * level * by_segment).sum(axis=0), lent=0.0)
        return cls(np.log(level * by_segment * whole))

    def of_rows(self, features: Features) -> Logs:
        """Return the terms of each row's segment (rows x 24)."""
        return np.asarray(self.terms[segments_of(features)])

    def written(self) -> dict[str, dict[str, float]]:
        """The terms by product and segment, as a saved model keeps them."""
        return {name: dict(zip(SEGMENTS, map(float, self.terms[:, bit]), strict=True)) for bit, name in enumerate(PRODUCT_NAMES)}

    @classmethod
    def read(cls, written: Mapping[str, Mapping[str, Any]]) -> Self:
        """Return the object that ``written`` wrote; raises ChangedProducts."""
        refuse_other_products(written, "the calibration of a model")
        return cls(np.array([[written[name][segment] for name in PRODUCT_NAMES] for segment in SEGMENTS]))


def segments_of(features: Features) -> npt.NDArray[np.int64]:
    """The segment of each row, as a position in SEGMENTS."""
    return integers(features, "segment", unknown=SEGMENTS.index("unknown"))


def _ratio(seen: Logs, expected: Logs, lent: float) -> Logs:
    """What was seen over what was expected, ``lent`` additions added to both; 1 where nothing says otherwise."""
    known = (seen > 0) & (expected > 0) if lent == 0 else np.ones_like(seen, dtype=np.bool_)
    return np.divide(seen + lent, expected + lent, out=np.ones_like(seen), where=known)
