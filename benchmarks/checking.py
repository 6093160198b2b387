"""A peer's tables held against ours: the same rows, sorted by key, or the first difference in words."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import DeltaTable

SCORE_TOLERANCE = 1e-6


def difference(step: str, ours: Path, theirs: Path) -> str | None:
    """The first difference of what a step left; None when there is none. ``ours`` is a data folder, ``theirs`` a peer's."""
    return _CHECKS[step](ours, theirs)


def first_difference(ours: pa.Table, theirs: pa.Table, key: Sequence[str], tolerance: float = 0.0) -> str | None:
    """The first value, type or count that differs when both are sorted by key; columns of ours are looked at."""
    if missing := [name for name in ours.column_names if name not in theirs.column_names]:
        return f"no column {missing[0]}"
    if ours.num_rows != theirs.num_rows:
        return f"{theirs.num_rows:,} rows instead of {ours.num_rows:,}"
    left, right = (_plain(table.select(ours.column_names)) for table in (ours, theirs))
    for name in left.column_names:
        if left.schema.field(name).type != right.schema.field(name).type:
            return f"{name} is {right.schema.field(name).type} instead of {left.schema.field(name).type}"
    by = [(name, "ascending") for name in key]
    left, right = left.sort_by(by), right.sort_by(by)
    for name in left.column_names:
        if left[name].equals(right[name]):
            continue
        differs = _differs(left[name], right[name], tolerance)
        if pc.any(differs).as_py():
            row = pc.index(differs, True).as_py()
            where = ", ".join(f"{part} {left[part][row]}" for part in key)
            return f"{name} is {right[name][row]} instead of {left[name][row]} where {where}"
    return None


def _differs(left: pa.ChunkedArray, right: pa.ChunkedArray, tolerance: float) -> pa.ChunkedArray:
    if tolerance and pa.types.is_floating(left.type):
        unequal = pc.greater(pc.abs(pc.subtract(left, right)), tolerance)
    else:
        unequal = pc.not_equal(left, right)
    return pc.if_else(pc.and_(left.is_valid(), right.is_valid()), unequal, pc.not_equal(left.is_valid(), right.is_valid()))


def _plain(table: pa.Table) -> pa.Table:
    """Texts as plain strings, however they are kept."""
    fields = [pa.field(f.name, pa.string()) if _is_text(f.type) else pa.field(f.name, f.type) for f in table.schema]
    return table.cast(pa.schema(fields))


def _is_text(type_: pa.DataType) -> bool:
    if pa.types.is_dictionary(type_):
        type_ = type_.value_type
    return pa.types.is_string(type_) or pa.types.is_large_string(type_) or pa.types.is_string_view(type_)


def _read(files: Sequence[str]) -> pa.Table:
    """Files of one folder; the types of texts may differ between them."""
    return pa.concat_tables([_plain(pq.ParquetFile(file).read()) for file in files])


def _monthly(name: str, folder: str, only_theirs: bool = False) -> Callable[[Path, Path], str | None]:  # noqa: FBT001, FBT002
    """A check of a monthly table, a month at a time, so that memory does not grow with months."""

    def check(ours: Path, theirs: Path) -> str | None:
        table = DeltaTable(str(ours / "lake" / name))
        dates = sorted({uri.split("snapshot_date=")[1].split("/")[0] for uri in table.file_uris()})
        found = sorted(each.name.split("=")[1] for each in (theirs / folder).iterdir())
        if found != dates and not only_theirs:
            return f"months {', '.join(found)} instead of {', '.join(dates)}"
        for date in found:
            left = _read([uri for uri in table.file_uris() if f"snapshot_date={date}/" in uri])
            right = _read([str(file) for file in (theirs / folder / f"snapshot_date={date}").glob("*.parquet")])
            if told := first_difference(left, right, ["customer_id"]):
                return f"{date[:7]}: {told}"
        return None

    return check


def _ingest(ours: Path, theirs: Path) -> str | None:
    return (
        _named("customers", _monthly("customers", "customers")(ours, theirs))
        or _named("quarantine", _quarantine(ours, theirs))
        or _named("counts", _counts(ours, theirs))
    )


def _named(table: str, told: str | None) -> str | None:
    return f"{table}: {told}" if told else None


def _quarantine(ours: Path, theirs: Path) -> str | None:
    files = DeltaTable(str(ours / "lake" / "quarantine")).file_uris()
    right = pq.read_table(theirs / "quarantine.parquet")
    if not files:
        return f"{right.num_rows} rows instead of none" if right.num_rows else None
    left = _read(files)
    names = pa.array([Path(file).name for file in left["file"].to_pylist()], pa.string())
    left = left.set_column(left.schema.get_field_index("file"), "file", names).select(right.column_names)
    return first_difference(left, right, ["file", "line", "column"])


def _counts(ours: Path, theirs: Path) -> str | None:
    counted = ["read", "kept", "quarantined_rows", "rows_with_quarantined_values"]
    left = _read(DeltaTable(str(ours / "lake" / "ingestions")).file_uris())
    summed = (
        left.group_by("month").aggregate([(name, "sum") for name in counted]).select(["month", *(f"{n}_sum" for n in counted)])
    )
    return first_difference(summed.rename_columns(["month", *counted]), pq.read_table(theirs / "counts.parquet"), ["month"])


def _training_set(ours: Path, theirs: Path) -> str | None:
    return first_difference(
        pq.read_table(ours / "training_set.parquet"),
        pq.read_table(theirs / "training_set.parquet"),
        ["snapshot_date", "customer_id"],
    )


def _recommendations(ours: Path, theirs: Path) -> str | None:
    table = DeltaTable(str(ours / "lake" / "recommendations"))
    left: Any = _read(table.file_uris()).select(["customer_id", "rank", "product", "score"])
    return first_difference(left, pq.read_table(theirs / "recommendations.parquet"), ["customer_id", "rank"], SCORE_TOLERANCE)


_CHECKS: dict[str, Callable[[Path, Path], str | None]] = {
    "ingest": _ingest,
    "features": _monthly("features", "features"),
    "month": _monthly("features", "month", only_theirs=True),
    "training_set": _training_set,
    "scoring": _recommendations,
}
