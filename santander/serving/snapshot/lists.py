"""The lists of a month as arrays: one row a customer, in the order of the customers' numbers."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from santander.errors import SantanderError
from santander.models.ranking import LIST_LENGTH
from santander.schema.products import PRODUCT_NAMES
from santander.serving.snapshot.reading import NO_PRODUCT

RECOMMENDATION_COLUMNS = ("customer_id", "rank", "product", "score", "chance")
OFFER_COLUMNS = ("customer_id", "rank", "product", "chance", "reasons")
USUAL_REASONS = 3
"""Places for reasons of a product; more where the table has more."""
_MOST_CODES = 255

Ids = npt.NDArray[np.int64]


@dataclass
class GatheredLists:
    """Lists that are filled from rows of a table as these come, in whatever order."""

    ids: Ids
    products: npt.NDArray[np.uint8] = field(init=False)
    scores: npt.NDArray[np.float32] = field(init=False)
    chances: npt.NDArray[np.float32] = field(init=False)
    reasons: npt.NDArray[np.uint8] | None = None
    names: list[str] = field(default_factory=lambda: [""])
    """What the codes of the reasons stand for."""

    def __post_init__(self) -> None:
        shape = (len(self.ids), LIST_LENGTH)
        self.products = np.full(shape, NO_PRODUCT, np.uint8)
        self.scores, self.chances = (np.full(shape, np.nan, np.float32) for _ in range(2))

    def fill(self, pieces: Iterable[pa.Table]) -> "GatheredLists":
        """Take in rows of the table; those of customers who are not among the ids are passed over."""
        for rows in pieces:
            at, known = positions(self.ids, rows["customer_id"].to_numpy())
            place = rows["rank"].to_numpy()[known].astype(np.intp) - 1
            at = at[known]
            self.products[at, place] = _bits(rows["product"])[known]
            for name, array in (("score", self.scores), ("chance", self.chances)):
                if name in rows.column_names:
                    array[at, place] = rows[name].to_numpy()[known]
            if "reasons" in rows.column_names and rows["reasons"].null_count < rows.num_rows:
                self._take_reasons(rows["reasons"].combine_chunks(), known, at, place)
        return self

    def _take_reasons(self, lists: pa.Array, known: npt.NDArray[np.bool_], at: Ids, place: Ids) -> None:
        lists = lists.filter(pa.array(known))
        length = pc.fill_null(pc.list_value_length(lists), 0).to_numpy()
        longest = max(int(length.max(initial=0)), USUAL_REASONS)
        if self.reasons is None:
            self.reasons = np.zeros((*self.products.shape, longest), np.uint8)
        elif longest > self.reasons.shape[2]:
            self.reasons = np.pad(self.reasons, ((0, 0), (0, 0), (0, longest - self.reasons.shape[2])))
        told = pc.list_flatten(lists)
        told = told if pa.types.is_dictionary(told.type) else told.dictionary_encode()
        codes = np.array([self._code(name) for name in told.dictionary.to_pylist()], np.uint8)
        row = np.repeat(np.arange(len(length)), length)
        nth = np.arange(len(row)) - np.repeat(np.cumsum(length) - length, length)
        self.reasons[at[row], place[row], nth] = codes[told.indices.to_numpy()]

    def _code(self, name: str) -> int:
        if name not in self.names:
            if len(self.names) > _MOST_CODES:
                raise SantanderError(
                    f"offers have more than {_MOST_CODES} different reasons", hint="set reasons.in_offers to false"
                )
            self.names.append(name)
        return self.names.index(name)

    def take_known_of(self, other: "GatheredLists") -> None:
        """Take over what the other lists of the same customers say of the same products, where nothing is known here.

        Score, chance and reasons are of a customer and a product, whichever list the product is in.
        """
        if other.reasons is not None and self.reasons is None:
            self.reasons, self.names = np.zeros((*self.products.shape, other.reasons.shape[2]), np.uint8), other.names
        for here in range(LIST_LENGTH):
            for there in range(LIST_LENGTH):
                same = (self.products[:, here] == other.products[:, there]) & (self.products[:, here] != NO_PRODUCT)
                rows = np.flatnonzero(same & np.isnan(self.scores[:, here]))
                self.scores[rows, here] = other.scores[rows, there]
                if other.reasons is not None and self.reasons is not None:
                    rows = np.flatnonzero(same & ~self.reasons[:, here].any(axis=1))
                    self.reasons[rows, here] = other.reasons[rows, there]

    def packed(self) -> npt.NDArray[np.void]:
        """Return one record a customer, which is read from one place; without chances or reasons where there are none."""
        fields: dict[str, npt.NDArray[np.generic]] = {"scores": self.scores}
        if not np.isnan(self.chances).all():
            fields["chances"] = self.chances
        fields["products"] = self.products
        if self.reasons is not None:
            fields["reasons"] = self.reasons
        dtype = np.dtype([(name, array.dtype, array.shape[1:]) for name, array in fields.items()], align=True)
        records = np.zeros(len(self.ids), dtype)
        for name, array in fields.items():
            records[name] = array
        return records


def positions(ids: Ids, customers: Ids) -> tuple[Ids, npt.NDArray[np.bool_]]:
    """Return the place of each customer among the sorted ids, and whether there is one."""
    at = np.searchsorted(ids, customers)
    known = at < len(ids)
    known[known] = ids[at[known]] == customers[known]
    return at, known


def _bits(products: pa.ChunkedArray) -> npt.NDArray[np.uint8]:
    """Return the bit of each product."""
    named = products.combine_chunks()
    named = named if pa.types.is_dictionary(named.type) else named.dictionary_encode()
    bits = np.array([PRODUCT_NAMES.index(name) for name in named.dictionary.to_pylist()], np.uint8)
    return np.asarray(bits[named.indices.to_numpy()], np.uint8)
