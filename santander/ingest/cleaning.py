"""Texts to typed values by the rules of ``bank.columns``, in Arrow, so that both engines decide alike.

Every rule is applied to the distinct texts of a chunk, never to its rows one by one.
"""

import csv
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from santander.arrow import arrow_schema, arrow_type
from santander.bank.columns import COLUMNS, PRODUCT_COLUMNS, TRUE_TEXTS, Column
from santander.ingest.parsing import ParsedChunk
from santander.tables import CUSTOMERS

UNKNOWN_MONTH = "unknown"
UNREADABLE = "unreadable"
OUT_OF_RANGE = "out_of_range"

_STATUS = (None, UNREADABLE, OUT_OF_RANGE)
_DATED = r"^[0-9]{4}-(0[1-9]|1[0-2])-[0-9]{2}$"

BAD_VALUE = pa.struct([("column", pa.string()), ("reason", pa.string()), ("raw", pa.string())])
STAGED_SCHEMA = pa.schema(
    [
        *arrow_schema(CUSTOMERS.columns),
        ("file_index", pa.int32()),
        ("line", pa.int64()),
        ("row_reason", pa.string()),
        ("row_month", pa.string()),
        ("row_raw", pa.string()),
        ("row_customer_id", pa.int64()),
        ("bad_values", pa.list_(BAD_VALUE)),
        ("correction_of", pa.string()),
    ]
)
"""One line of a landing file: a record as ``customers`` takes it, or, where ``row_reason`` is set, a line for quarantine
with its text, the month it counts under and its customer where that can be told; ``bad_values`` are texts of a kept record
that were made null, ``correction_of`` is the quarantine id of a record of a file of corrections."""

_KEY = COLUMNS[1]


@dataclass(frozen=True, slots=True)
class CleanColumn:
    """One column of a chunk: typed values, and per row 0 when legal or missing, else a position in ``_STATUS``."""

    values: pa.Array
    status: npt.NDArray[np.int8] | None


def clean(chunk: ParsedChunk, first_line: int, file_index: int, n_leading: int = 0) -> pa.RecordBatch:
    """All lines of a chunk as rows of STAGED_SCHEMA: the records in order, then the malformed lines.

    ``n_leading`` fields stand before the first column in the lines of a file of corrections; ``chunk.texts`` begins after them.
    """
    n_rows = len(chunk.positions)
    columns = {column.name: clean_column(column, text) for column, text in zip(COLUMNS, chunk.texts, strict=False)}
    reasons = _row_reasons(columns, n_rows)
    broken = np.flatnonzero(reasons != None)  # noqa: E711  (elementwise on an object array)

    arrays: dict[str, pa.Array] = {name: column.values for name, column in columns.items()}
    if len(chunk.texts) == len(COLUMNS):
        arrays["holdings"] = _holdings([arrays[column.name] for column in PRODUCT_COLUMNS], n_rows)
    if len(broken):
        whole = pa.array(reasons == None)  # noqa: E711
        keys = arrays["customer_id"]
        arrays = {name: pc.if_else(whole, array, None) for name, array in arrays.items()}
        arrays["row_reason"] = pa.array(reasons, pa.string())
        arrays["row_month"] = _at(broken, n_rows, [_month_of(chunk.texts[0][i].as_py()) for i in broken])
        arrays["row_raw"] = _at(broken, n_rows, [chunk.line(int(chunk.positions[i])) for i in broken])
        arrays["row_customer_id"] = pc.if_else(whole, None, keys)
    arrays["file_index"] = pa.repeat(pa.scalar(file_index, pa.int32()), n_rows)
    arrays["line"] = pa.array(chunk.positions + first_line)
    bad_values = _bad_values(columns, chunk, reasons, n_rows)
    if bad_values is not None:
        arrays["bad_values"] = bad_values
    if chunk.corrections is not None:
        arrays["correction_of"] = chunk.corrections
    records = _batch(arrays, n_rows)
    return _append_malformed(records, chunk, first_line, file_index, n_leading) if chunk.malformed else records


def clean_column(column: Column, texts: pa.DictionaryArray) -> CleanColumn:
    """Apply one column's rule to its distinct texts, then spread the outcome over the rows."""
    trimmed = pc.utf8_trim_whitespace(texts.dictionary)
    silent = pc.is_in(trimmed, pa.array([*column.missing, *([column.null_value] if column.null_value else [])], pa.string()))
    legal = pc.match_substring_regex(trimmed, f"^(?:{column.pattern})$")
    values = _cast(column, pc.if_else(pc.and_not(legal, silent), trimmed, None))
    status = np.where(pc.or_(silent, pc.is_valid(values)).to_numpy(zero_copy_only=False), 0, 1).astype(np.int8)
    if column.low is not None or column.high is not None:
        outside = pc.fill_null(_outside(column, values), False)
        values = pc.if_else(outside, None, values)
        status[outside.to_numpy(zero_copy_only=False)] = 2
    values = values.cast(arrow_type(column.type)).take(texts.indices)
    return CleanColumn(values, status[texts.indices.to_numpy()] if status.any() else None)


def _cast(column: Column, texts: pa.Array) -> pa.Array:
    """Typed values of texts that match the pattern, null elsewhere; integers stay 64 bits wide until the range is checked."""
    match column.type:
        case "string":
            return pc.utf8_slice_codeunits(texts, 0, 1) if column.first_character_only else texts
        case "boolean":
            return pc.if_else(pc.is_valid(texts), pc.is_in(texts, pa.array(TRUE_TEXTS)), None)
        case "date":
            return pa.array([_calendar_day(text) for text in texts.to_pylist()], pa.date32())
        case "double":
            return texts.cast(pa.float64())
        case _:
            return texts.cast(pa.int64())


def _calendar_day(text: str | None) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _outside(column: Column, values: pa.Array) -> pa.BooleanArray:
    """Compared in the column's own type: against a float, Arrow refuses integers that no double can hold."""
    sides = [
        compare(values, pa.scalar(bound, values.type))
        for compare, bound in ((pc.less, column.low), (pc.greater, column.high))
        if bound is not None
    ]
    return reduce(pc.or_, sides)


def _row_reasons(columns: dict[str, CleanColumn], n_rows: int) -> npt.NDArray[np.object_]:
    reasons = np.full(n_rows, None, dtype=object)
    products = {column.name for column in PRODUCT_COLUMNS}
    for column in reversed(COLUMNS):
        clean_one = columns.get(column.name)
        if column.breaks_row and clean_one is not None and clean_one.status is not None:
            reasons[clean_one.status != 0] = "bad_product_flag" if column.name in products else f"bad_{column.name}"
    return reasons


def _holdings(flags: list[pa.Array], n_rows: int) -> pa.Array:
    holdings = np.zeros(n_rows, np.int32)
    for bit, flag in enumerate(flags):
        holdings |= pc.fill_null(flag, False).cast(pa.int8()).to_numpy().astype(np.int32) << bit
    return pa.array(holdings)


def _bad_values(
    columns: dict[str, CleanColumn], chunk: ParsedChunk, reasons: npt.NDArray[np.object_], n_rows: int
) -> pa.Array | None:
    found: dict[int, list[dict[str, str | None]]] = {}
    for position, column in enumerate(COLUMNS[: len(chunk.texts)]):
        status = columns[column.name].status
        if column.breaks_row or status is None:
            continue
        for i in np.flatnonzero(status):
            if reasons[i] is None:
                text = chunk.texts[position][int(i)].as_py()
                found.setdefault(int(i), []).append({"column": column.name, "reason": _STATUS[status[i]], "raw": text})
    if not found:
        return None
    return pa.array([found.get(i) for i in range(n_rows)], pa.list_(BAD_VALUE))


def _append_malformed(
    records: pa.RecordBatch, chunk: ParsedChunk, first_line: int, file_index: int, n_leading: int
) -> pa.RecordBatch:
    positions = sorted(chunk.malformed)
    raws = [chunk.line(position) for position in positions]
    dates, keys = zip(*(_date_and_key(raw, n_leading) for raw in raws), strict=True)
    arrays = {
        "file_index": pa.array([file_index] * len(positions), pa.int32()),
        "line": pa.array([position + first_line for position in positions], pa.int64()),
        "row_reason": pa.array([chunk.malformed[position] for position in positions], pa.string()),
        "row_month": pa.array([_month_of(date) for date in dates], pa.string()),
        "row_raw": pa.array(raws, pa.string()),
        "row_customer_id": customer_ids(keys),
    }
    both = pa.Table.from_batches([records, _batch(arrays, len(positions))]).combine_chunks()
    return both.to_batches()[0]


def _date_and_key(raw: str, n_leading: int) -> tuple[str, str]:
    """The texts of the date and the key of a line that is no record, empty where it is too short; a lone return is no digit."""
    fields = next(csv.reader([raw.replace("\r", "\x00")]), [])[n_leading:]
    date, key = [*fields, "", ""][:2]
    return date, key


def customer_ids(texts: Sequence[str]) -> pa.Array:
    """The keys that the texts are by the rule of their column, null where they are none."""
    return clean_column(_KEY, pa.array(texts, pa.string()).dictionary_encode()).values


def _month_of(date_text: str) -> str:
    text = date_text.strip()
    return text[:7] if pc.match_substring_regex(pa.scalar(text), _DATED).as_py() else UNKNOWN_MONTH


def _at(rows: npt.NDArray[np.int64], n_rows: int, values: list[str]) -> pa.Array:
    spread = np.full(n_rows, None, dtype=object)
    spread[rows] = values
    return pa.array(spread, pa.string())


def _batch(arrays: dict[str, pa.Array], n_rows: int) -> pa.RecordBatch:
    columns = [arrays[f.name].cast(f.type) if f.name in arrays else pa.nulls(n_rows, f.type) for f in STAGED_SCHEMA]
    return pa.RecordBatch.from_arrays(columns, schema=STAGED_SCHEMA)
