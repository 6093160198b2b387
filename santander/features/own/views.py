"""What a family may see of a month: its customers without their products, and whole rows of the months before."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from santander.lake.reading import LakeReader
from santander.schema.catalogue import CUSTOMERS, PARTITION
from santander.schema.months import Month
from santander.schema.products import PRODUCT_NAMES

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

MONTHS_BEFORE = "months_before"
_HIDDEN = {*PRODUCT_NAMES, "holdings"}
COLUMNS = tuple(name for name, _ in CUSTOMERS.columns if name not in _HIDDEN)
"""Columns of the view ``customers``."""
HISTORY_COLUMNS = (*(name for name, _ in CUSTOMERS.columns), MONTHS_BEFORE)
"""Columns of the view ``history``."""


@dataclass(frozen=True, slots=True)
class Views:
    """The two views of a month."""

    customers: "DataFrame"
    history: "DataFrame"


def views_of(lake: LakeReader, month: Month, months: int) -> Views:
    """Return the views of a month; ``history`` has those of the ``months`` months before that are there."""
    there = set(lake.months(CUSTOMERS))
    before = {lag: month - lag for lag in range(1, months + 1) if month - lag in there}
    lags = "".join(f" WHEN DATE '{each.snapshot}' THEN {lag}" for lag, each in before.items())
    months_before = f"CASE {PARTITION}{lags} END" if lags else "0"
    return Views(
        lake.read_months(CUSTOMERS, [month]).select(*COLUMNS),
        lake.read_months(CUSTOMERS, list(before.values())).selectExpr("*", f"CAST({months_before} AS int) AS {MONTHS_BEFORE}"),
    )
