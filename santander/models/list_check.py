"""What lists and scores must be like, whoever made them, before they are judged, written or served.

Each customer's list of seven places has exactly min(7, 24 - owned) products from rank 1 on without a gap, none owned, none twice,
in the order of their scores.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from santander.errors import SantanderError
from santander.features.expansion import Features, bits_of, has_column, integers
from santander.models.ranking import LIST_LENGTH, NO_PRODUCT, Ranks, Scores
from santander.schema.products import N_PRODUCTS, PRODUCT_NAMES

if TYPE_CHECKING:
    from santander.models.chances import Chances
    from santander.models.recommender import Recommender


def complaint_about(scores: Scores, rows: int) -> str | None:
    """Return the fault in the scores of so many customers, as the end of a sentence about their model; None without one."""
    if len(scores) != rows:
        return f"gives scores of {len(scores):,} customers where {rows:,} were asked for"
    with np.errstate(over="ignore", invalid="ignore"):
        known = np.isfinite(scores.sum(axis=0))  # a column's sum is a number only if all of it are
    if known.any() and np.isnan(scores[:, ~known]).all():
        return None
    return _complaint_about_some(scores, rows)


def _complaint_about_some(scores: Scores, rows: int) -> str | None:
    if endless := int(np.isinf(scores).any(axis=1).sum()):
        return f"gives infinite scores to {endless:,} of {rows:,} customers"
    missing = np.isnan(scores)
    if silent := int(missing.all(axis=1).sum()):
        return f"has no score of any product for {silent:,} of {rows:,} customers"
    of_product = missing.sum(axis=0)
    partly = [bit for bit in range(scores.shape[1]) if 0 < of_product[bit] < rows]
    if partly:
        return f"has no score of the products with bits {partly} for some customers only"
    return None


_AT_A_TIME = 8_192
"""Rows that are checked together: what is computed of them stays near the processor."""
_BIT = np.array([*(1 << bit for bit in range(N_PRODUCTS)), 0], dtype=np.int32)
"""The bitmask of a product by its bit; the last one, which NO_PRODUCT names, is empty."""

_Rows = npt.NDArray[np.bool_]
_Numbers = npt.NDArray[np.integer]


class WrongLists(SantanderError):
    """Lists or scores that no recommender may give."""

    def __init__(self, whose: str, complaint: str) -> None:
        super().__init__(f"{whose} {complaint}")
        self.complaint = complaint
        """What is wrong, as the end of a sentence about the model: the rule, the customer and the list."""


def checked_lists(model: "Recommender", features: Features) -> tuple[Scores, Ranks]:
    """Scores (rows x 24) and lists (rows x 7) of a model for these customers; raises WrongLists for the first that is wrong."""
    whose = f"the recommender {type(model).__name__}"
    scores = model.score(features)
    if (complaint := _complaint_about_scores(scores, features.num_rows)) is not None:
        raise WrongLists(whose, complaint)
    ranks = model.rank(features, scores)
    owned = integers(features, "owned", unknown=0)
    customers = integers(features, "customer_id", unknown=-1) if has_column(features, "customer_id") else None
    refuse_wrong_lists(whose, ranks, scores, owned, customers)
    return scores, ranks


def checked_chances(model: "Recommender", chances: "Chances", features: Features, scores: Scores) -> Scores:
    """The chances (rows x 24) of these customers and scores; raises WrongLists for one that is none, or of an owned product."""
    found = chances.of(model, features, scores)
    owned = bits_of(integers(features, "owned", unknown=0)).view(np.bool_)
    right = np.where(owned, np.isnan(found), (found >= 0) & (found <= 1))
    if wrong := int((~right).any(axis=1).sum()):
        complaint = f"gives {wrong:,} of {len(found):,} customers a chance that is none (0 to 1, and missing where owned)"
        raise WrongLists(f"the recommender {type(model).__name__}", complaint)
    return found


def refuse_wrong_lists(
    whose: str, ranks: Ranks, scores: Scores, owned: _Numbers, customers: npt.NDArray[Any] | None = None
) -> None:
    """Raise WrongLists for the first list (rows x 7) that breaks a rule; ``owned`` has one bitmask a row."""
    rows = len(owned)
    if ranks.shape != (rows, LIST_LENGTH):
        shape = " x ".join(map(str, ranks.shape))
        raise WrongLists(
            whose, f"gives lists of shape {shape} where one of {LIST_LENGTH} places was asked for {rows:,} customers"
        )
    if not np.issubdtype(ranks.dtype, np.integer):
        raise WrongLists(whose, f"names products by numbers of type {ranks.dtype}, not by whole ones")
    for start in range(0, rows, _AT_A_TIME):
        part = slice(start, start + _AT_A_TIME)
        for wrong, rule in _broken_rules(np.ascontiguousarray(ranks[part].T), scores[part], owned[part]):
            if wrong.any():
                row = start + int(np.argmax(wrong))
                of = f"row {row + 1}" if customers is None else f"customer {customers[row]}"
                raise WrongLists(whose, f"{rule} in the list ({_spelled(ranks[row])}) of {of}")


def refuse_repeated_products(ranks: Ranks) -> None:
    """Raise WrongLists for a list that names a product twice or what is none; that much can be told from lists alone."""
    for wrong, rule in _not_sets(ranks.T):
        if wrong.any():
            row = int(np.argmax(wrong))
            raise WrongLists("a recommender", f"{rule} in the list ({_spelled(ranks[row])}) of row {row + 1}")


def _complaint_about_scores(scores: Scores, rows: int) -> str | None:
    if scores.ndim != 2 or scores.shape[1] != N_PRODUCTS:
        shape = " x ".join(map(str, scores.shape))
        return f"gives scores of shape {shape} where {N_PRODUCTS} for each of {rows:,} customers were asked for"
    return complaint_about(scores, rows)


def _not_sets(by_rank: Ranks) -> Iterator[tuple[_Rows, str]]:
    """Which lists (7 x rows) are no sets of products, and the rule they break."""
    yield np.any((by_rank < NO_PRODUCT) | (by_rank >= N_PRODUCTS), axis=0), "names what is no product"
    yield np.bitwise_count(products_listed(by_rank)) != (by_rank != NO_PRODUCT).sum(axis=0), "names a product twice"


def _broken_rules(by_rank: Ranks, scores: Scores, owned: _Numbers) -> Iterator[tuple[_Rows, str]]:
    """Which lists (7 x rows) break a rule, and the rule; a rule counts on those before it being kept."""
    yield from _not_sets(by_rank)
    listed = by_rank != NO_PRODUCT
    length = np.minimum(LIST_LENGTH, N_PRODUCTS - np.bitwise_count(owned))
    yield listed.sum(axis=0) != length, f"does not name exactly min({LIST_LENGTH}, {N_PRODUCTS} - owned) products"
    yield np.any(listed[1:] & ~listed[:-1], axis=0), "leaves a rank empty before another"
    yield (products_listed(by_rank) & owned) != 0, "names an owned product"
    place = np.arange(len(scores)) * N_PRODUCTS + np.maximum(by_rank, 0)
    given = np.where(listed, scores.ravel().take(place), np.float32(np.nan))
    yield np.any(~((given[1:] <= given[:-1]) | np.isnan(given[1:])), axis=0), "names a product before one with a higher score"


def products_listed(by_rank: Ranks) -> npt.NDArray[np.int32]:
    """Return the products of each list (7 x lists) as a bitmask."""
    return np.asarray(np.bitwise_or.reduce(_BIT.take(by_rank), axis=0))


def _spelled(ranks: Ranks) -> str:
    """A list as text, a dash for an empty place and a number for what is no product."""
    names = dict(enumerate(PRODUCT_NAMES)) | {NO_PRODUCT: "-"}
    return " ".join(names.get(int(bit), str(bit)) for bit in ranks)
