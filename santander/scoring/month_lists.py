"""The lists of a month at a glance, read from the files of the table without an engine."""

from collections.abc import Mapping, Sequence
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
    """Return the lists of a month; None where it has none."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    parts = []
    for file in lake.files_by_month(RECOMMENDATIONS).get(month, []):
        with open_read(file) as source:
            parts.append(pq.ParquetFile(source).read(["customer_id", "product", "rank"]))
    if not parts:
        return None
    rows = pa.concat_tables(parts)
    first = rows.filter(pc.equal(rows["rank"], pc.min(rows["rank"])))  # to make a scalar of 1, Arrow would import pandas
    begun = _counted(first["product"])
    often = sorted(_counted(rows["product"]).items(), key=lambda each: (-each[1], each[0]))[:SHOWN]
    ids = first["customer_id"].take(pc.select_k_unstable(first["customer_id"], SHOWN, [("", "ascending")]))
    of_them = rows.filter(pc.is_in(rows["customer_id"], ids.combine_chunks()))
    shown = of_them.sort_by([("customer_id", "ascending"), ("rank", "ascending")])
    customers: dict[int, list[str]] = {}
    for row in shown.to_pylist():
        customers.setdefault(row["customer_id"], []).append(row["product"])
    products = [RecommendedProduct(product, n, begun.get(product, 0)) for product, n in often]
    return MonthLists(month, first.num_rows, products, customers)


def _counted(products: "pa.ChunkedArray") -> dict[str, int]:
    return {pair["values"]: pair["counts"] for pair in products.value_counts().to_pylist()}
