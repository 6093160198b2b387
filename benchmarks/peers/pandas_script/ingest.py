"""Landing files to monthly parquet, pandas: chunks read as categories, so that a rule is applied once to each distinct text."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from peers.rules import COLUMNS, HOLDS, Column, columns_of, landing_files, value_of
from peers.settling import CUSTOMERS, Key, settle

_CHUNK = 500_000


def ingest(raw: Path, out: Path) -> None:
    """Write customers by month, quarantine and the counts of each month."""
    target = out / "customers"
    writers: dict[str, pq.ParquetWriter] = {}
    doubts: dict[int, set[int]] = {}
    for index, path in enumerate(landing_files(raw)):
        doubts[index] = set()
        names = [column.source for column in columns_of(path)]
        chunks = pd.read_csv(path, dtype="category", usecols=names, keep_default_na=False, na_filter=False, chunksize=_CHUNK)
        for chunk in chunks:
            rows, in_doubt = _clean(chunk, columns_of(path))
            doubts[index] |= set((np.flatnonzero(in_doubt) + chunk.index[0] + 2).tolist())
            _append(rows[~in_doubt], target, writers)
    for writer in writers.values():
        writer.close()
    settle(raw, out, doubts, partial(_repeated, target), partial(_leave_out, target))


def _clean(chunk: pd.DataFrame, columns: tuple[Column, ...]) -> tuple[pd.DataFrame, np.ndarray]:
    """Typed rows, and which of them have a text that a rule refuses."""
    in_doubt = np.zeros(len(chunk), bool)
    rows: dict[str, pd.Series | pd.api.extensions.ExtensionArray] = {}
    for column in columns:
        texts = chunk[column.source].cat
        judged = [value_of.__wrapped__(column, text) for text in texts.categories]
        codes = texts.codes.to_numpy()
        in_doubt |= np.array([wrong is not None for _, wrong in judged])[codes]
        if column.name == "snapshot_date":
            rows[column.name] = pd.Categorical.from_codes(codes, texts.categories.str.strip())
        else:
            values = pa.array([value for value, _ in judged], CUSTOMERS.field(column.name).type)
            rows[column.name] = pd.arrays.ArrowExtensionArray(values.take(pa.array(codes)))
    if len(columns) == len(COLUMNS):
        held = np.zeros(len(chunk), np.int32)
        for bit, name in enumerate(HOLDS):
            held |= rows[name].fillna(False).to_numpy(bool).astype(np.int32) << bit
        rows["holdings"] = pd.array(held, pd.ArrowDtype(pa.int32()))
    return pd.DataFrame(rows, copy=False), in_doubt


def _append(rows: pd.DataFrame, target: Path, writers: dict[str, pq.ParquetWriter]) -> None:
    for date, of_month in rows.groupby("snapshot_date", observed=True):
        if date not in writers:
            folder = target / f"snapshot_date={date}"
            folder.mkdir(parents=True)
            writers[date] = pq.ParquetWriter(folder / "part.parquet", CUSTOMERS)
        table = pa.Table.from_pandas(of_month.reindex(columns=CUSTOMERS.names), schema=CUSTOMERS, preserve_index=False)
        writers[date].write_table(table)


def _repeated(target: Path, more: Iterable[Key]) -> list[Key]:
    """Keys that occur more than once; a month at a time, because a key holds its month."""
    others = pd.DataFrame(list(more), columns=["date", "customer_id"])
    found: list[Key] = []
    for date in sorted({folder.name.split("=")[1] for folder in target.iterdir()} | set(others["date"])):
        parts = [others.loc[others["date"] == date, "customer_id"].astype("int64")]
        if (target / f"snapshot_date={date}").is_dir():
            parts.append(_month(target, date, ["customer_id"])["customer_id"])
        keys = pd.concat(parts)
        found += [(date, int(customer)) for customer in keys[keys.duplicated()].unique()]
    return found


def _leave_out(target: Path, date: str, customers: set[int]) -> None:
    """Write the files of a month anew without some customers."""
    for file in (target / f"snapshot_date={date}").glob("*.parquet"):
        rows = pq.ParquetFile(file).read()
        kept = ~pd.Series(rows["customer_id"].to_numpy()).isin(customers)
        pq.write_table(rows.filter(pa.array(kept)), file)


def _month(target: Path, date: str, columns: list[str]) -> pd.DataFrame:
    files = sorted((target / f"snapshot_date={date}").glob("*.parquet"))
    return pd.concat([pq.ParquetFile(file).read(columns).to_pandas() for file in files])
