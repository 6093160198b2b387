"""The few lines that a peer's quick rules doubt, judged one by one by the published rules; every peer calls this.

A peer writes the rows it is sure of by its own means and names the lines it doubts. Here they become rows or entries of
quarantine; then keys that repeat are settled: the first line of a key stays. A clean file costs nothing but the look for them.
Lines that are no record of the right number of fields are not in the files of the bench: no peer has to find them.
"""

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from peers.rules import COLUMNS, HOLDS, PRODUCT_COLUMNS, columns_of, landing_files, value_of

Key = tuple[str, int]
"""Snapshot date as text, and customer."""
Doubts = Mapping[int, set[int]]
"""Line numbers by the position of their file; the header is line 1."""

_ARROW = {
    "bigint": pa.int64(), "int": pa.int32(), "smallint": pa.int16(), "double": pa.float64(),
    "string": pa.string(), "date": pa.date32(), "boolean": pa.bool_(),
}  # fmt: skip
CUSTOMERS = pa.schema([(column.name, _ARROW[column.type]) for column in COLUMNS[1:]] + [("holdings", pa.int32())])
"""A row of a month's file; the snapshot date is in the folder's name."""
QUARANTINE = pa.schema(
    [("file", pa.string()), ("line", pa.int64()), ("month", pa.string()), ("scope", pa.string()), ("reason", pa.string()),
     ("column", pa.string()), ("raw", pa.string()), ("customer_id", pa.int64())]
)  # fmt: skip
_DATED = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])-[0-9]{2}")


def settle(
    raw: Path,
    out: Path,
    doubts: Doubts,
    repeated: Callable[[Iterable[Key]], list[Key]],
    leave_out: Callable[[str, set[int]], None],
) -> None:
    """Judge the doubtful lines and the repeated keys, then write quarantine and counts.

    ``repeated`` gives the keys that occur more than once in what was written or once more in the keys it gets;
    ``leave_out`` writes a month anew without some customers.
    """
    files = landing_files(raw)
    judged = {place: _judge(files[place.file], place, text) for place, text in _lines(files, doubts, set()).items()}
    kept = [(found.date, found.customer) for found in judged.values() if found.row is not None]
    surplus: set[_Place] = set()
    if keys := set(repeated(kept)):
        again = {place: _judge(files[place.file], place, text) for place, text in sorted(_lines(files, {}, keys).items())}
        again = {place: found for place, found in again.items() if found.row is not None}
        seen: set[Key] = set()
        for place, found in again.items():
            key = (found.date, found.customer)
            if key in seen:
                surplus.add(place)
            seen.add(key)
        judged |= again
        for date in {date for date, _ in keys}:
            leave_out(date, {customer for each, customer in keys if each == date})
    _write_rows(out, [found for place, found in judged.items() if found.row is not None and place not in surplus])
    _write_accounts(out, files, judged, surplus)


class _Place(tuple[int, int]):
    """Position of a file and number of a line."""

    __slots__ = ()

    @property
    def file(self) -> int:
        return self[0]


class _Judged:
    """A line: the row it became or why not, and the texts of it that were made null."""

    def __init__(self, text: str, date: str, customer: int | None) -> None:
        self.text, self.date, self.customer = text, date, customer
        self.row: dict[str, Any] | None = None
        self.reason: str | None = None
        self.bad: list[tuple[str, str, str]] = []


def _lines(files: list[Path], doubts: Doubts, keys: set[Key]) -> dict[_Place, str]:
    """The texts of the doubtful lines and of those with one of the keys."""
    found: dict[_Place, str] = {}
    for index, path in enumerate(files):
        wanted = doubts.get(index, set())
        if not wanted and not keys:
            continue
        with path.open(encoding="utf-8", newline="\n") as lines:
            next(lines)
            for number, line in enumerate(lines, 2):
                if number in wanted or (keys and _key(line) in keys):
                    found[_Place((index, number))] = line.rstrip("\n")
    return found


def _key(line: str) -> Key | None:
    date, customer, *_ = [*line.split(",", 2), "", ""]
    return (date.strip(), int(customer)) if customer.strip().isdigit() else None


def doubtful_lines(path: Path) -> set[int]:
    """All lines with a text that the rules refuse, found one by one: for who has no line numbers."""
    columns = columns_of(path)
    with path.open(encoding="utf-8", newline="") as lines:
        records = csv.reader(lines)
        next(records)
        return {n for n, fields in enumerate(records, 2) if any(value_of(c, t)[1] for c, t in zip(columns, fields, strict=True))}


def _judge(path: Path, _place: _Place, text: str) -> _Judged:
    fields = next(csv.reader([text]))
    columns = columns_of(path)
    values = {column.name: value_of(column, field) for column, field in zip(columns, fields, strict=True)}
    judged = _Judged(text, fields[0].strip(), values["customer_id"][0])
    for column, field in zip(columns, fields, strict=True):
        wrong = values[column.name][1]
        if wrong and column.breaks_row:
            judged.reason = judged.reason or ("bad_product_flag" if column in PRODUCT_COLUMNS else f"bad_{column.name}")
        elif wrong:
            judged.bad.append((column.name, wrong, field))
    if judged.reason is None:
        judged.row = {name: value for name, (value, _) in values.items()}
        if len(columns) == len(COLUMNS):
            judged.row["holdings"] = sum(1 << bit for bit, name in enumerate(HOLDS) if judged.row[name])
    return judged


def _write_rows(out: Path, settled: list[_Judged]) -> None:
    by_date: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for found in settled:
        by_date[found.date].append(found.row or {})
    for date, rows in by_date.items():
        folder = out / "customers" / f"snapshot_date={date}"
        folder.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows, schema=CUSTOMERS), folder / "settled.parquet")


def _write_accounts(out: Path, files: list[Path], judged: Mapping[_Place, _Judged], surplus: set[_Place]) -> None:
    kept = {folder.name.split("=")[1][:7]: _rows(folder) for folder in sorted((out / "customers").iterdir())}
    entries: list[dict[str, Any]] = []
    rows, values = Counter[str](), Counter[str]()
    for place, found in judged.items():
        origin = {"file": files[place.file].name, "line": place[1], "customer_id": found.customer}
        month = found.date[:7] if _DATED.fullmatch(found.date) and found.date[:7] in kept else "unknown"
        if found.row is None or place in surplus:
            entries.append(
                {**origin, "month": month, "scope": "row", "reason": found.reason or "duplicate_key", "raw": found.text}
            )
            rows[month] += 1
        elif found.bad:
            values[month] += 1
            entries += [{**origin, "month": month, "scope": "value", "reason": r, "column": c, "raw": t} for c, r, t in found.bad]
    pq.write_table(pa.Table.from_pylist(entries, schema=QUARANTINE), out / "quarantine.parquet")
    counts = [
        {"month": month, "read": kept.get(month, 0) + rows[month], "kept": kept.get(month, 0), "quarantined_rows": rows[month],
         "rows_with_quarantined_values": values[month]}
        for month in sorted({*kept, *rows})
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(counts), out / "counts.parquet")


def _rows(folder: Path) -> int:
    return sum(pq.read_metadata(file).num_rows for file in folder.glob("*.parquet"))
