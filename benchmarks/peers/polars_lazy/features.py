"""The table features, Polars: each month joined to what its customers held in the five months before, a sink a month."""

import math
from collections.abc import Sequence
from functools import reduce
from itertools import pairwise
from pathlib import Path

import polars as pl

_ENOUGH = 50
LAGS = [f"holdings_lag_{lag}" for lag in range(1, 6)]
_KEYS = ("province_code", "segment")


def features(customers: Path, out: Path, months: list[str] | None = None) -> None:
    """Write the features of the months (all when None), a folder each."""
    present = {folder.name.split("=")[1][:7]: folder / "*.parquet" for folder in sorted(customers.iterdir())}
    for month in months or present:
        before = [present.get(_earlier(month, lag)) for lag in range(1, 6)]
        target = out / f"snapshot_date={month}-28" / "part.parquet"
        rows = _of_month(pl.scan_parquet(present[month]), month, before)
        rows.sink_parquet(target, mkdir=True, maintain_order=False, engine="streaming")


def _earlier(month: str, lag: int) -> str:
    index = int(month[:4]) * 12 + int(month[5:]) - 1 - lag
    return f"{index // 12}-{index % 12 + 1:02}"


def _of_month(customers: pl.LazyFrame, month: str, before: Sequence[Path | None]) -> pl.LazyFrame:
    rows = _with_income(customers.select("customer_id", *_profile()))
    for lag, path in zip(LAGS, before, strict=True):
        rows = rows.join(_month_before(lag, path), on="customer_id", how="left")
    angle = 2 * math.pi * (int(month[5:]) - 1) / 12
    return rows.with_columns(
        *_history(),
        month_of_year=pl.lit(int(month[5:]), pl.Int8),
        season_sine=pl.lit(round(math.sin(angle), 6)),
        season_cosine=pl.lit(round(math.cos(angle), 6)),
    )


def _base_36(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.String).str.to_integer(base=36, dtype=pl.Int32)


def _profile() -> list[pl.Expr]:
    return [
        pl.col("age"),
        (pl.col("sex").cast(pl.String) == "H").alias("is_woman"),
        pl.col("seniority_months", "is_new", "is_active"),
        pl.col("segment").cast(pl.String).str.slice(1, 1).cast(pl.Int8),
        *map(_base_36, ("employment_status", "channel", "country")),
        pl.col("province_code"),
        *map(_base_36, ("relation_type", "relation_kind")),
        (pl.col("primary_status") == 99).alias("left_during_month"),
        pl.col("is_resident", "is_foreign_born", "is_deceased", "household_income"),
    ]


def _with_income(rows: pl.LazyFrame) -> pl.LazyFrame:
    """An unknown income: the median of (province, segment) where 50 are known, else of the segment, else of the month."""
    income = pl.col("household_income")
    of_group = rows.group_by(_KEYS).agg(group=income.median(), group_known=income.count())
    of_segment = rows.group_by("segment").agg(median=income.median(), known=income.count())
    of_month = rows.select(month=income.median())
    in_group = (pl.col("group_known") >= _ENOUGH) & pl.col("province_code").is_not_null() & pl.col("segment").is_not_null()
    in_segment = (pl.col("known") >= _ENOUGH) & pl.col("segment").is_not_null()
    settled = (
        of_group.join(of_segment, on="segment", how="left", nulls_equal=True)
        .join(of_month, how="cross")
        .select(*_KEYS, settled=pl.when(in_group).then("group").when(in_segment).then("median").otherwise("month"))
    )
    joined = rows.join(settled, on=_KEYS, how="left", nulls_equal=True)
    return joined.with_columns(income.fill_null(pl.col("settled")), income_imputed=income.is_null()).drop("settled")


def _month_before(lag: str, path: Path | None) -> pl.LazyFrame:
    """What a month before gives each customer; no rows where there is no such month."""
    is_last = lag == LAGS[0]
    if path is None:
        also: dict[str, type[pl.DataType]] = {"relation_type_last": pl.Int32, "was_active": pl.Boolean} if is_last else {}
        return pl.LazyFrame(schema={"customer_id": pl.Int64, lag: pl.Int32, **also})
    last = [_base_36("relation_type").alias("relation_type_last"), pl.col("is_active").alias("was_active")]
    return pl.scan_parquet(path).select("customer_id", pl.col("holdings").alias(lag), *(last if is_last else []))


def _history() -> list[pl.Expr]:
    lags = [pl.col(name) for name in LAGS]
    pairs = list(pairwise(lags))

    def bits(masks: list[pl.Expr]) -> pl.Expr:
        return pl.sum_horizontal([mask.bitwise_count_ones().fill_null(0) for mask in masks]).cast(pl.Int16)

    added = [(newer & ~older).fill_null(0) for newer, older in pairs]
    latest = [reduce(lambda rest, newer: rest & ~newer, added[:k], mask) for k, mask in enumerate(added)]
    return [
        pl.coalesce(*lags, pl.lit(0, pl.Int32)).alias("owned"),
        pl.sum_horizontal([lag.is_not_null() for lag in lags]).cast(pl.Int8).alias("months_known"),
        lags[0].bitwise_count_ones().cast(pl.Int8).alias("products_held"),
        bits([newer & ~older for newer, older in pairs]).alias("additions"),
        bits([older & ~newer for newer, older in pairs]).alias("closures"),
        bits([newer & older for newer, older in pairs]).alias("continuations"),
        (latest[0] | latest[2]).alias("months_since_added_bit_0"),
        (latest[1] | latest[2]).alias("months_since_added_bit_1"),
        latest[3].alias("months_since_added_bit_2"),
    ]
