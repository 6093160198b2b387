"""What may be offered to some customers, and what not and why: rows of ``offers`` and of ``offer_exclusions``."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from santander.config.offer_rules import EVERYTHING, OBJECTION, OfferRule
from santander.features.expansion import integers
from santander.models.list_check import products_listed
from santander.models.ranking import NO_PRODUCT, Prior, Ranks, Scores, top_products
from santander.schema.catalogue import OFFER_EXCLUSIONS, OFFERS
from santander.schema.months import Month
from santander.schema.products import PRODUCT_NAMES, PRODUCTS
from santander.schema.types import file_schema
from santander.scoring.offer_conditions import RULES_MET
from santander.suppression.suppression_list import SuppressionList

_OFFERS, _EXCLUSIONS = file_schema(OFFERS.columns), file_schema(OFFER_EXCLUSIONS.columns)

Numbers = npt.NDArray[np.integer]


@dataclass(frozen=True, slots=True)
class Offering:
    """The rules in force, and who objects to marketing, as tasks that score need them."""

    rules: Sequence[OfferRule]
    objectors: SuppressionList

    def not_offered(self, customers: pa.Table) -> "NotOffered":
        """Return what must not be offered to these customers: columns customer_id, owned and rules_met."""
        owned, met = integers(customers, "owned", unknown=0), customers[RULES_MET].to_numpy()
        ids = customers["customer_id"].to_numpy()
        by_rule = [(rule.name, rule.products, (met >> n & 1).astype(bool)) for n, rule in enumerate(self.rules)]
        if self.objectors:
            objects = np.isin(ids, list(self.objectors.among(ids.tolist())))
            by_rule.append((OBJECTION, EVERYTHING, objects))
        return NotOffered(ids, owned, by_rule)


@dataclass(frozen=True, slots=True)
class NotOffered:
    """What must not be offered to some customers."""

    ids: Numbers
    owned: Numbers
    """A bitmask a customer."""
    by_rule: Sequence[tuple[str, int, npt.NDArray[np.bool_]]]
    """Each rule with its products, a bitmask, and with who meets it."""

    def lists(self, scores: Scores, ranks: Ranks, prior: Prior) -> Ranks:
        """Return what may be offered (rows x 7), in the model's order, from its scores and its lists.

        Only a list with a product that must not be offered is made anew, of what the customer neither holds nor must not get.
        """
        closed = self.owned.copy()
        for _, products, met in self.by_rule:
            closed[met] |= products
        wrong = (products_listed(ranks.T) & closed) != 0
        offered = ranks.copy()
        offered[wrong] = top_products(scores[wrong], closed[wrong], prior)
        return offered

    def exclusions(self, month: Month) -> pa.RecordBatch:
        """Return the rows of ``offer_exclusions``, rule by rule and product by product."""
        rows, products, rules = [], [], []
        for position, (_, mask, met) in enumerate(self.by_rule):
            for product in (each for each in PRODUCTS if each.mask & mask):
                rows.append(np.flatnonzero(met & (self.owned & product.mask == 0)))
                products.append(np.full(len(rows[-1]), product.bit, np.int32))
                rules.append(np.full(len(rows[-1]), position, np.int32))
        row, bit, rule = (np.concatenate(each or [np.empty(0, np.int32)]) for each in (rows, products, rules))
        arrays = [
            pa.repeat(pa.scalar(month.snapshot, pa.date32()), len(row)),
            pa.array(self.ids[row]),
            pa.DictionaryArray.from_arrays(pa.array(bit), pa.array(PRODUCT_NAMES)),
            pa.DictionaryArray.from_arrays(pa.array(rule), pa.array([name for name, _, _ in self.by_rule], pa.string())),
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=_EXCLUSIONS)


def offer_rows(
    customers: Numbers, offered: Ranks, chances: Scores | None, month: Month, reasons: pa.Array | None = None
) -> pa.RecordBatch:
    """Return the rows of ``offers`` from lists (rows x 7); ``chances`` (rows x 24) as the model gives them, None without any.

    ``reasons`` has a list for each product of the lists, None where they are not asked for.
    """
    row, place = np.nonzero(offered != NO_PRODUCT)
    product = offered[row, place]
    chance = None if chances is None else chances[row, product].astype(np.float64)
    arrays = [
        pa.repeat(pa.scalar(month.snapshot, pa.date32()), len(row)),
        pa.array(customers[row]),
        pa.DictionaryArray.from_arrays(pa.array(product.astype(np.int32)), pa.array(PRODUCT_NAMES)),
        pa.array((place + 1).astype(np.int8)),
        pa.nulls(len(row), pa.float64()) if chance is None else pa.array(chance, from_pandas=True),
        pa.nulls(len(row), pa.list_(pa.string())) if reasons is None else reasons,
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=_OFFERS)
