"""Landing files to monthly parquet, Polars: one lazy scan, the streaming engine, a sink partitioned by month.

Columns with a closed set of texts are read as enums, which the csv reader checks itself, so their rules cost arithmetic on
codes. A file with a text outside of the sets is read again as texts, where each row says whether it is in doubt.
"""

import shutil
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

import polars as pl
from peers.polars_lazy.readings import Reading, reading_of
from peers.rules import HOLDS, PROFILE_COLUMNS, columns_of, landing_files
from peers.settling import Key, settle

_IN_DOUBT = "snapshot_date=__HIVE_DEFAULT_PARTITION__"
"""Where the sink puts rows without a date: a row in doubt gets none."""


def ingest(raw: Path, out: Path) -> None:
    """Write customers by month, quarantine and the counts of each month."""
    target = out / "customers"
    doubts = {index: _write(path, target / f"_{index}") for index, path in enumerate(landing_files(raw))}
    for index in doubts:
        _move(target / f"_{index}", target, f"{index}-")
    settle(raw, out, doubts, partial(_repeated, target), partial(_leave_out, target))
    for settled in target.glob("*/settled.parquet"):
        schema = pl.read_parquet_schema(next(settled.parent.glob("[0-9]*.parquet")))
        pl.read_parquet(settled, hive_partitioning=False).cast(dict(schema)).write_parquet(settled)


def _write(path: Path, target: Path) -> set[int]:
    """Write the rows of a file that are beyond doubt, by month; the lines of the others."""
    readings = {column.source: reading_of(column) for column in columns_of(path)}
    quick = pl.scan_csv(path, schema={name: each.read_as for name, each in readings.items()}, empty_string_is_null=False)
    try:
        _sink(_rows(quick, readings), target)
        if not (target / _IN_DOUBT).is_dir():
            return set()
    except pl.exceptions.ComputeError:  # a text outside of its column's set
        pass
    shutil.rmtree(target, ignore_errors=True)
    texts = pl.scan_csv(
        path, schema=dict.fromkeys(readings, pl.String), empty_string_is_null=False, row_index_name="line", row_index_offset=2
    )
    typed = {name: pl.col(name).cast(each.read_as, strict=False) for name, each in readings.items() if each.read_as != pl.String}
    unknown = pl.any_horizontal([as_read.is_null() & (pl.col(name) != "") for name, as_read in typed.items()])
    rows = _rows(texts.with_columns(**typed, unknown=unknown), readings, unknown=pl.col("unknown"))
    _sink(rows.drop("line"), target)
    shutil.rmtree(target / _IN_DOUBT, ignore_errors=True)
    return set(rows.filter(pl.col("snapshot_date").is_null()).select("line").collect(engine="streaming")["line"])


def _rows(lines: pl.LazyFrame, readings: Mapping[str, Reading], unknown: pl.Expr | None = None) -> pl.LazyFrame:
    """Rows of customers; the snapshot date is null where the line is in doubt."""
    values = lines.with_columns(**{each.name: each.value for each in readings.values()})
    doubts = [each.doubt for each in readings.values() if each.doubt is not None]
    doubt = pl.any_horizontal(doubts if unknown is None else [*doubts, unknown])
    flags: list[pl.Expr] = [pl.lit(None, pl.Boolean).alias(name) for name in HOLDS]
    held = pl.lit(None, pl.Int32)
    if len(readings) > len(PROFILE_COLUMNS):
        flags = [pl.col(name) for name in HOLDS]
        held = pl.sum_horizontal([pl.when(flag).then(pl.lit(1 << bit, pl.Int32)).otherwise(0) for bit, flag in enumerate(flags)])
    return values.select(
        pl.when(~doubt).then(pl.col("snapshot_date")).alias("snapshot_date"),
        *(pl.col(column.name) for column in PROFILE_COLUMNS[1:]),
        *flags,
        held.cast(pl.Int32).alias("holdings"),
        *([] if unknown is None else [pl.col("line")]),
    )


def _sink(rows: pl.LazyFrame, target: Path) -> None:
    by_month = pl.PartitionBy(target, key="snapshot_date", include_key=False)
    rows.sink_parquet(by_month, mkdir=True, maintain_order=False, engine="streaming")


def _move(source: Path, target: Path, prefix: str) -> None:
    for file in source.glob("*/*.parquet"):
        folder = target / file.parent.name
        folder.mkdir(exist_ok=True)
        file.rename(folder / f"{prefix}{file.name}")
    shutil.rmtree(source)


def _repeated(target: Path, more: Iterable[Key]) -> list[Key]:
    """Keys that occur more than once; a month at a time, because a key holds its month."""
    others = pl.DataFrame(list(more), schema={"date": pl.String, "customer_id": pl.Int64}, orient="row")
    dates = {folder.name.split("=")[1] for folder in target.iterdir()} | set(others["date"])
    found: list[Key] = []
    for date in sorted(dates):
        parts = [others.lazy().filter(pl.col("date") == date).select("customer_id")]
        if (target / f"snapshot_date={date}").is_dir():
            parts.append(pl.scan_parquet(target / f"snapshot_date={date}" / "*.parquet").select("customer_id"))
        keys = pl.concat(parts)
        if keys.select(pl.len() > pl.col("customer_id").n_unique()).collect(engine="streaming").item():
            repeated = keys.group_by("customer_id").len().filter(pl.col("len") > 1).collect(engine="streaming")
            found += [(date, customer) for customer in repeated["customer_id"]]
    return found


def _leave_out(target: Path, date: str, customers: set[int]) -> None:
    """Write the files of a month anew without some customers."""
    for file in (target / f"snapshot_date={date}").glob("*.parquet"):
        rows = pl.read_parquet(file, hive_partitioning=False)
        rows.filter(~pl.col("customer_id").is_in(list(customers))).write_parquet(file)
