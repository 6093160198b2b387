"""The terms of a synthetic bank's log chances, by the reason that each is, from nothing but rows of features.

The bank's chances depend on what the files show before the products of a month do, and features hold all of it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from santander.schema.months import Month
from santander.schema.products import N_PRODUCTS, PRODUCTS
from santander.schema.reason_families import ReasonFamily
from santander.synthetic import facts
from santander.synthetic.bundles import BLOCKS, Bundle, bundle_targets
from santander.synthetic.propensity import LAGS, UNKNOWN_AGE, Past, View, log_terms, propensities, seen_by
from santander.synthetic.sampling import Flags

TERMS = (
    ReasonFamily.GROUP, ReasonFamily.INCOME, ReasonFamily.TENURE, ReasonFamily.CHANNEL, ReasonFamily.PRODUCTS_HELD,
    ReasonFamily.HOLDINGS, ReasonFamily.CHANGES,
)  # fmt: skip
"""What the bank's log chances are sums of."""

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Truth:
    """What the bank knows of some customers.

    ``chance`` (24 x rows): that a product is added; 0 where it cannot be. ``terms`` (24 x 7 x rows): each of ``TERMS`` of a
    product, less its mean over those who may add it. A product of several bundles has the mean of their terms, by chance.
    """

    chance: Floats
    terms: Floats


def truth_of(rows: pa.Table, month: Month, share: float) -> Truth:
    """Return what the bank knows of customers who are this share of all."""
    view = _view(rows)
    targets = {name: share * number for name, number in bundle_targets(facts.additions_of(month).additions).items()}
    found = propensities(view, targets)
    chance, terms = found.marginal(), np.zeros((N_PRODUCTS, len(TERMS), rows.num_rows), np.float32)
    for block, chances in zip(BLOCKS, found.chances, strict=True):
        for bundle, of_bundle in zip(block, chances, strict=True):
            able = of_bundle > 0
            if not able.any():
                continue
            centred = _centred(bundle, view, able)
            for product in (each for each in PRODUCTS if bundle.adds & each.mask):
                weight = np.divide(of_bundle, chance[product.bit], out=np.zeros_like(of_bundle), where=able)
                terms[product.bit] += centred * weight
    return Truth(chance, terms)


def _centred(bundle: Bundle, view: View, able: Flags) -> Floats:
    terms = np.zeros((len(TERMS), len(able)), np.float32)
    for reason, term in log_terms(bundle, view):
        terms[TERMS.index(reason)] += term
    return np.where(able, terms - terms[:, able].mean(axis=1, keepdims=True), np.float32(0))


def _view(rows: pa.Table) -> View:
    lags = tuple(_numbers(rows, f"holdings_lag_{lag}", 0).astype(np.int32) for lag in range(1, LAGS + 1))
    known = [rows[f"holdings_lag_{lag}"].is_valid().to_numpy() for lag in (1, 2)]
    codes = {int(code, 36): place for place, code in enumerate(facts.CHANNELS) if code}
    channels = [codes.get(int(number), 0) for number in _numbers(rows, "channel", -1).tolist()]
    income = np.where(_numbers(rows, "income_imputed", 1) == 1, np.nan, _numbers(rows, "household_income", np.nan))
    return seen_by(
        Past(known[0], lags, known[1]),
        _numbers(rows, "age", UNKNOWN_AGE).astype(np.int64),
        _numbers(rows, "segment", 0).astype(np.int16),
        _numbers(rows, "is_active", 0) == 1,
        income,
        _numbers(rows, "seniority_months", 0).astype(np.int64),
        np.array(channels, np.int16),
    )


def _numbers(rows: pa.Table, feature: str, unknown: float) -> npt.NDArray[np.float64]:
    return np.asarray(rows[feature].cast(pa.float64()).fill_null(unknown).to_numpy())
