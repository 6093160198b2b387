"""What a synthetic bank left beside its landing files: the oracle's MAP@7 of each month, and each customer's chances.

By the chances (docs/bank.md) the precision of a list can be expected for a month that is scored and never labelled: the chance of
the product at rank k counts 1 / k, which is the average precision of one addition.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from santander.evaluation.average_precision import Precisions
from santander.features.expansion import integers
from santander.models.list_check import checked_lists, refuse_wrong_lists
from santander.models.ranking import LIST_LENGTH, NO_PRODUCT, Ranks, Scores, top_products
from santander.models.recommender import Recommender
from santander.schema.months import Month
from santander.schema.products import N_PRODUCTS
from santander.storage.places import Place, open_read


def oracle_of(raw: Place, month: Month, customers: int, buyers: int) -> float | None:
    """Return MAP@7 of the oracle; None where ``raw/oracle.json`` does not speak of this month with just these counts."""
    path = raw / "oracle.json"
    if not path.is_file():
        return None
    for entry in json.loads(path.read_text())["months"]:
        if entry["month"] == str(month) and (entry["customers"], entry["buyers"]) == (customers, buyers):
            return float(entry["oracle"])
    return None


ENOUGH = 100_000
"""Customers that are judged at most, evenly taken from all: chances are not drawn, so more would say little more: no
setting."""


@dataclass(frozen=True)
class HiddenMonth:
    """Customers of a month with a row in the month before, their features, and the chance of each product (rows x 24)."""

    month: Month
    rows: pa.Table
    chances: Scores

    @property
    def customers(self) -> int:
        """Number of judged customers."""
        number: int = self.rows.num_rows
        return number

    @property
    def ceiling(self) -> None:
        """None, as who adds something is not known."""

    @cached_property
    def oracle(self) -> float:
        """MAP@7 of ranking by the chances themselves."""
        owned = integers(self.rows, "owned", unknown=0)
        ranks = top_products(self.chances, owned, prior=np.zeros(N_PRODUCTS))
        refuse_wrong_lists("the oracle", ranks, self.chances, owned)
        return float(np.mean(self._expected(ranks)))

    def precisions(self, model: Recommender) -> Precisions:
        """The precision to be expected of a model's list for each customer; raises WrongLists."""
        _, ranks = checked_lists(model, self.rows)
        return self._expected(ranks)

    def map7(self, model: Recommender) -> float:
        """The mean of ``precisions``: an expectation of MAP@7, to be compared with the month's ``oracle`` alone."""
        return float(np.mean(self.precisions(model)))

    def _expected(self, ranks: Ranks) -> Precisions:
        named = np.where(ranks == NO_PRODUCT, 0, ranks).astype(np.intp)
        chance = np.where(ranks == NO_PRODUCT, 0.0, np.take_along_axis(self.chances, named, axis=1))
        return np.asarray((chance / np.arange(1, LIST_LENGTH + 1)).sum(axis=1), dtype=np.float64)


def hidden_month(
    raw: Place, month: Month, customers: npt.NDArray[np.int64], features_of: Callable[[npt.NDArray[np.int64]], pa.Table]
) -> HiddenMonth | None:
    """Return the month with the bank's chances; None where there are none, or of others than these ``customers``.

    The customers are those with a row in the month before; ``features_of`` reads the rows of some of them.
    """
    path = raw / "propensity" / f"{month}.parquet"
    if not path.is_file():
        return None
    with open_read(path) as file:
        known = pq.read_table(file, columns=["customer_id", "owned"]).filter(pc.field("owned").is_valid())
        numbers = np.sort(known["customer_id"].to_numpy())
        if not np.array_equal(numbers, np.sort(customers)):
            return None
        taken = numbers[_evenly(len(numbers))]
        chosen = pq.read_table(file, columns=["customer_id", "propensity"], filters=pc.field("customer_id").isin(taken))
    lists = chosen.sort_by("customer_id")["propensity"].combine_chunks()
    chances = np.asarray(lists.flatten().to_numpy(), dtype=np.float32).reshape(-1, N_PRODUCTS)
    return HiddenMonth(month, features_of(taken).sort_by("customer_id"), chances)


def _evenly(rows: int) -> npt.NDArray[np.int64]:
    return np.arange(0, rows, -(-rows // ENOUGH) or 1)
