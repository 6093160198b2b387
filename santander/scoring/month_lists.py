"""The lists of a month at a glance, read from the files of the table without an engine."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from santander.lake.lake import Lake
from santander.schema.catalogue import RECOMMENDATIONS
from santander.schema.months import Month
from santander.storage.places import open_read

if TYPE_CHECKING:
    import pyarrow as pa

SHOWN = 5
"""Customers and products that are shown."""


@dataclass(frozen=True, slots=True)
class RecommendedProduct:
    """A product, the lists that have it, and those that begin with it."""

    product: str
    lists: int
    first: int


@dataclass(frozen=True, slots=True)
class MonthLists:
    """How many customers have a list with something in it, the products most often there, the lists of the lowest ids."""

    month: Month
    lists: int
    products: Sequence[RecommendedProduct]
    customers: Mapping[int, Sequence[str]]
    """The products of each, the best first."""


def lists_of_month(lake: Lake, month: Month) -> MonthLists | None:
    """Return the lists of a month, a group of rows after the other; None where it has none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    often: Counter[str] = Counter()
    begun: Counter[str] = Counter()
    shown: pa.Table | None = None
    one = None
    for rows in _pieces(lake, month):
        one = one or pc.min(rows["rank"])  # to make a scalar of 1, Arrow would import pandas
        first = rows.filter(pc.equal(rows["rank"], one))
        often.update(_counted(rows["product"]))
        begun.update(_counted(first["product"]))
        # a list may go on in the next piece: what is kept is all that may still belong to the lowest ids
        shown = rows if shown is None else pa.concat_tables([shown, rows]).unify_dictionaries()
        ids = pc.unique(shown["customer_id"])
        lowest = ids.take(pc.select_k_unstable(ids, SHOWN, [("", "ascending")]))
        shown = shown.filter(pc.is_in(shown["customer_id"], lowest))
    if shown is None:
        return None
    customers: dict[int, list[str]] = {}
    for row in shown.sort_by([("customer_id", "ascending"), ("rank", "ascending")]).to_pylist():
        customers.setdefault(row["customer_id"], []).append(row["product"])
    most = sorted(often.items(), key=lambda each: (-each[1], each[0]))[:SHOWN]
    products = [RecommendedProduct(product, n, begun[product]) for product, n in most]
    return MonthLists(month, begun.total(), products, customers)


def _pieces(lake: Lake, month: Month) -> "Iterator[pa.Table]":
    import pyarrow.parquet as pq

    for place in lake.files_by_month(RECOMMENDATIONS).get(month, []):
        with open_read(place) as source:
            file = pq.ParquetFile(source)
            for group in range(file.num_row_groups):
                yield file.read_row_group(group, ["customer_id", "product", "rank"])


def _counted(products: "pa.ChunkedArray") -> dict[str, int]:
    return {pair["values"]: pair["counts"] for pair in products.value_counts().to_pylist()}
