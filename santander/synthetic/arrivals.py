"""What customers hold when they appear: the first month's customers and the newcomers of later months."""

import numpy as np
from numpy.typing import NDArray

from santander.schema.products import PRODUCTS, Product
from santander.synthetic import affinity
from santander.synthetic.bundles import BUNDLE_NAMES, bits
from santander.synthetic.profile import Profile
from santander.synthetic.propensity import ADULT_AT
from santander.synthetic.sampling import Masks, scaled_to, systematic

_MOST_LIKELY = 0.97
_GROUP_WEIGHT = 0.8
"""Holders follow the same affinities as additions do, a little less sharply."""
_ENGAGEMENT_SPREAD = 1.5
"""Some customers hold much, most hold one product or none (calibration/README.md)."""
_WITH_CURRENT_ACCOUNT = 0.5
_ACTIVE_WITH_CURRENT_ACCOUNT = 0.25
_COMES_OF_AGE_SOON, _SOON_ADULT_JUNIORS = 18, 0.1
"""From 18 on a junior account is held this much less often."""

_PAYROLL, _PENSION, _CURRENT, _JUNIOR = (
    bits(name) for name in ("payroll", "pension_deposit", "current_account", "junior_account")
)


def draw_holdings(rows: Profile, wanted: NDArray[np.float64], random: np.random.Generator) -> Masks:
    """Holdings of customers who appear, as bitmasks; ``wanted``: holders by product bit."""
    held = np.zeros(len(rows), np.int32)
    engagement = random.normal(0, _ENGAGEMENT_SPREAD, len(rows))
    order = random.permutation(len(rows))
    # payroll comes last because it needs the pension deposit
    for product in sorted(PRODUCTS, key=lambda product: product.mask == _PAYROLL):
        weights = _weights(product, rows, held, engagement).astype(np.float32)
        chances = scaled_to(weights, float(wanted[product.bit]), at_most=_MOST_LIKELY)
        held[order[systematic(chances[order], random.random())]] |= product.mask
    return held


def _weights(product: Product, rows: Profile, held: Masks, engagement: NDArray[np.float64]) -> NDArray[np.float64]:
    if product.mask == _CURRENT:
        return np.where(rows.active, np.exp(_ACTIVE_WITH_CURRENT_ACCOUNT), 1.0)
    if product.mask == _JUNIOR:
        return np.where(rows.age < _COMES_OF_AGE_SOON, 1.0, _SOON_ADULT_JUNIORS) * (rows.age < ADULT_AT)
    fit = affinity.affinities()[BUNDLE_NAMES[product.name]]
    group = affinity.group_class(rows.age, rows.segment, rows.active)
    score = _GROUP_WEIGHT * fit.group[group] + engagement + _WITH_CURRENT_ACCOUNT * (held & _CURRENT != 0)
    allowed = held & _PENSION != 0 if product.mask == _PAYROLL else True
    weights: NDArray[np.float64] = np.exp(score) * allowed
    return weights
