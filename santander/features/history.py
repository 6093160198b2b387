"""The history family: arithmetic on the bitmasks of the products held in the months before. Bit i is product i."""

from functools import reduce
from typing import TYPE_CHECKING

from santander.features.declaration import HISTORY_MONTHS

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyspark.sql import Column

LAGS = tuple(range(1, HISTORY_MONTHS + 1))


def lag_name(lag: int) -> str:
    """The column of the products held ``lag`` months before."""
    return f"holdings_lag_{lag}"


def history_columns() -> "list[Column]":
    """The features of the family that are computed from the five lag columns."""
    from pyspark.sql import functions as F

    lags = [F.col(lag_name(lag)) for lag in LAGS]
    return [
        F.coalesce(*lags, F.lit(0)).alias("owned"),
        _total([lag.isNotNull().cast("int") for lag in lags]).cast("tinyint").alias("months_known"),
        F.bit_count(lags[0]).cast("tinyint").alias("products_held"),
        _count_pairs(lambda newer, older: newer.bitwiseAND(F.bitwise_not(older))).alias("additions"),
        _count_pairs(lambda newer, older: older.bitwiseAND(F.bitwise_not(newer))).alias("closures"),
        _count_pairs(lambda newer, older: newer.bitwiseAND(older)).alias("continuations"),
        *_months_since_added_planes(),
    ]


def _count_pairs(changed: "Callable[[Column, Column], Column]") -> "Column":
    """Bits of ``changed(newer, older)`` over the pairs of months that follow each other; an unknown month adds nothing."""
    from pyspark.sql import functions as F

    pairs = [changed(F.col(lag_name(lag)), F.col(lag_name(lag + 1))) for lag in LAGS[:-1]]
    return _total([F.coalesce(F.bit_count(pair), F.lit(0)) for pair in pairs]).cast("smallint")


def _months_since_added_planes() -> "list[Column]":
    """Months since each product was last added (1 to 4; 0 when not in the window) as three bit planes.

    ``latest[k]`` holds the products whose latest addition lies k months back; the number k of each product is then
    written across the planes, bit 0 in plane 0 and so on, so 24 small numbers fit three ints.
    """
    from pyspark.sql import functions as F

    added = {
        lag: F.coalesce(F.col(lag_name(lag)).bitwiseAND(F.bitwise_not(F.col(lag_name(lag + 1)))), F.lit(0)) for lag in LAGS[:-1]
    }
    latest = {
        lag: reduce(lambda rest, newer: rest.bitwiseAND(F.bitwise_not(added[newer])), range(1, lag), mask)
        for lag, mask in added.items()
    }
    return [
        reduce(lambda left, right: left.bitwiseOR(right), [mask for lag, mask in latest.items() if lag >> plane & 1]).alias(
            f"months_since_added_bit_{plane}"
        )
        for plane in range(3)
    ]


def _total(columns: "list[Column]") -> "Column":
    return reduce(lambda left, right: left + right, columns)
