"""How often customers add each product, as a product of factors: a log-linear model with a level for each of a few traits.

The logarithm of the expected additions of a product is a sum of one term for each factor (models/customer_factors.py): the
group, income, years as a customer, channel, how many products are held, and what was had lately of the product itself and of
those that are added most. Terms are fitted in turn so that at each level as many additions are expected as were seen (iterative
scaling, which climbs the Poisson likelihood). The terms say why, so they are reasons as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from santander.features.expansion import Features, bits_of, integers
from santander.models.contributions import Contributions
from santander.models.customer_factors import N_LATELY, CustomerFactors, Levels
from santander.models.fitted_on import refuse_other_products
from santander.models.training_set import Everyone
from santander.schema.column_groups import ColumnGroup
from santander.schema.features import HISTORY_MONTHS
from santander.schema.products import N_PRODUCTS, PRODUCT_NAMES

Logs = npt.NDArray[np.float32]
Terms = npt.NDArray[np.float64]

LENT = 10.0
"""Additions, just as expected, that are lent to each level: one with few says little of its own. No setting."""
LENT_OF_OTHERS = 0.2
"""What is lent besides to what was had of other products, as a share of the additions of the product: what few had says little
of most, and would be named as a reason."""
PASSES = 3
"""How often every term is fitted; chances and reasons hardly change after that (docs/adr/0062)."""
_LEAST_ADDITIONS = 20
"""A product with fewer has the same chance for everybody: its terms would be noise."""
_TELLING = 10
"""Products whose recent past says something of others: those added most."""
_MOST_OTHERS = 100_000
"""Customers without additions that are fitted on, each standing for more where there are more of them. No setting."""
_HALF = 0.5
_GIVEN_UP, _OPENED, _HELD = np.arange(1, HISTORY_MONTHS), HISTORY_MONTHS + 2, 2 * HISTORY_MONTHS + 1
"""Values of ``held_lately``: held before and not last month, last month alone, and in all months."""


@dataclass(frozen=True)
class LogLinear:
    """Terms of log expectations: ``base`` (24), ``terms`` (for each factor levels x 24), ``lately`` (24 had x levels x 24)."""

    factors: CustomerFactors
    base: Terms
    terms: Sequence[Terms]
    lately: Terms

    @classmethod
    def fit(cls, factors: CustomerFactors, everyone: Everyone) -> "tuple[Self, Logs]":
        """Fit on a sample of everybody; return the model and what it expects of each row in the row's own month (rows x 24)."""
        rows = everyone.rows
        examples = _Examples.of(factors, everyone)
        model = cls(factors, *_no_terms(factors, examples))
        of_month = np.zeros((len(everyone.weights), N_PRODUCTS))
        telling = _telling(factors, examples.added, examples.weight)
        for product in np.flatnonzero(examples.added.sum(axis=0) >= _LEAST_ADDITIONS).tolist():
            _fit_product(model, of_month, examples, product, telling)
        return model, (model.logs(rows) + of_month.astype(np.float32)[everyone.month_places])

    def logs(self, rows: Features) -> Logs:
        """Return the logarithm of the expected additions of each product (rows x 24), products that are owned as well."""
        logs = np.repeat(self.base.astype(np.float32)[None], rows.num_rows, axis=0)
        terms, lately_terms = self._as_added
        for levels, of_levels in zip(self.factors.levels(rows), terms, strict=True):
            logs += of_levels[levels]
        if not self.factors.lately:
            return logs
        lately = self.factors.lately_of(rows)
        for had, (of_all, of_itself) in enumerate(lately_terms):
            if of_all is not None:
                logs += of_all[lately[:, had]]
            else:
                logs[:, had] += of_itself[lately[:, had]]
        return logs

    @cached_property
    def _as_added(self) -> "tuple[list[Logs], list[tuple[Logs | None, Logs]]]":
        """Return the terms in 32 bits; of what was had lately those of all products, None where it tells of itself alone."""
        added: list[tuple[Logs | None, Logs]] = []
        for had, terms in enumerate(self.lately.astype(np.float32)):
            for_others = terms.any(axis=0)
            for_others[had] = False
            added.append((terms if for_others.any() else None, np.ascontiguousarray(terms[:, had])))
        return [terms.astype(np.float32) for terms in self.terms], added

    def contributions(self, rows: Features) -> Contributions:
        """Return the terms of each row by what they are of: the group, a feature, or what was had lately of a product."""
        levels = self.factors.levels(rows)
        names, values = self.factors.names, np.full((len(levels), rows.num_rows), np.nan, dtype=np.float32)
        added = np.stack([terms.astype(np.float32)[of_rows].T for of_rows, terms in zip(levels, self.terms, strict=True)], axis=1)
        margins = np.repeat(self.base.astype(np.float32)[:, None], rows.num_rows, axis=1) + added.sum(axis=1)
        found = Contributions(names, values, added, margins)
        if not self.factors.lately:
            return found
        lately = self.factors.lately_of(rows)
        parts = []
        for stem, terms in zip((ColumnGroup.LAG_1_BITS, ColumnGroup.HELD_LATELY), _held_and_changed(self.lately), strict=True):
            columns = tuple(f"{stem}.{product}" for product in PRODUCT_NAMES)
            added = np.stack([of_had.astype(np.float32)[lately[:, had]].T for had, of_had in enumerate(terms)], axis=1)
            values = np.where(lately > 0, lately - 1, np.nan).T.astype(np.float32)
            parts.append(Contributions(columns, values, added, added.sum(axis=1)))
        return Contributions.sum([found, *parts])

    def written(self) -> dict[str, Any]:
        """The terms by product, as a saved model keeps them."""
        return {
            "factors": self.factors.written(),
            "products": {
                name: {
                    "base": float(self.base[bit]),
                    **{factor: terms[:, bit].tolist() for factor, terms in zip(self.factors.names, self.terms, strict=True)},
                    "lately": {PRODUCT_NAMES[had]: self.lately[had, :, bit].tolist() for had in self._told_by(bit)},
                }
                for bit, name in enumerate(PRODUCT_NAMES)
            },
        }

    def _told_by(self, bit: int) -> list[int]:
        return np.flatnonzero(self.lately[:, :, bit].any(axis=1)).tolist()

    @classmethod
    def read(cls, written: Mapping[str, Any]) -> Self:
        """Return the object that ``written`` wrote; raises ChangedProducts."""
        refuse_other_products(written["products"], "the factors of a model")
        factors, products = CustomerFactors.read(written["factors"]), [written["products"][name] for name in PRODUCT_NAMES]
        lately = np.zeros((N_PRODUCTS, N_LATELY, N_PRODUCTS))
        for bit, product in enumerate(products):
            for had, terms in product["lately"].items():
                lately[PRODUCT_NAMES.index(had), :, bit] = terms
        terms = [np.array([product[factor] for product in products]).T for factor in factors.names]
        return cls(factors, np.array([product["base"] for product in products]), terms, lately)


def _held_and_changed(lately: Terms) -> tuple[Terms, Terms]:
    """Return terms of what was had lately in two parts: of holding a product or not, and of a change.

    Who opened a product last month counts as who has long held it, who gave it up as who never had it; the rest is the change's.
    """
    held = lately.copy()
    held[:, 1 + _OPENED] = lately[:, 1 + _HELD]
    held[:, 1 + _GIVEN_UP] = lately[:, [1]]
    return held, lately - held


class _Examples(NamedTuple):
    """Rows that are fitted on, each with its levels."""

    levels: Sequence[Levels]
    lately: Levels | None
    months: npt.NDArray[np.intp]
    added: npt.NDArray[np.bool_]
    open_: npt.NDArray[np.bool_]
    weight: Terms

    @classmethod
    def of(cls, factors: CustomerFactors, everyone: Everyone) -> Self:
        weight = everyone.row_weights
        added = everyone.rows["added"].to_numpy()
        others = np.flatnonzero(added == 0)
        step = max(1, len(others) // _MOST_OTHERS)
        weight[others] *= step
        counted = weight > 0
        counted[others] &= np.arange(len(others)) % step == 0
        rows = everyone.rows.filter(counted)
        return cls(
            factors.levels(rows),
            factors.lately_of(rows) if factors.lately else None,
            everyone.month_places[counted],
            bits_of(added[counted]).astype(np.bool_),
            bits_of(integers(rows, "owned", unknown=0)) == 0,
            weight[counted],
        )


def _no_terms(factors: CustomerFactors, examples: _Examples) -> tuple[Terms, Sequence[Terms], Terms]:
    """Return the same expectation for everybody who may add a product."""
    weight = examples.weight[:, None]
    base = np.log(((examples.added * weight).sum(axis=0) + _HALF) / ((examples.open_ * weight).sum(axis=0) + 1))
    return base, [np.zeros((size, N_PRODUCTS)) for size in factors.sizes], np.zeros((N_PRODUCTS, N_LATELY, N_PRODUCTS))


def _telling(factors: CustomerFactors, added: npt.NDArray[np.bool_], weight: Terms) -> list[int]:
    return np.argsort(-(weight @ added), kind="stable")[:_TELLING].tolist() if factors.lately else []


def _fit_product(model: LogLinear, of_month: Terms, examples: _Examples, product: int, telling: Sequence[int]) -> None:
    """Fit the terms of one product in place: after each step its levels expect what was seen, as far as it is believed."""
    able = np.flatnonzero(examples.open_[:, product] | examples.added[:, product])
    weight = examples.weight[able]
    seen = np.flatnonzero(examples.added[able, product])
    of_seen = weight[seen]
    steps: list[tuple[npt.NDArray[np.integer], Terms, float]] = [(examples.months[able], of_month[:, product], LENT)]
    if examples.lately is not None:
        for had in [product, *(each for each in telling if each != product)]:
            lent = LENT if had == product else LENT + LENT_OF_OTHERS * of_seen.sum()
            steps.append((examples.lately[able, had], model.lately[had, :, product], lent))
    steps += [(levels[able], terms[:, product], LENT) for levels, terms in zip(examples.levels, model.terms, strict=True)]
    expected = weight * np.exp(model.base[product])
    for levels, terms, lent in steps * PASSES:
        counted = np.bincount(levels[seen], of_seen, len(terms)), np.bincount(levels, expected, len(terms))
        change = np.log((counted[0] + lent) / (counted[1] + lent))
        terms[:] += change
        expected *= np.exp(change)[levels]
