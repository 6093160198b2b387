"""The terms of a synthetic bank's log chances, by the reason that each is, from nothing but rows of features.

The bank's chances depend on what the files show before the products of a month do, and features hold all of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from santander.schema.months import Month
from santander.schema.products import N_PRODUCTS, PRODUCTS
from santander.schema.reason_families import ReasonFamily
from santander.synthetic import facts
from santander.synthetic.bundles import BLOCKS, Bundle, bundle_targets
from santander.synthetic.propensity import LAGS, UNKNOWN_AGE, Past, Propensity, View, log_terms, propensities, seen_by

TERMS = (
    ReasonFamily.GROUP, ReasonFamily.INCOME, ReasonFamily.TENURE, ReasonFamily.CHANNEL, ReasonFamily.PRODUCTS_HELD,
    ReasonFamily.HOLDINGS, ReasonFamily.CHANGES,
)  # fmt: skip
"""What the bank's log chances are sums of."""

Floats = npt.NDArray[np.float32]


BACKGROUND = 100
"""Customers who may add a product of several bundles, against whom its terms are held."""


@dataclass(frozen=True)
class Truth:
    """What the bank knows of some customers.

    ``chance`` (24 x rows): that a product is added; 0 where it cannot be. ``terms`` (24 x 7 x rows): each of ``TERMS`` of a
    product's log chance, less its mean over those who may add it.
    """

    chance: Floats
    terms: Floats


def truth_of(rows: pa.Table, month: Month, share: float) -> Truth:
    """Return what the bank knows of customers who are this share of a bank of full size."""
    view = _view(rows)
    found = _propensities(view, month, share)
    chance, terms = found.marginal(), np.zeros((N_PRODUCTS, len(TERMS), rows.num_rows), np.float32)
    for block, chances in zip(BLOCKS, found.chances, strict=True):
        ways = [_Way.of(bundle, view, of_bundle) for bundle, of_bundle in zip(block, chances, strict=True) if of_bundle.any()]
        for product in PRODUCTS:
            of_product = [way for way in ways if way.bundle.adds & product.mask]
            able = np.flatnonzero(chance[product.bit] > 0)
            if len(of_product) == 1:
                terms[product.bit][:, able] = _centred(of_product[0].terms[:, able])
            elif of_product:
                terms[product.bit][:, able] = _shapley(of_product, able)
    return Truth(chance, terms)


def chances_of(rows: pa.Table, month: Month, share: float) -> Floats:
    """Return the chance that each product is added (24 x rows), as if such customers were this share of a bank of full size."""
    return _propensities(_view(rows), month, share).marginal()


def _propensities(view: View, month: Month, share: float) -> Propensity:
    return propensities(
        view, {name: share * number for name, number in bundle_targets(facts.additions_of(month).additions).items()}
    )


@dataclass(frozen=True)
class _Way:
    """A bundle by which a product may be added: ``terms`` (7 x rows), and ``open_`` (rows), the log chance but for the terms.

    ``open_`` is the same for all who may add the bundle, whatever bounds it above, and -inf for the others.
    """

    bundle: Bundle
    terms: Floats
    open_: Floats

    @classmethod
    def of(cls, bundle: Bundle, view: View, chance: Floats) -> Self:
        terms = np.zeros((len(TERMS), len(chance)), np.float32)
        for reason, term in log_terms(bundle, view):
            terms[TERMS.index(reason)] += term
        able = chance > 0
        unbounded = chance[able] / (1 - np.minimum(chance[able] / bundle.at_most, 0.999))
        level = np.median(np.log(unbounded) - terms[:, able].sum(axis=0))
        return cls(bundle, terms, np.where(able, level, -np.inf).astype(np.float32))


def _centred(terms: Floats) -> Floats:
    return terms - terms.mean(axis=1, keepdims=True)


def _shapley(ways: Sequence[_Way], able: npt.NDArray[np.intp]) -> Floats:
    """Return the terms of a product of several bundles (7 x able): the log of a sum of chances is no sum of terms.

    Each has the mean of what it adds when it comes first and when it comes last, as against customers who may add the product.
    Whether a bundle is open tells what else is held.
    """
    against = able[np.linspace(0, len(able) - 1, min(BACKGROUND, len(able))).astype(np.intp)]

    def log_chance(own: npt.NDArray[np.bool_]) -> Floats:
        held = own[TERMS.index(ReasonFamily.HOLDINGS)]
        mine = np.stack([way.terms[own][:, able].sum(axis=0) + (way.open_[able] if held else 0) for way in ways])
        other = np.stack([way.terms[~own][:, against].sum(axis=0) + (0 if held else way.open_[against]) for way in ways])
        mean: Floats = np.mean([np.log(np.exp(mine + one[:, None]).sum(axis=0)) for one in other.T], axis=0)
        return mean

    each = np.eye(len(TERMS), dtype=np.bool_)
    none, all_ = log_chance(np.zeros(len(TERMS), np.bool_)), log_chance(np.ones(len(TERMS), np.bool_))
    return _centred(np.stack([(log_chance(own) - none + all_ - log_chance(~own)) / 2 for own in each]))


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
