"""How much is expected of a month, in the table ``expected_additions``: sums of chances, bounds, and what was seen in the end.

No engine is needed: a month has a row for each product.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, sqrt
from typing import Any

from santander.lake.added import customers_with_products_before, known_additions
from santander.lake.lake import Lake
from santander.lake.reading import in_months
from santander.models.level import Forecast
from santander.schema.added import MonthAdded
from santander.schema.catalogue import EXPECTED_ADDITIONS
from santander.schema.months import Month
from santander.schema.products import PRODUCT_NAMES, PRODUCTS

PARTS_OF_A_CHANCE = 1_000_000_000
"""Chances are summed as whole numbers of this part: a sum of floating point numbers would depend on who adds up first."""

_ALIKE = 0.2
"""Correlation of the errors of two products in a month (docs/adr/0058)."""


def write_expected(lake: Lake, month: Month, sums: Sequence[int], forecast: Forecast) -> None:
    """Replace the month's rows: ``sums`` are the chances of who counts, by product, in parts of ``PARTS_OF_A_CHANCE``.

    The bounds lie as far from the sums, as shares, as those of the forecast from what it expects.
    """
    bounds = zip(forecast.low / forecast.expected, forecast.high / forecast.expected, strict=True)
    with lake.lock(EXPECTED_ADDITIONS.name + "_rows"):
        seen = known_additions(lake).get(month)
        rows = []
        for product, parts, (low, high) in zip(PRODUCTS, sums, bounds, strict=True):
            expected = parts / PARTS_OF_A_CHANCE
            rows.append(
                {
                    "snapshot_date": month.snapshot,
                    "product": product.name,
                    "expected": expected,
                    "low": floor(expected * low),
                    "high": ceil(expected * high),
                    "seen": seen and seen.additions[product.bit],
                }
            )
        lake.overwrite_rows(EXPECTED_ADDITIONS, rows, [month])


def drop_expected(lake: Lake, month: Month) -> None:
    """Remove the month's rows, where there are any: what scored it says nothing of how much is expected."""
    if rows := lake.rows_by_month(EXPECTED_ADDITIONS).get(month):
        lake.delete_rows(EXPECTED_ADDITIONS, in_months([month]), rows)


def note_seen(lake: Lake) -> list[Month]:
    """Write beside what was expected how much was added, where that has become known or has changed; return the months."""
    if not lake.exists(EXPECTED_ADDITIONS):
        return []
    with lake.lock(EXPECTED_ADDITIONS.name + "_rows"):
        known, changed = known_additions(lake), set()
        rows = lake.rows(EXPECTED_ADDITIONS)
        for row in rows:
            month = Month.of(row["snapshot_date"])
            seen = known[month].additions[PRODUCT_NAMES.index(row["product"])] if month in known else None
            if seen != row["seen"]:
                row["seen"] = seen
                changed.add(month)
        if changed:
            written = [row for row in rows if Month.of(row["snapshot_date"]) in changed]
            lake.overwrite_rows(EXPECTED_ADDITIONS, written, sorted(changed))
    return sorted(changed)


@dataclass(frozen=True, slots=True)
class Expected:
    """How many additions are expected, between which bounds, how many there were (None: not known), and two naive forecasts."""

    expected: float
    low: int
    high: int
    seen: int | None
    last_month: float | None
    """By the rate of the month before; None where that is not known."""
    year_before: float | None
    """By the rate of the same month a year before."""


@dataclass(frozen=True, slots=True)
class ExpectedOfMonth:
    """What is expected of a month in all, and of each product, the most expected first."""

    total: Expected
    products: Mapping[str, Expected]


def expected_of(lake: Lake, month: Month) -> ExpectedOfMonth | None:
    """Return what the table says of a month, beside naive forecasts; None where it says nothing."""
    rows = [row for row in lake.rows(EXPECTED_ADDITIONS) if row["snapshot_date"] == month.snapshot]
    if not rows:
        return None
    known, customers = known_additions(lake), customers_with_products_before(lake).get(month, 0)
    naive = [_naive(known.get(month - back), customers) for back in (1, 12)]
    rows.sort(key=lambda row: (-row["expected"], row["product"]))
    products = {row["product"]: _of_product(row, naive) for row in rows}
    return ExpectedOfMonth(_total(list(products.values())), products)


def _naive(then: MonthAdded | None, customers: int) -> dict[str, float] | None:
    if then is None:
        return None
    return {name: n * customers / then.customers for name, n in zip(PRODUCT_NAMES, then.additions, strict=True)}


def _of_product(row: Mapping[str, Any], naive: Sequence[Mapping[str, float] | None]) -> Expected:
    figures = (row[name] for name in ("expected", "low", "high", "seen"))
    return Expected(*figures, *(each and each[row["product"]] for each in naive))


def _total(products: Sequence[Expected]) -> Expected:
    """Add up products; the bounds of the total take errors in one month for somewhat alike."""
    expected = sum(each.expected for each in products)
    below, above = (_reach(side) for side in ([p.expected - p.low for p in products], [p.high - p.expected for p in products]))
    seen, last, before = (
        None if any(value is None for value in values) else sum(values)
        for values in zip(*((p.seen, p.last_month, p.year_before) for p in products), strict=True)
    )
    return Expected(expected, max(floor(expected - below), 0), ceil(expected + above), seen, last, before)


def _reach(distances: Sequence[float]) -> float:
    return sqrt(_ALIKE * sum(distances) ** 2 + (1 - _ALIKE) * sum(distance**2 for distance in distances))
